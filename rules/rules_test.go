package rules_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/event"
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

// Each rule finds its hits, and nothing in its misses.
func TestCases(t *testing.T) {
	set := all(t)
	folders := map[string][]sigma.Meta{}
	for _, r := range set.Rules {
		if r.Alone {
			folders[filepath.Dir(r.File)] = append(folders[filepath.Dir(r.File)], r.Meta)
		}
	}
	for _, c := range set.Correlations {
		if c.Alone {
			folders[filepath.Dir(c.File)] = append(folders[filepath.Dir(c.File)], c.Meta)
		}
	}
	rs := detect.New(set)
	for folder, told := range folders {
		if len(told) != 1 {
			t.Errorf("%s: %d rules are told, want one", folder, len(told))
			continue
		}
		for name, want := range map[string]bool{"hits.jsonl": true, "misses.jsonl": false} {
			for i, events := range cases(t, filepath.Join(folder, name)) {
				if got := finds(t, rs, told[0].ID, events); got != want {
					t.Errorf("%s/%s:%d: found %t", folder, name, i+1, got)
				}
			}
		}
	}
	folder, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range folder {
		if entry.IsDir() && folders[entry.Name()] == nil {
			t.Errorf("%s has no rule", entry.Name())
		}
	}
}

// cases reads the cases of a file: an event or an array of events on each line.
func cases(t *testing.T, path string) (all [][]json.RawMessage) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return nil
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := bytes.Clone(lines.Bytes())
		events := []json.RawMessage{line}
		if line[0] == '[' {
			if err := json.Unmarshal(line, &events); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
		all = append(all, events)
	}
	if len(all) == 0 {
		t.Errorf("%s has no cases", path)
	}
	return all
}

func finds(t *testing.T, rs *detect.Rules, rule string, events []json.RawMessage) bool {
	t.Helper()
	d := rs.NewDetector(time.Time{}, time.Time{})
	for _, text := range events {
		var r event.Record
		if _, err := r.Decode(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if _, ok := r.Time(); !ok || len(r.ID()) == 0 || len(r.Text(event.EventSource)) == 0 {
			t.Fatalf("no event of CloudTrail: %s", text)
		}
		d.Event(&r)
	}
	for _, f := range rs.Findings(d).Findings {
		if f.Rule == rule {
			return true
		}
	}
	return false
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
