package detect

import (
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/predicate"
	"github.com/cerpac/trailkeeper/sigma"
)

// Detector takes the events of one reader. Detectors of the same rules can be used at
// the same time, each by one goroutine.
type Detector struct {
	rules *Rules
	// since and until are the time range of the events that count; the zero time is no
	// bound.
	since, until time.Time
	paths        [][]predicate.Path
	lower        []byte
	hasher       hasher
	hits         []hit
}

// NewDetector returns a detector for events in a time range.
func (rs *Rules) NewDetector(since, until time.Time) *Detector {
	d := &Detector{rules: rs, since: since, until: until, paths: make([][]predicate.Path, len(rs.set.Rules))}
	for i := range rs.set.Rules {
		for _, field := range rs.fields[i] {
			d.paths[i] = append(d.paths[i], sigma.FieldPath(field))
		}
	}
	return d
}

// Event asks all rules of an event.
func (d *Detector) Event(r *event.Record) {
	at, _ := r.Time()
	if !d.since.IsZero() && at.Before(d.since) || !d.until.IsZero() && !at.Before(d.until) {
		return
	}
	var seen *seenEvent
	d.rules.eachHit(r, &d.lower, func(rule int) {
		if seen == nil {
			seen = d.hasher.seen(r)
		}
		d.hits = append(d.hits, hit{rule: rule, event: seen, values: valuesOf(r, d.paths[rule])})
	})
}

// Findings returns what several detectors found together, the most severe first. It does
// not depend on which of them took which event, and an event that was taken twice counts
// once.
func (rs *Rules) Findings(detectors ...*Detector) []*Finding {
	var hits []hit
	seen := map[found]bool{}
	for _, d := range detectors {
		for _, h := range d.hits {
			if key := (found{h.rule, h.event.key}); !seen[key] {
				seen[key] = true
				hits = append(hits, h)
			}
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return order(a.event, b.event) })
	return rs.gather(append(hits, rs.correlate(hits)...))
}

// found is a rule with the content of an event.
type found struct {
	rule int
	key  [sha256.Size]byte
}

// Records is a sequence of records as JSON, which ends with io.EOF.
type Records interface {
	Append(dst []byte) ([]byte, error)
}

// Read gives a detector all records of a sequence.
func (d *Detector) Read(records Records) error {
	var r event.Record
	for line := []byte(nil); ; {
		var err error
		line, err = records.Append(line[:0])
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if _, err := r.Decode(line); err != nil {
			return err
		}
		d.Event(&r)
	}
}
