package cloudtrail

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/internal/lookup"
)

// Events is a source of events, such as the journal of a sandbox or a lake.
type Events interface {
	// Find returns what a query finds, in the order of positions. An error means that
	// events could not be read; none are returned then.
	Find(ctx context.Context, q Query) ([]Found, error)
}

// Query is what a call of LookupEvents looks for.
type Query struct {
	Account, Region string
	Category        lookup.Category
	From, Until     time.Time // of the events; both are included
	Filter          lookup.Filter
	After           Position // the last event of the page before; zero for the first page
	Limit           int      // most events to find
}

// Position is the place of an event in the order of answers: the newest first, and
// events of the same millisecond by descending Key. A source gives each event a
// position that no other one has, and that it keeps.
type Position struct {
	At  time.Time // in milliseconds
	Key string
}

// PositionOf returns the position of an event of that time.
func PositionOf(at time.Time, key string) Position {
	return Position{at.Truncate(time.Millisecond), key}
}

// Compare is negative if p comes before q in answers.
func (p Position) Compare(q Position) int {
	return cmp.Or(q.At.Compare(p.At), cmp.Compare(q.Key, p.Key))
}

func (p Position) isZero() bool { return p.At.IsZero() && p.Key == "" }

// Found is an event that was found.
type Found struct {
	Position
	lookup.Event
}

// Page holds the first events of a query up to its limit, so that the memory of a
// search does not grow with its source. They may be added in any order.
type Page struct {
	query Query
	found []Found // in order
}

// NewPage returns an empty page for a query.
func NewPage(q Query) *Page { return &Page{query: q} }

// Takes reports whether an event at a position would be on the page.
func (p *Page) Takes(here Position) bool {
	if !p.query.After.isZero() && here.Compare(p.query.After) <= 0 {
		return false
	}
	return len(p.found) < p.query.Limit || here.Compare(p.found[len(p.found)-1].Position) < 0
}

// IsOver reports whether no event of that time or an earlier one would be on the page.
func (p *Page) IsOver(at time.Time) bool {
	return len(p.found) >= p.query.Limit && at.Truncate(time.Millisecond).Before(p.found[len(p.found)-1].At)
}

// Add puts an event that the page takes on it, and the last one off a full page.
func (p *Page) Add(f Found) {
	at, _ := slices.BinarySearchFunc(p.found, f, func(a, b Found) int { return a.Compare(b.Position) })
	p.found = slices.Insert(p.found, at, f)
	p.found = p.found[:min(len(p.found), p.query.Limit)]
}

// Events returns the events of the page in order.
func (p *Page) Events() []Found { return p.found }
