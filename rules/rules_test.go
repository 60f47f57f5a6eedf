package rules_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/detect"
	"github.com/cerpac/trailkeeper/rules"
	"github.com/cerpac/trailkeeper/sigma"
)

// all loads the catalogue, which has no mistakes.
func all(t *testing.T) *sigma.Set {
	t.Helper()
	set, problems, err := sigma.Load(t.Context(), sigma.Options{}, rules.Source())
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
	if len(set.Rules) == 0 {
		t.Fatal("no rules")
	}
	return set
}

// Each rule finds its hits, and nothing in its misses; and each folder has one rule that
// is told.
func TestCases(t *testing.T) {
	set := all(t)
	tested, err := detect.Test(t.Context(), set, rules.Source())
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range tested.Problems {
		t.Error(problem)
	}
	for _, rule := range tested.Untested {
		t.Errorf("rule %s has no cases", rule)
	}
	told := map[string]int{}
	for _, r := range set.Rules {
		if r.Alone {
			told[filepath.Dir(r.File)]++
		}
	}
	for _, c := range set.Correlations {
		if c.Alone {
			told[filepath.Dir(c.File)]++
		}
	}
	folder, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range folder {
		if !entry.IsDir() {
			continue
		}
		if told[entry.Name()] != 1 {
			t.Errorf("%s: %d rules are told, want one", entry.Name(), told[entry.Name()])
		}
		for _, name := range []string{"hits.jsonl", "misses.jsonl"} {
			if _, err := os.Stat(filepath.Join(entry.Name(), name)); err != nil {
				t.Error(err)
			}
		}
	}
}

var (
	uuid      = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	technique = regexp.MustCompile(`^attack\.t\d{4}(\.\d{3})?$`)
)

// Each rule that is told says why it matters, what to do, when it is wrong, and which
// technique it is about.
func TestMeta(t *testing.T) {
	set := all(t)
	titles := map[string]string{}
	check := func(m sigma.Meta, alone bool) {
		problem := func(what string) { t.Errorf("%s: %s", m.File, what) }
		if !uuid.MatchString(m.ID) {
			problem("its id is no random UUID: " + m.ID)
		}
		if other, again := titles[m.Title]; again {
			problem("its title is that of " + other)
		}
		titles[m.Title] = m.File
		if !alone {
			return
		}
		techniques := 0
		for _, tag := range m.Tags {
			if technique.MatchString(tag) {
				techniques++
			}
		}
		switch {
		case techniques == 0:
			problem("no technique of ATT&CK")
		case len(m.Description) < 60:
			problem("it does not say why it matters")
		case len(m.Next) == 0:
			problem("it does not say what to do next")
		case len(m.FalsePositives) == 0:
			problem("it does not say when it is wrong")
		case m.Level < finding.Low:
			problem("its level is lower than low")
		case strings.HasSuffix(m.Title, "."):
			problem("its title is a sentence")
		}
	}
	for _, r := range set.Rules {
		check(r.Meta, r.Alone)
	}
	for _, c := range set.Correlations {
		check(c.Meta, c.Alone)
	}
}
