package simulate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// newTestWorld is a world of one account and one Region more than one.
func newTestWorld(t *testing.T) *world {
	t.Helper()
	o := DefaultOptions()
	o.Out, o.Attacks = "unused", []string{"all"}
	w, err := newWorld(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) testScope() *scope {
	a := w.org.accounts[0]
	who := a.actors[0]
	sc := &scope{org: w.org, account: a, peer: w.org.peer(a), region: w.org.home, who: who, via: &access{ip: "192.0.2.1"}}
	sc.begin(7, w.opts.midnight(0)+3661)
	return sc
}

func TestTemplates(t *testing.T) {
	w := newTestWorld(t)
	words := builtinWords()
	for _, test := range []struct{ text, want string }{
		{`{"a":1}`, `{"a":1}`},
		{`{ "a" : [ 1, null ] }`, `{"a":[1,null]}`},
		{`{"at":"${now}","before":"${now -1d}","ms":"#{ms}"}`, `{"at":"2026-01-05T01:01:01Z","before":"2026-01-04T01:01:01Z","ms":1767574861000}`},
		{`{"text":"${text}"}`, `{"text":"Jan 5, 2026 1:01:01 AM"}`},
		{`{"one":"#{int 4 4}","text":"${int 4 4}"}`, `{"one":4,"text":"4"}`},
		{`{"ip":"${myIP}","region":"${region}"}`, `{"ip":"192.0.2.1","region":"eu-west-2"}`},
		{`{"policy":"{\"Resource\":\"${region}\"}"}`, `{"policy":"{\"Resource\":\"eu-west-2\"}"}`},
		{`{"$LATEST":"a$b{c}"}`, `{"$LATEST":"a$b{c}"}`},
	} {
		tmpl, err := newCompiler(words).compile(json.RawMessage(test.text))
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		if got := string(tmpl.appendTo(nil, w.testScope())); got != test.want {
			t.Errorf("%s becomes %s, want %s", test.text, got, test.want)
		}
	}
}

// A placeholder has one value in an event, whichever body it stands in, and
// another in the next event.
func TestPlaceholdersAgreeWithinAnEvent(t *testing.T) {
	w := newTestWorld(t)
	c := newCompiler(builtinWords())
	request, err1 := c.compile(json.RawMessage(`"${hex 16} ${hex 16 other}"`))
	response, err2 := c.compile(json.RawMessage(`"${hex 16} ${hex 16 other}"`))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	sc := w.testScope()
	first := string(request.appendTo(nil, sc))
	if second := string(response.appendTo(nil, sc)); second != first {
		t.Errorf("the request has %s, the response %s", first, second)
	}
	if a, b, _ := strings.Cut(strings.Trim(first, `"`), " "); a == b {
		t.Errorf("a labelled placeholder has the value of the other: %s", first)
	}
	sc.begin(8, sc.at)
	if next := string(request.appendTo(nil, sc)); next == first {
		t.Errorf("the next event has %s too", next)
	}
	sc.begin(7, sc.at)
	if again := string(request.appendTo(nil, sc)); again != first {
		t.Errorf("the first event, written again, has %s instead of %s", again, first)
	}
}

func TestBadTemplates(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":"${nonsense}"}`:          `no such word`,
		`{"a":"${int 9}"}`:             `want two numbers`,
		`{"a":"#{int 9 1}"}`:           `the smaller first`,
		`{"a":"${hex}"}`:               `want a length`,
		`{"a":"${hex 100000}"}`:        `want a length`,
		`{"a":"${pick one}"}`:          `separated by |`,
		`{"a":"${now tomorrow}"}`:      `invalid duration`,
		`{"a":"${$user}"}`:             `no such word`,
		`{"a":`:                        `unexpected end`,
		manyPlaceholders(1 + maxSlots): `more than`,
	} {
		_, err := newCompiler(builtinWords()).compile(json.RawMessage(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: error is %v, want %q", text, err, want)
		}
	}
}

func manyPlaceholders(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "${hex 4 %d}", i)
	}
	return `"` + b.String() + `"`
}

// Every call of the catalogue writes JSON, whether it succeeds, fails in one
// of its ways or is denied; and somebody makes it, or it would be dead data.
func TestEveryCallWritesJSON(t *testing.T) {
	w := newTestWorld(t)
	used := map[*call]bool{}
	for _, a := range w.org.accounts {
		for _, act := range a.actors {
			for _, doing := range act.persona.activity {
				for _, c := range doing.calls {
					used[c] = true
				}
			}
		}
	}
	for _, st := range append(slices.Clone(w.routines), w.attacks...) {
		for _, s := range st.steps {
			used[s.call] = true
		}
	}
	writer := newWriter(w.org, w.org.accounts[0], w.org.regions[0])
	act := w.org.accounts[0].actors[0]
	via := slices.Collect(maps.Values(act.access))[0]
	for name, c := range w.calls {
		if !used[c] {
			t.Errorf("%s: nobody calls it", name)
		}
		for key := range uint64(60) {
			e := occurrence{key: key, at: w.opts.midnight(0), via: via, call: c, denied: key == 0, altered: key == 1, late: key == 2}
			if raw := writer.append(nil, &e); !json.Valid(raw) {
				t.Fatalf("%s: %s is not JSON", name, raw)
			}
		}
	}
}

// Real access keys carry the account they belong to; so do these.
func TestAccessKeysTellTheAccount(t *testing.T) {
	w := newTestWorld(t)
	s := newStream(1)
	for _, a := range w.org.accounts {
		for _, n := range []int{20, 21} {
			key := string(a.uniqueID(nil, "AKIA", &s, n))
			if len(key) != n || accountOf(t, key) != a.number {
				t.Errorf("%s has %d characters and tells account %d, want %d", key, len(key), accountOf(t, key), a.number)
			}
		}
	}
}

// accountOf reads the account number out of an access key, as published by
// those who found out how.
func accountOf(t *testing.T, key string) uint64 {
	t.Helper()
	var bits uint64
	for _, c := range key[4:14] {
		i := strings.IndexRune(base32Set, c)
		if i < 0 {
			t.Fatalf("%q in %s is not of base 32", c, key)
		}
		bits = bits<<5 | uint64(i)
	}
	return bits >> 2 & 0x7fffffffff80 >> 7
}

func TestChooserFollowsWeights(t *testing.T) {
	s := newStream(3)
	c := newChooser([]float64{0, 1, 0, 3, 0})
	var drawn [5]int
	for range 4000 {
		drawn[c.draw(&s)]++
	}
	if drawn[0]+drawn[2]+drawn[4] > 0 || drawn[1] < 800 || drawn[1] > 1200 {
		t.Errorf("drew %v", drawn)
	}
}
