package controls_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/cerpac/trailkeeper/controls"
	"github.com/cerpac/trailkeeper/filterpattern"
)

func all(t *testing.T) []controls.Control {
	t.Helper()
	list, err := controls.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 16 {
		t.Fatalf("found %d controls", len(list))
	}
	return list
}

func TestCatalogue(t *testing.T) {
	filters, numbers := map[string]bool{}, map[string]bool{}
	for _, c := range all(t) {
		if c.Title == "" || c.Description == "" || !c.Severity.Valid() || c.Metric != c.Filter+"Count" || filters[c.Filter] {
			t.Errorf("%s: %+v", c.ID, c)
		}
		filters[c.Filter] = true
		if len(c.Pattern) > filterpattern.MaxLength {
			t.Errorf("%s: a pattern of %d characters", c.ID, len(c.Pattern))
		}
		if (c.Set == controls.CIS) != (len(c.CIS) > 0) || c.Set != controls.CIS && c.Set != controls.Tamper {
			t.Errorf("%s: set %q with the numbers %v", c.ID, c.Set, c.CIS)
		}
		if c.SecurityHub != "" && !regexp.MustCompile(`^CloudWatch\.\d+$`).MatchString(c.SecurityHub) {
			t.Errorf("%s: Security Hub control %q", c.ID, c.SecurityHub)
		}
		for version, number := range c.CIS {
			if numbers[version+" "+number] {
				t.Errorf("%s: number %s of version %s is another control's", c.ID, number, version)
			}
			numbers[version+" "+number] = true
		}
	}
	// Monitoring is 3.1 to 3.14 of version 1.2, 4.1 to 4.15 of 1.4 to 5.0, and 5.1 to
	// 5.15 after.
	want := 0
	for version, section := range map[string]struct {
		number string
		length int
	}{
		"1.2.0": {"3", 14}, "1.4.0": {"4", 15}, "1.5.0": {"4", 15}, "2.0.0": {"4", 15}, "3.0.0": {"4", 15},
		"4.0.0": {"4", 15}, "5.0.0": {"4", 15}, "6.0.0": {"5", 15}, "7.0.0": {"5", 15},
	} {
		want += section.length
		for i := range section.length {
			if number := section.number + "." + strconv.Itoa(i+1); !numbers[version+" "+number] {
				t.Errorf("no control is %s of version %s", number, version)
			}
		}
	}
	if len(numbers) != want {
		t.Errorf("%d numbers, want %d", len(numbers), want)
	}
}

func TestSamples(t *testing.T) {
	for _, c := range all(t) {
		pattern, err := filterpattern.Parse(c.Pattern)
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		for file, want := range map[string]bool{"hits.jsonl": true, "misses.jsonl": false} {
			for _, event := range samples(t, filepath.Join(c.ID, file)) {
				if pattern.Match(event) != want {
					t.Errorf("%s: match of %s is %v, want %v", c.ID, event, !want, want)
				}
			}
		}
	}
}

// Every event that a pattern names is one of its hits.
func TestHitsAreComplete(t *testing.T) {
	for _, c := range all(t) {
		var named []string
		for _, event := range samples(t, filepath.Join(c.ID, "hits.jsonl")) {
			var e struct{ EventName string }
			if err := json.Unmarshal(event, &e); err != nil {
				t.Fatal(err)
			}
			named = append(named, e.EventName)
		}
		for _, m := range regexp.MustCompile(`\$\.eventName ?= ?"?(\w+)`).FindAllStringSubmatch(c.Pattern, -1) {
			if !slices.Contains(named, m[1]) {
				t.Errorf("%s: no hit is %s", c.ID, m[1])
			}
		}
	}
}

func samples(t *testing.T, file string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	for _, line := range lines {
		if !json.Valid(line) {
			t.Fatalf("%s: %q is no event", file, line)
		}
	}
	return lines
}
