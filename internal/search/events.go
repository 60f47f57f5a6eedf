package search

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/lookup"
)

// Find implements cloudtrail.Events: it finds what LookupEvents finds. The key of a
// position is the id of the event and a hash of its record, so that a page goes on
// after the same event when others were added to the lake.
func (l *Lake) Find(ctx context.Context, q cloudtrail.Query) ([]cloudtrail.Found, error) {
	// Of the records that are read some may be on the page before.
	for most := 2 * q.Limit; ; most *= 2 {
		page, whole, err := l.page(ctx, q, most)
		if err != nil {
			return nil, err
		}
		if whole {
			return page.Events(), nil
		}
	}
}

// page reads at most that many records, newest first. whole is false if the page may
// lack events that come after these.
func (l *Lake) page(ctx context.Context, q cloudtrail.Query, most int) (page *cloudtrail.Page, whole bool, err error) {
	records := l.newestOf(q)
	defer records.close()
	page = cloudtrail.NewPage(q)
	var decoder lookup.Decoder
	var keys keys
	exact := q.Filter.Exact(l.asked(q))
	for read := 0; read < most || !exact; read++ {
		limit := 0
		if exact {
			limit = most - read
		}
		raw, err := records.next(ctx, nil, limit)
		if errors.Is(err, io.EOF) {
			return page, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		found, err := decoder.Decode(raw)
		if err != nil {
			return nil, false, err
		}
		if page.IsOver(found.Time) {
			return page, true, nil
		}
		key, err := keys.of(found)
		if err != nil {
			return nil, false, err
		}
		here := cloudtrail.PositionOf(found.Time, key)
		if page.Takes(here) && q.Filter.Match(found) {
			page.Add(cloudtrail.Found{Position: here, Event: found})
		}
	}
	return page, false, nil
}

// keys gives events what tells them from others of the same time: the id and a hash,
// as two records with the same id are two events. Records without an id may be the same
// to the last byte; those are numbered.
type keys struct {
	at       time.Time
	nameless map[[keySize]byte]uint32 // of the time at, how many there were
}

const (
	keySize     = 8 // bytes of the hash of a record
	maxNameless = 1 << 16
)

func (k *keys) of(e lookup.Event) (string, error) {
	hash := sha256.Sum256(e.Record)
	sum := [keySize]byte(hash[:])
	if e.ID != "" {
		return e.ID + "/" + string(sum[:]), nil
	}
	if !e.Time.Equal(k.at) || k.nameless == nil {
		k.at, k.nameless = e.Time, map[[keySize]byte]uint32{}
	}
	k.nameless[sum]++
	if len(k.nameless) > maxNameless {
		return "", fmt.Errorf("more than %d events of %s have no id: their order cannot be told", maxNameless, e.Time.Format(time.RFC3339))
	}
	return "/" + string(binary.BigEndian.AppendUint32(sum[:], k.nameless[sum])), nil
}

// asked says what there is to ask for a query.
func (l *Lake) asked(q cloudtrail.Query) lookup.Asked {
	return lookup.Asked{Insights: q.Category == lookup.Insight, Lists: l.lists}
}

// newestOf returns the records that a query looks for, or more if its filter is not
// exact.
func (l *Lake) newestOf(q cloudtrail.Query) newest {
	condition, params := q.Filter.Condition(l.asked(q))
	until := q.Until
	if after := q.After.At.Add(time.Millisecond); !q.After.At.IsZero() && after.Before(until) {
		until = after
	}
	params["account"], params["region"], params["category"] = q.Account, q.Region, string(q.Category)
	params["from"], params["until"] = q.From, until
	condition += " AND account_id = $account AND aws_region = $region AND " + categoryColumn + " = $category AND event_time BETWEEN $from AND $until"
	var days []string
	for _, day := range l.days {
		if day >= q.From.UTC().Format(time.DateOnly) && day <= until.UTC().Format(time.DateOnly) {
			days = append(days, day)
		}
	}
	return newest{lake: l, days: days, condition: condition, params: params}
}
