package trails

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/lookup"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
)

// History is the recorded events.
type History interface {
	// Backwards yields entries from the newest on until yield returns false.
	Backwards(yield func(journal.Entry) bool) error
}

// Recorded returns the events of a history as LookupEvents searches them. An event is
// found as soon as its call is answered; CloudTrail takes minutes.
func Recorded(h History) cloudtrail.Events { return recorded{h} }

type recorded struct{ history History }

// Find implements cloudtrail.Events. The key of a position is the number of the entry.
func (r recorded) Find(ctx context.Context, q cloudtrail.Query) ([]cloudtrail.Found, error) {
	page := cloudtrail.NewPage(q)
	var record event.Record
	var decoder lookup.Decoder
	var failure error
	err := r.history.Backwards(func(e journal.Entry) bool {
		// No event happens after it is recorded.
		if latest := e.Time.Add(journal.MaxDisorder); latest.Before(q.From) || page.IsOver(latest) {
			return false
		}
		if failure = ctx.Err(); failure != nil {
			return false
		}
		if e.Account != q.Account || e.Region != q.Region || e.Category != string(q.Category) || e.Time.Before(q.From) || page.IsOver(e.Time) {
			return true
		}
		if _, failure = record.Decode(e.Record); failure != nil {
			failure = fmt.Errorf("event %d: %w", e.Seq, failure)
			return false
		}
		// The event time of an injected event may be long before it was recorded.
		at, ok := record.Time()
		if !ok {
			at = e.Time.Truncate(time.Second)
		}
		here := cloudtrail.PositionOf(at, string(binary.BigEndian.AppendUint64(nil, e.Seq)))
		if at.Before(q.From) || at.After(q.Until) || !page.Takes(here) {
			return true
		}
		var found lookup.Event
		if found, failure = decoder.Decode(e.Record); failure != nil {
			return false
		}
		if q.Filter.Match(found) {
			page.Add(cloudtrail.Found{Position: here, Event: found})
		}
		return true
	})
	return page.Events(), errors.Join(err, failure)
}

func (s *Store) lookupEvents(ctx context.Context, c cloudtrail.Call, in cloudtrail.LookupRequest) (any, error) {
	return cloudtrail.LookupEvents(ctx, s.events, s.config.Now(), c, in)
}

// none is a history without events.
type none struct{}

// Backwards implements History.
func (none) Backwards(func(journal.Entry) bool) error { return nil }
