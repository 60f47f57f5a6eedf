// Package controls is a catalogue of what to watch for in a trail's log group: metric filters that benchmarks ask for, and our own.
//
// A control is a folder, ID/, with pattern.txt, the filter pattern, control.json,
// which describes it, and hits.jsonl and misses.jsonl, events that the pattern must
// match and must not, one a line. Adding a control is adding a folder.
package controls

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/catalogue"
	"github.com/cerpac/trailkeeper/filterpattern"
	"github.com/cerpac/trailkeeper/finding"
)

//go:generate go run ./generate ../terraform/modules/security/cis_alarms

//go:embed */control.json */pattern.txt
var files embed.FS

// Control is one entry of the catalogue.
type Control struct {
	ID     string `json:"-"` // the name of its folder, which no benchmark renumbers
	Source string `json:"-"` // "" where it is part of the program, else the path of the user's folder
	// Pattern is byte for byte what auditors look for that compare strings.
	Pattern string `json:"-"`

	Title       string `json:"title"`       // one line, for lists
	Description string `json:"description"` // what an event that matches means
	// Severity is that of an event that matches, if nothing else is known of it. The
	// judgement is ours; benchmarks rate the lack of an alarm, not what it tells.
	Severity finding.Severity `json:"severity"`
	Set      Set              `json:"set"`
	Filter   string           `json:"filter"` // the name of the metric filter
	Metric   string           `json:"metric"`
	// SecurityHub is the control of AWS Security Hub that looks for the pattern; ""
	// where there is none.
	SecurityHub string `json:"security_hub,omitempty"`
	// CIS is the control's number by the version of the CIS AWS Foundations
	// Benchmark, for the versions that have it.
	CIS map[string]string `json:"cis,omitempty"`
}

// Set is where a control comes from. A user's own controls have sets of their own.
type Set string

// The sets that are part of the program.
const (
	CIS    Set = "cis"    // the CIS AWS Foundations Benchmark
	Tamper Set = "tamper" // ways to blind a trail that the CIS controls overlook
)

// All returns the controls that are part of the program, in order of ID.
func All() ([]Control, error) { return Load() }

// Load returns the controls that are part of the program and then those of more
// sources, in order of ID within each. IDs, filters and metrics are unique among them
// all. An error lists what is wrong, with file and position.
func Load(more ...catalogue.Source) ([]Control, error) {
	list, err := catalogue.Load(catalogue.Kind[Control]{
		Noun: "control", Files: []string{"control.json", "pattern.txt"}, Optional: []string{"hits.jsonl", "misses.jsonl"}, Read: read,
	}, slices.Concat([]catalogue.Source{{FS: files}}, more)...)
	if err != nil {
		return nil, err
	}
	// Two filters of one name would be one in a log group: the second replaces the first.
	owner := map[string]Control{}
	for _, c := range list {
		for _, name := range []string{"filter " + c.Filter, "metric " + c.Metric} {
			if first, taken := owner[name]; taken {
				return nil, fmt.Errorf("read control catalogue: control %q of %q has the %s of control %q", c.ID, c.Source, name, first.ID)
			}
			owner[name] = c
		}
	}
	return list, nil
}

func read(e *catalogue.Entry) (Control, error) {
	c := Control{ID: e.ID, Source: e.Source(), Pattern: strings.TrimSuffix(e.Text("pattern.txt"), "\n")}
	if err := e.JSON("control.json", &c); err != nil {
		return c, err
	}
	if err := c.check(); err != nil {
		return c, e.Fail("control.json", err)
	}
	pattern, err := filterpattern.Parse(c.Pattern)
	if bad, ok := errors.AsType[*filterpattern.Error](err); ok {
		return c, e.At("pattern.txt", bad.Start, err)
	}
	if err != nil {
		return c, e.Fail("pattern.txt", err)
	}
	return c, errors.Join(samples(e, "hits.jsonl", pattern, true), samples(e, "misses.jsonl", pattern, false))
}

// check tells what is missing or wrong in the description.
func (c Control) check() error {
	switch {
	case strings.TrimSpace(c.Title) == "" || strings.ContainsAny(c.Title, "\r\n"):
		return errors.New("title is not one line of text")
	case !c.Severity.Valid():
		return errors.New("severity is missing")
	case !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(string(c.Set)):
		return fmt.Errorf("set %q is not small letters, digits and hyphens", c.Set)
	case (c.Set == CIS) != (len(c.CIS) > 0):
		return fmt.Errorf("a control of set %q has the numbers %v", c.Set, c.CIS)
	// What CloudWatch takes: PutMetricFilter, filterName and metricName.
	case !regexp.MustCompile(`^[^:*\x00-\x1f]{1,512}$`).MatchString(c.Filter):
		return fmt.Errorf("filter %q is not 1 to 512 characters without : and *", c.Filter)
	case !regexp.MustCompile(`^[^:*$\x00-\x1f]{1,255}$`).MatchString(c.Metric):
		return fmt.Errorf("metric %q is not 1 to 255 characters without :, * and $", c.Metric)
	}
	return nil
}

// samples checks the events of a file, one a line.
func samples(e *catalogue.Entry, name string, pattern *filterpattern.Pattern, want bool) error {
	offset := 0
	for line := range strings.Lines(e.Text(name)) {
		start := offset
		offset += len(line)
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if !strings.HasPrefix(line, "{") || !json.Valid([]byte(line)) {
			return e.At(name, start, errors.New("not an event as a JSON object"))
		}
		if pattern.Match([]byte(line)) != want {
			return e.At(name, start, fmt.Errorf("the pattern matches this event: %t, should be %t", !want, want))
		}
	}
	return nil
}

// Label says where the control comes from, with the number of CIS AWS Foundations
// 5.0, which is that of 1.4 and all between: "CIS 4.3".
func (c Control) Label() string {
	switch c.Set {
	case CIS:
		return "CIS " + c.CIS["5.0.0"]
	case Tamper:
		return "Tampering"
	}
	return string(c.Set)
}
