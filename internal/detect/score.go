package detect

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/finding"
)

// Truth tells which events are part of an attack.
type Truth struct{ attacks map[string]string } // by the id of the event

// maxTruthLine is the longest line of a file of truth, in bytes.
const maxTruthLine = 1 << 20

// ReadTruth reads a file of JSON objects, one a line, with an event_id and the attack
// that it is part of. simulate writes such a file.
func ReadTruth(from io.Reader) (*Truth, error) {
	t := &Truth{map[string]string{}}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxTruthLine)
	n := 0
	for lines.Scan() {
		n++
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var line struct {
			EventID string `json:"event_id"`
			Attack  string `json:"attack"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if line.EventID == "" || line.Attack == "" {
			return nil, fmt.Errorf("line %d has no event_id or no attack", n)
		}
		t.attacks[line.EventID] = line.Attack
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	if len(t.attacks) == 0 {
		return nil, errors.New("it names no events")
	}
	return t, nil
}

// Score is how well rules found what the truth names.
type Score struct {
	Rules   []RuleScore   // the most severe first
	Attacks []AttackScore // by name
}

// RuleScore is how many of the events of a rule's findings are part of attacks.
type RuleScore struct {
	Title         string
	Severity      finding.Severity
	Events, Right int
}

// AttackScore is how much of an attack was found, and how severe it was called.
type AttackScore struct {
	Name          string
	Events, Found int
	Severity      finding.Severity // the highest of a finding, 0 if there is none
}

// Judge compares findings with the truth. An error tells that no event of the truth is
// among them, so that it may be of other events.
func (t *Truth) Judge(findings []*Finding) (Score, error) {
	rules := map[string]*RuleScore{}
	attacks := map[string]*AttackScore{}
	for _, attack := range t.attacks {
		if attacks[attack] == nil {
			attacks[attack] = &AttackScore{Name: attack}
		}
		attacks[attack].Events++
	}
	named := map[string]map[string]bool{} // of rules and of attacks, the events that counted
	first := func(of, id string) bool {
		if named[of] == nil {
			named[of] = map[string]bool{}
		}
		again := named[of][id]
		named[of][id] = true
		return !again
	}
	right := 0
	for _, f := range findings {
		r := rules[f.Rule]
		if r == nil {
			r = &RuleScore{Title: f.Title, Severity: f.Severity}
			rules[f.Rule] = r
		}
		for _, id := range f.Events {
			attack, is := t.attacks[id]
			if first("rule "+f.Rule, id) {
				r.Events++
				if is {
					r.Right++
				}
			}
			if !is {
				continue
			}
			right++
			a := attacks[attack]
			a.Severity = max(a.Severity, f.Severity)
			if first("attack "+attack, id) {
				a.Found++
			}
		}
	}
	var s Score
	for _, r := range rules {
		s.Rules = append(s.Rules, *r)
	}
	slices.SortFunc(s.Rules, func(a, b RuleScore) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), strings.Compare(a.Title, b.Title))
	})
	for _, a := range attacks {
		s.Attacks = append(s.Attacks, *a)
	}
	slices.SortFunc(s.Attacks, func(a, b AttackScore) int { return strings.Compare(a.Name, b.Name) })
	if right == 0 && len(findings) > 0 {
		return s, errors.New("no event of it is in a finding: it may be of another archive")
	}
	return s, nil
}
