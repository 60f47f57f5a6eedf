package finding_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/finding"
)

// recorder keeps messages.
type recorder struct {
	got    []finding.Message
	closed int
	fail   error
}

func (r *recorder) Handle(m finding.Message) error {
	r.got = append(r.got, m)
	return r.fail
}

func (r *recorder) Close() error {
	r.closed++
	return nil
}

// random fills a value as wildly as its rules allow.
type random struct{ *rand.Rand }

func (r random) fill(v reflect.Value) {
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		*at = time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC()
		return
	case *json.RawMessage:
		*at = json.RawMessage([]string{`null`, `{"a":1.50,"b":[true,"é\u0000<>&"]}`, `"x"`, `18446744073709551616`}[r.IntN(4)])
		return
	case *finding.Severity:
		*at = finding.Severity(1 + r.IntN(5))
		return
	case *finding.Verdict:
		*at = []finding.Verdict{finding.Bad, finding.Partly, finding.Good, finding.Unknown, finding.NotApplicable}[r.IntN(5)]
		return
	case *finding.Evidence:
		switch r.IntN(3) {
		case 0:
			at.Event = &finding.Event{}
			r.fill(reflect.ValueOf(at.Event).Elem())
		case 1:
			at.Object = &finding.Object{}
			r.fill(reflect.ValueOf(at.Object).Elem())
		default:
			at.Call = &finding.Call{}
			r.fill(reflect.ValueOf(at.Call).Elem())
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(r.text())
	case reflect.Int64:
		v.SetInt(r.Int64())
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Slice:
		if n := r.IntN(4); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				r.fill(v.Index(i))
			}
		}
	case reflect.Map:
		if n := r.IntN(4); n > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range n {
				v.SetMapIndex(reflect.ValueOf(r.text()), reflect.ValueOf(r.Int64N(100)))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			r.fill(v.Field(i))
		}
	default:
		panic(v.Type().String())
	}
}

func (r random) text() string {
	return []string{"a", "<b>&", "\x1b[2J\u202e", "é\u0000", "line\nline", "\u2028", strings.Repeat("x", 3000), "\"\\"}[r.IntN(8)] + fmt.Sprint(r.IntN(9))
}

func of[T any](r random) *T {
	v := new(T)
	r.fill(reflect.ValueOf(v).Elem())
	return v
}

// stream makes a stream that keeps the rules.
func (r random) stream() []finding.Message {
	config := of[finding.Config](r)
	config.Protocol = "1.0"
	list := []finding.Message{{Config: config}}
	var checks []string
	summary := of[finding.Summary](r)
	summary.Findings, summary.Verdicts = map[string]int64{}, map[string]int64{}
	for range r.IntN(20) {
		m := finding.Message{}
		switch kind := r.IntN(6); {
		case kind == 0 || len(checks) == 0:
			m.Check = of[finding.Check](r)
			checks = append(checks, m.Check.ID)
		case kind == 1:
			m.Progress = of[finding.Progress](r)
		case kind == 2:
			m.Problem = of[finding.Problem](r)
		case kind == 3:
			m.Incident = of[finding.Incident](r)
			m.Incident.Findings = append(m.Incident.Findings, "f")
		case kind == 4:
			m.Change = of[finding.Change](r)
		default:
			m.Finding = of[finding.Finding](r)
			m.Finding.Check = checks[r.IntN(len(checks))]
			summary.Verdicts[string(m.Finding.Verdict)]++
			if m.Finding.Verdict.Found() {
				summary.Findings[m.Finding.Severity.String()]++
			}
		}
		list = append(list, m)
	}
	return append(list, finding.Message{Summary: summary})
}

func write(t *testing.T, list []finding.Message) string {
	t.Helper()
	var out bytes.Buffer
	w := finding.NewWriter(&out)
	for _, m := range list {
		if err := w.Handle(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRandomRoundTrip(t *testing.T) {
	for seed := range uint64(300) {
		want := random{rand.New(rand.NewPCG(seed, 1))}.stream()
		text := write(t, want)
		var got recorder
		passed, err := finding.Read(strings.NewReader(text), &got)
		if err != nil || passed.Any() || got.closed != 1 {
			t.Fatalf("seed %d: %v, passed over %s, closed %d times", seed, err, passed, got.closed)
		}
		if diff := cmp.Diff(want, got.got); diff != "" {
			t.Fatalf("seed %d (-want +got)\n%s", seed, diff)
		}
		if again := write(t, got.got); again != text {
			t.Fatalf("seed %d: written again it differs", seed)
		}
	}
}

const (
	config  = `{"config":{"protocol":"1.0","tool":"t"}}` + "\n"
	check   = `{"check":{"id":"c","title":"C"}}` + "\n"
	found   = `{"finding":{"id":"f","check":"c","verdict":"bad","severity":"high","title":"F","time":"2026-01-02T03:04:05Z"}}` + "\n"
	summary = `{"summary":{"complete":true,"findings":{"high":1},"verdicts":{"bad":1}}}` + "\n"
	empty   = `{"summary":{"complete":true,"findings":{},"verdicts":{}}}` + "\n"
)

func TestReadRefuses(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"nothing":         {"", "after line 0: the stream ends without a summary"},
		"cut":             {config + check + found, "after line 3: the stream ends without a summary"},
		"cut in a line":   {config + check + found[:40], "line 3: unexpected end of JSON input"},
		"no config":       {check, "line 1: the first message of a stream, and no other, is config"},
		"two configs":     {config + config, "line 2: the first message of a stream, and no other, is config"},
		"after the end":   {config + empty + check, "line 3: a message after the summary"},
		"finding lost":    {config + check + summary, "line 3: the summary counts findings map[high:1] and verdicts map[bad:1], and the stream has map[] and map[]"},
		"finding added":   {config + check + found + empty, "line 4: the summary counts findings map[]"},
		"unknown kind":    {config + `{"news":{}}` + "\n", `line 2: json: unknown field "news"`},
		"unknown member":  {config + `{"check":{"id":"c","title":"C","news":1}}` + "\n", `line 2: json: unknown field "news"`},
		"two at once":     {config + `{"check":{"id":"c","title":"C"},"progress":{}}` + "\n", "line 2: message has 2 members, want one"},
		"none":            {config + `{}` + "\n", "line 2: message has 0 members, want one"},
		"unknown check":   {config + found, `line 2: finding "f" names the check "c", which was not told`},
		"other major":     {`{"config":{"protocol":"2.0","tool":"t"}}`, "line 1: the protocol version is 2.0, and this program reads 1.x"},
		"no version":      {`{"config":{"protocol":"1","tool":"t"}}`, `line 1: the protocol version "1" is not MAJOR.MINOR`},
		"severity":        {config + check + strings.Replace(found, "high", "urgent", 1), `line 3: severity "urgent" is not one of`},
		"verdict":         {config + check + strings.Replace(found, `"bad"`, `"good?"`, 1), `line 3: finding "f" has the verdict "good?"`},
		"no evidence":     {config + check + strings.Replace(found, `"time"`, `"evidence":[{}],"time"`, 1), `line 3: evidence 0 of finding "f" is not one of event, object and call`},
		"long":            {config + `{"check":{"id":"` + strings.Repeat("x", finding.MaxMessage), "line 2 is longer than"},
		"new, but broken": {strings.Replace(config, "1.0", "1.9", 1) + `{"check":{"id":7,"title":"C","news":1}}` + "\n", "line 2: json: cannot unmarshal number"},
	} {
		var got recorder
		_, err := finding.Read(strings.NewReader(test.text), &got)
		if err == nil || !strings.Contains(err.Error(), "read finding stream: "+test.want) || got.closed != 1 {
			t.Errorf("%s: %v, closed %d times\nwant %s", name, err, got.closed, test.want)
		}
		if cut := strings.Contains(test.want, "without a summary"); errors.Is(err, finding.ErrCut) != cut {
			t.Errorf("%s: ErrCut is %t", name, !cut)
		}
	}
}

func TestReadOfANewerMinorVersion(t *testing.T) {
	text := strings.Replace(config, `"1.0"`, `"1.7"`, 1) + `{"news":{"a":1}}` + "\n" + check +
		strings.Replace(found, `"title"`, `"news":7,"title"`, 1) + `{"news":{}}` + "\n" + `{"weather":1}` + "\n" + summary
	var got recorder
	passed, err := finding.Read(strings.NewReader(text), &got)
	if err != nil || len(got.got) != 4 || got.got[2].Finding.ID != "f" {
		t.Fatalf("%v: %+v", err, got.got)
	}
	if want := `1 of kind "weather", 2 of kind "news", members of 1 messages`; passed.String() != want || !passed.Any() {
		t.Errorf("passed over %s, want %s", passed, want)
	}
}

func TestWriterRefuses(t *testing.T) {
	good := finding.Finding{ID: "f", Check: "c", Verdict: finding.Bad, Severity: finding.Low, Title: "F", Time: time.Unix(0, 0)}
	for name, change := range map[string]func(f *finding.Finding){
		"lacks an id":               func(f *finding.Finding) { f.ID = "" },
		"lacks a title or a check":  func(f *finding.Finding) { f.Title = "" },
		`has the verdict ""`:        func(f *finding.Finding) { f.Verdict = "" },
		"lacks a severity":          func(f *finding.Finding) { f.Severity = 0 },
		"lacks a time":              func(f *finding.Finding) { f.Time = time.Time{} },
		`names the check "another"`: func(f *finding.Finding) { f.Check = "another" },
		"is not one of event, object and call": func(f *finding.Finding) {
			f.Evidence = []finding.Evidence{{Event: &finding.Event{}, Call: &finding.Call{}}}
		},
	} {
		w := finding.NewWriter(&bytes.Buffer{})
		f := good
		change(&f)
		err := errors.Join(w.Handle(finding.Message{Config: &finding.Config{Tool: "t"}}), w.Handle(finding.Message{Check: &finding.Check{ID: "c", Title: "C"}}))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Handle(finding.Message{Finding: &f}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
		if err := w.Close(); !errors.Is(err, finding.ErrCut) {
			t.Errorf("close: %v", err)
		}
	}
	fails := &recorder{fail: errors.New("disk full")}
	if err := finding.Strict(fails).Handle(finding.Message{Config: &finding.Config{}}); !errors.Is(err, fails.fail) {
		t.Error(err)
	}
}

// Values that JSON or UTF-8 cannot hold are spelled, and different ones stay so.
func TestHostileValues(t *testing.T) {
	list := []finding.Message{
		{Config: &finding.Config{Tool: "t", Protocol: "1.0"}},
		{Problem: &finding.Problem{Location: "a\xff\xfe", Cause: "\x00"}},
		{Change: &finding.Change{Fields: []finding.FieldChange{{Old: json.RawMessage("{\"p\\\\xq\":\"\xc0\"}"), New: json.RawMessage("not \xff json")}}}},
		{Summary: &finding.Summary{Counts: map[string]int64{"\xff": 1, "\xfe": 2}}},
	}
	text := write(t, list)
	if !utf8.ValidString(text) {
		t.Errorf("%q", text)
	}
	var got recorder
	if _, err := finding.Read(strings.NewReader(text), &got); err != nil {
		t.Fatal(err)
	}
	if p := got.got[1].Problem; p.Location != `a\xff\xfe` || p.Cause != "\x00" {
		t.Errorf("%+v", p)
	}
	if f := got.got[2].Change.Fields[0]; string(f.Old) != `{"p\\xq":"\\xc0"}` || string(f.New) != `"not \\xff json"` {
		t.Errorf("%s %s", f.Old, f.New)
	}
	if diff := cmp.Diff(map[string]int64{`\xff`: 1, `\xfe`: 2}, got.got[3].Summary.Counts); diff != "" {
		t.Error(diff)
	}
	if list[1].Problem.Location != "a\xff\xfe" {
		t.Error("the message of the caller was changed")
	}
}

func TestIdentity(t *testing.T) {
	f := finding.Finding{
		Check: "c", Account: "111122223333", Title: "T", Time: time.Unix(1, 0), Resources: []finding.Resource{{ID: "r"}},
		Evidence: []finding.Evidence{{Event: &finding.Event{ID: "e"}}, {Object: &finding.Object{Location: "l"}}, {Call: &finding.Call{Service: "s", Operation: "o"}}, {Event: &finding.Event{LogFile: "x", Offset: 7}}},
	}
	same := f
	same.Title, same.Time, same.Verdict = "other words", time.Unix(2, 0), finding.Good
	if f.Identity() != same.Identity() || len(f.Identity()) != 32 {
		t.Errorf("%s, %s", f.Identity(), same.Identity())
	}
	other := f
	other.Evidence = f.Evidence[:3]
	if f.Identity() == other.Identity() || finding.NewID("a", "bc") == finding.NewID("ab", "c") {
		t.Error("different findings have one id")
	}
	if got, want := finding.NewID("a", "b"), "3c9d591045bc8876f9d0399bbfb05c6a"; got != want {
		t.Errorf("an id is %s, was %s: ids are kept by others", got, want)
	}
}

func TestSeverity(t *testing.T) {
	for s := finding.Informational; s <= finding.Critical; s++ {
		text, err := json.Marshal(s)
		var back finding.Severity
		if err != nil || json.Unmarshal(text, &back) != nil || back != s || !s.Valid() {
			t.Errorf("%s is %s and back %s: %v", s, text, back, err)
		}
	}
	for _, s := range []finding.Severity{0, 6, -1} {
		if _, err := json.Marshal(s); err == nil || s.Valid() {
			t.Errorf("%s is written", s)
		}
	}
	if finding.Low >= finding.Medium || finding.High >= finding.Critical {
		t.Error("a greater severity is not worse")
	}
}

// What is read can be written, and reads the same.
func FuzzRead(f *testing.F) {
	f.Add(config + check + found + summary)
	f.Add(strings.Replace(config, "1.0", "1.2", 1) + `{"x":1}` + "\n" + empty)
	f.Fuzz(func(t *testing.T, text string) {
		var first, second recorder
		if _, err := finding.Read(strings.NewReader(text), &first); err != nil {
			return
		}
		var out bytes.Buffer
		w := finding.NewWriter(&out)
		for _, m := range first.got {
			if err := w.Handle(m); err != nil {
				t.Fatalf("what was read is refused: %v", err)
			}
		}
		if m := first.got[0].Config; !strings.HasPrefix(m.Protocol, "1.") {
			t.Fatalf("protocol %q", m.Protocol)
		}
		if _, err := finding.Read(&out, &second); err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
	})
}
