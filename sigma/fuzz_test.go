package sigma_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cerpac/trailkeeper/catalogue"
	"github.com/cerpac/trailkeeper/internal/recordtest"
	"github.com/cerpac/trailkeeper/sigma"
)

// A file of any bytes gives rules or problems, and each rule answers any record.
func FuzzLoad(f *testing.F) {
	f.Add(two + "title: c\ncorrelation: {type: temporal, rules: [one, two], timespan: 1h}")
	f.Add(header + "detection:\n  s: {a|windash|contains|all: [' -x', null, 5, true, \"\\x00\"], b|re|i: '(a'}\n  condition: 1 of them and not (all of s*)")
	f.Add(header + "filter: {rules: any, s: {a: 1}, condition: s}")
	files, _ := filepath.Glob("../../shared/data/sigmahq/cloudtrail/*.yml")
	for _, name := range files[:min(len(files), 10)] {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(string(text))
		}
	}
	r := record(f, events)
	f.Fuzz(func(t *testing.T, text string) {
		folder := fstest.MapFS{"a.yml": &fstest.MapFile{Data: []byte(text)}}
		set, problems, err := sigma.Load(t.Context(), sigma.Options{}, catalogue.Source{Name: "x", FS: folder})
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range set.Rules {
			rule.Matches.Match(r)
			if rule.Title == "" {
				t.Error("a rule without a title")
			}
		}
		for _, c := range set.Correlations {
			if c.Timespan <= 0 || len(c.Of) == 0 {
				t.Errorf("%+v", c)
			}
		}
		for _, problem := range problems {
			_ = problem.Error()
		}
	})
}

// A condition says what an evaluation of its text by hand says.
func TestConditionsAgreeWithTheirTables(t *testing.T) {
	recordtest.Rounds(t, 20, func(t *testing.T, random *rand.Rand) {
		for range 50 {
			text, says := randomCondition(random, 4)
			set, problems := load(t, fmt.Sprintf("%sdetection:\n  a: {a: 1}\n  b: {b: 1}\n  c: {c: 1}\n  condition: %q\n", header, text))
			if len(problems) != 0 {
				t.Fatal(text, problems)
			}
			for row := range 8 {
				values := map[string]bool{"a": row&1 != 0, "b": row&2 != 0, "c": row&4 != 0}
				var members []string
				for name, value := range values {
					members = append(members, fmt.Sprintf("%q:%q", name, map[bool]string{true: "1", false: "0"}[value]))
				}
				r := record(t, "{"+strings.Join(members, ",")+"}")
				if got, want := set.Rules[0].Matches.Match(r), says(values); got != want {
					t.Fatalf("%s with %v is %t", text, values, got)
				}
			}
		}
	})
}

// randomCondition returns a condition that needs no knowledge of precedence, with
// brackets left out where there is one operator, and what it says.
func randomCondition(random *rand.Rand, depth int) (string, func(map[string]bool) bool) {
	if depth == 0 || random.IntN(4) == 0 {
		name := string("abc"[random.IntN(3)])
		return name, func(values map[string]bool) bool { return values[name] }
	}
	switch random.IntN(4) {
	case 0:
		text, of := randomCondition(random, depth-1)
		return "not (" + text + ")", func(values map[string]bool) bool { return !of(values) }
	case 1:
		return "1 of them", func(values map[string]bool) bool { return values["a"] || values["b"] || values["c"] }
	case 2:
		left, l := randomCondition(random, depth-1)
		right, r := randomCondition(random, depth-1)
		return "(" + left + ") and (" + right + ")", func(values map[string]bool) bool { return l(values) && r(values) }
	}
	left, l := randomCondition(random, depth-1)
	middle, m := randomCondition(random, 0)
	right, r := randomCondition(random, 0)
	return fmt.Sprintf("(%s) or %s and not %s", left, middle, right), func(values map[string]bool) bool {
		return l(values) || m(values) && !r(values)
	}
}
