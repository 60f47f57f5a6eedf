package providertest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Each difference from the wanted answer is noticed, and names stand for one text.
func TestMatch(t *testing.T) {
	const want = `{"Status":200,"Header":{"A":"1"},"JSON":{"Id":"${id}","Arn":"arn:${id}:x","At":"${*}","List":[1,null]},"XML":{"R":[{"Id":"${id}"},{"T":"a"}]}}`
	const got = `{"Status":200,"Header":{"A":"1","B":"2"},"JSON":{"Id":"k-1","Arn":"arn:k-1:x","At":7,"List":[1,null],"RequestId":"r"},"XML":{"R":[{"Id":"k-1"},{"T":"a"},{"RequestId":"r"}]}}`
	for _, c := range []struct {
		name, from, to string
		matches        bool
	}{
		{"as wanted", "", "", true},
		{"another id", `k-1`, `k-2`, true},
		{"another time", `"At":7`, `"At":"now"`, true},
		{"no time", `"At":7`, `"At":null`, false},
		{"no time at all", `"At":7,`, ``, false},
		{"status", `200`, `201`, false},
		{"header", `"A":"1"`, `"A":"2"`, false},
		{"no header", `"A":"1",`, ``, false},
		{"two ids", `arn:k-1`, `arn:k-2`, false},
		{"two ids in two trees", `[{"Id":"k-1"}`, `[{"Id":"k-2"}`, false},
		{"more after an id", `:x"`, `:xy"`, false},
		{"one more member", `"List":`, `"More":1,"List":`, false},
		{"another number", `[1,null]`, `[2,null]`, false},
		{"a shorter list", `[1,null]`, `[1]`, false},
		{"another element", `{"T":"a"}`, `{"T":"b"}`, false},
		{"another order", `{"Id":"k-1"},{"T":"a"}`, `{"T":"a"},{"Id":"k-1"}`, false},
		{"no XML", `,"XML":{"R":[{"Id":"k-1"},{"T":"a"},{"RequestId":"r"}]}`, ``, false},
	} {
		v := values{}
		changed := strings.ReplaceAll(got, c.from, c.to)
		if c.from == "" {
			changed = got
		} else if changed == got {
			t.Fatalf("%s changes nothing", c.name)
		}
		err := v.match(parsed(t, want), parsed(t, changed))
		if (err == nil) != c.matches {
			t.Errorf("%s: %v", c.name, err)
		}
		if learned := v["id"] != ""; learned != c.matches {
			t.Errorf("%s: the id is %q", c.name, v["id"])
		}
		if err == nil && v.match(parsed(t, want), parsed(t, strings.ReplaceAll(changed, v["id"], "k-3"))) == nil {
			t.Errorf("%s: the id changes", c.name)
		}
	}
}

func parsed(t *testing.T, text string) (a answer) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return a
}

// An error ends a step unless it is one that the provider waits out.
func TestPlay(t *testing.T) {
	for name, c := range map[string]struct {
		step    string
		answers []string // with their status
		calls   int
		fails   bool
	}{
		"at once":          {`{"Want":{"Status":200,"JSON":{"a":1}}}`, []string{`200{"a":1}`}, 1, false},
		"wrong":            {`{"Want":{"Status":200,"JSON":{"a":1}}}`, []string{`200{"a":2}`, `200{"a":1}`}, 1, true},
		"later":            {`{"Want":{"Status":200,"JSON":{"a":1}},"Wait":true}`, []string{`200{"a":2}`, `200{"a":1}`}, 2, false},
		"an error":         {`{"Want":{"Status":200,"JSON":{"a":1}},"Wait":true}`, []string{`400{"__type":"x.y#No"}`, `200{"a":1}`}, 1, true},
		"a passing error":  {`{"Want":{"Status":200,"JSON":{"a":1}},"Wait":true,"Again":["No"]}`, []string{`400{"__type":"x.y#No"}`, `200{"a":1}`}, 2, false},
		"a passing status": {`{"Want":{"Status":200,"JSON":{"a":1}},"Wait":true,"Again":["404"]}`, []string{`404`, `200{"a":1}`}, 2, false},
		"gone at last":     {`{"Want":{"Status":404,"XML":{"Error":[{"Code":"None"}]}},"Wait":true}`, []string{`200{}`, `404<Error><Code>None</Code><RequestId>1</RequestId></Error>`}, 2, false},
	} {
		calls := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			next := c.answers[min(calls, len(c.answers)-1)]
			calls++
			w.WriteHeader(map[string]int{"200": 200, "400": 400, "404": 404}[next[:3]])
			_, _ = io.WriteString(w, next[3:])
		}))
		var s step
		if err := json.Unmarshal([]byte(c.step), &s); err != nil {
			t.Fatal(err)
		}
		s.Request = request{Method: http.MethodGet, Path: "/", Region: "us-east-1", Service: "iam"}
		err := newReplay(t, server.URL).play(t.Context(), s)
		server.Close()
		if (err != nil) != c.fails || calls != c.calls {
			t.Errorf("%s: %d calls, %v", name, calls, err)
		}
	}
}

// Each name that a call uses is one that an earlier answer has, and the transcripts are
// of every phase.
func TestTranscripts(t *testing.T) {
	known := map[string]bool{}
	resources := map[string]bool{}
	for _, phase := range []string{"1-apply", "2-plan", "3-change", "4-plan", "5-destroy"} {
		blocks, err := read("testdata/provider/" + phase + ".json")
		if err != nil || len(blocks) == 0 {
			t.Fatalf("%s: %d blocks, %v", phase, len(blocks), err)
		}
		for _, b := range blocks {
			resources[b.Resource] = true
			if b.Times < 1 || len(b.Steps) == 0 {
				t.Errorf("%s: a block of %s has %d steps, %d times", phase, b.Resource, len(b.Steps), b.Times)
			}
			for _, s := range b.Steps {
				for _, name := range names(t, s.Request) {
					if !known[name] {
						t.Errorf("%s: %s: %s uses the unknown name %q", phase, b.Resource, s.Request, name)
					}
				}
				for _, name := range names(t, s.Want) {
					known[name] = true
				}
				if s.Want.Status == 0 || s.Request.Service == "" {
					t.Errorf("%s: %s: %s is incomplete", phase, b.Resource, s.Request)
				}
			}
		}
	}
	if len(resources) < 30 {
		t.Errorf("there are calls for %d resources", len(resources))
	}
}

func names(t *testing.T, v any) (list []string) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range placeholder().FindAllStringSubmatch(string(text), -1) {
		list = append(list, found[1])
	}
	return list
}
