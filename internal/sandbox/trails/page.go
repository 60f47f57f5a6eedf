package trails

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/lookup"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
)

// position is the sort key of LookupEvents: the event time, then the order in which
// events were recorded.
type position struct {
	at  int64 // Unix milliseconds
	seq uint64
}

// newest returns a position before every event in the order of the answer.
func newest() position { return position{math.MaxInt64, math.MaxUint64} }

// compare sorts the newest event first.
func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(q.at, p.at), cmp.Compare(q.seq, p.seq))
}

// page holds the newest matching events, up to a limit, so that its memory does not
// grow with the history.
type page struct {
	limit int
	found []positioned // newest first
	more  bool         // there are matches beyond the limit
}

type positioned struct {
	position
	event lookupEvent
}

// fill searches the history.
func (p *page) fill(h History, q search) error {
	var record event.Record
	var decoder lookup.Decoder
	var damage error
	err := h.Backwards(func(e journal.Entry) bool {
		if p.past(e.Time.Add(journal.MaxDisorder), q) {
			return false
		}
		if e.Account != q.account || e.Region != q.region || e.Category != q.category || p.past(e.Time, q) {
			return true
		}
		if _, damage = record.Decode(e.Record); damage != nil {
			damage = fmt.Errorf("event %d: %w", e.Seq, damage)
			return false
		}
		// The event time of an injected event may be long before it was recorded.
		at, ok := record.Time()
		if !ok {
			at = e.Time.Truncate(time.Second)
		}
		here := position{at.UnixMilli(), e.Seq}
		if at.Before(q.from) || at.After(q.until) || here.compare(q.after) <= 0 || p.more && p.isLast(here) {
			return true
		}
		var found lookup.Event
		if found, damage = decoder.Decode(e.Record); damage != nil {
			return false
		}
		if q.filter.Match(found) {
			p.add(positioned{here, show(found, at)})
		}
		return true
	})
	return errors.Join(err, damage)
}

// past reports whether no event recorded at that time or earlier can be on the page.
// No event happens after it is recorded.
func (p *page) past(recorded time.Time, q search) bool {
	return recorded.Before(q.from) ||
		p.more && p.isLast(position{recorded.UnixMilli(), math.MaxUint64})
}

// isLast reports whether the position is after all found events.
func (p *page) isLast(here position) bool {
	return here.compare(p.found[len(p.found)-1].position) > 0
}

func (p *page) add(f positioned) {
	at, _ := slices.BinarySearchFunc(p.found, f, func(a, b positioned) int { return a.compare(b.position) })
	p.found = slices.Insert(p.found, at, f)
	if len(p.found) > p.limit {
		p.found, p.more = p.found[:p.limit], true
	}
}

func show(found lookup.Event, at time.Time) lookupEvent {
	event := lookupEvent{
		EventID: found.ID, EventName: found.Name, ReadOnly: found.ReadOnly, AccessKeyID: found.AccessKeyID,
		EventTime: epoch(at), EventSource: found.Source, Username: found.Username,
		Resources: []lookupResource{}, CloudTrailEvent: string(found.Record),
	}
	for _, r := range found.Resources {
		event.Resources = append(event.Resources, lookupResource{r.Type, r.Name})
	}
	return event
}

// binding is a hash of the query. It must be the same for all pages.
type binding [sha256.Size]byte

func (in lookupRequest) binding(c Call) binding {
	in.NextToken, in.MaxResults = "", nil
	text, err := json.Marshal(struct {
		Account, Region string
		Request         lookupRequest
	}{c.Account, c.Region, in})
	if err != nil {
		panic(err) // cannot happen: it was decoded from JSON
	}
	return sha256.Sum256(text)
}

// seal returns a token with the position of the last returned event. Its checksum
// detects tokens of other queries and modified tokens.
func (b binding) seal(p position) string {
	token := binary.BigEndian.AppendUint64(nil, uint64(p.at))
	token = binary.BigEndian.AppendUint64(token, p.seq)
	sum := sha256.Sum256(append(b[:], token...))
	return base64.StdEncoding.EncodeToString(append(token, sum[:]...))
}

func (b binding) open(token string) (p position, err error) {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err == nil && len(raw) > 16 {
		p = position{int64(binary.BigEndian.Uint64(raw)), binary.BigEndian.Uint64(raw[8:])}
	}
	if b.seal(p) != token {
		return position{}, refuse("InvalidNextTokenException", "The next token is not valid, or not for this query.")
	}
	return p, nil
}
