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

// position is where an event stands in an answer of LookupEvents: by when it
// happened, and among those of the same time by when it was recorded.
type position struct {
	at  int64 // Unix milliseconds
	seq uint64
}

// newest is before every event in the order of the answer.
func newest() position { return position{math.MaxInt64, math.MaxUint64} }

// compare puts the newest event first.
func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(q.at, p.at), cmp.Compare(q.seq, p.seq))
}

// page is the newest events that were found, up to a limit. It holds no more, so
// that a history of any length can be searched.
type page struct {
	limit int
	found []positioned // newest first
	more  bool         // there was no room for another one
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
		// An event that was injected may have happened long before.
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

// past tells whether no event that was recorded then, or before, can get into the
// page any more: none happened after it was recorded.
func (p *page) past(recorded time.Time, q search) bool {
	return recorded.Before(q.from) ||
		p.more && p.isLast(position{recorded.UnixMilli(), math.MaxUint64})
}

// isLast tells whether an event would come after all that were found.
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

// binding is the hash of what must stay the same from page to page.
type binding [sha256.Size]byte

func (in lookupRequest) binding(c Call) binding {
	in.NextToken, in.MaxResults = "", nil
	text, err := json.Marshal(struct {
		Account, Region string
		Request         lookupRequest
	}{c.Account, c.Region, in})
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	return sha256.Sum256(text)
}

// seal makes a token of the position of the last event seen. The checksum tells a
// token of another query, or one that somebody changed.
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
