package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

const (
	// settle is how long after the end of logging the events of calls that were
	// under way may still come, among them StopLogging itself.
	settle = time.Second
	// patience is how long a deleted trail's files are tried, as at AWS.
	patience = 30 * 24 * time.Hour
	// maxWaiting is how many files wait for a bucket before intervals stop to end.
	// They end when the bucket is mended.
	maxWaiting = 1000
	// chunk is about how many bytes of records are in memory at a time.
	chunk = 16 << 20
)

// courier delivers for one trail in one pass.
type courier struct {
	*Deliverer
	*state
	trail   trails.Trail
	matcher *trails.Matcher
	record  event.Record
	now     time.Time
	last    uint64 // the newest entry of the journal to look at
	// refused says of places that failed in this pass why, in AWS's word. checked is
	// what the permit checker said of folders.
	refused map[place]string
	checked map[string]error
}

// deliver makes one pass for one trail, up to entry last of the journal.
func (d *Deliverer) deliver(ctx context.Context, t trails.Trail, last uint64) error {
	c := &courier{
		Deliverer: d, state: d.states[t.ID], trail: t, matcher: trails.NewMatcher(t),
		now: d.config.Now().UTC(), last: last, refused: map[place]string{}, checked: map[string]error{},
	}
	if d.config.Member != nil {
		c.matcher.Member = func(account string) bool { return d.config.Member(ctx, t, account) }
	}
	if c.state == nil {
		if err := c.begin(); err != nil {
			return err
		}
	}
	if err := c.files(ctx); err != nil {
		return err
	}
	if err := c.group(ctx); err != nil {
		return err
	}
	c.notify(ctx)
	if err := c.commit(); err != nil {
		return err
	}
	if c.finished() {
		if err := d.config.Trails.Forget(t.ID); err != nil { // the state goes in the next pass
			return err
		}
	}
	return ctx.Err()
}

// begin makes the state of a trail that is seen for the first time. What is older
// than its first logging is not read.
func (c *courier) begin() error {
	s := &state{Format: stateFormat, ID: c.trail.ID, Cursor: c.last, dirty: true}
	if spans := c.spans(); len(spans) > 0 {
		since := spans[0].From.Add(-journal.MaxDisorder)
		err := c.config.Journal.Backwards(func(e journal.Entry) bool {
			s.Cursor = min(s.Cursor, e.Seq)
			return !e.Time.Before(since)
		})
		if err != nil {
			return err
		}
		if s.Cursor > 0 {
			s.Cursor--
		}
	}
	s.GroupCursor = s.Cursor
	c.state = s
	c.mu.Lock()
	defer c.mu.Unlock()
	c.states[s.ID] = s
	return nil
}

// files brings log files and digests to the bucket: first what waits since an
// earlier pass, then the intervals that are over by now one after the other, each
// as if a pass had been made at its end, and then the interval that is not over.
func (c *courier) files(ctx context.Context) error {
	if err := c.flush(ctx); err != nil {
		return err
	}
	for c.held() < maxWaiting {
		end, final, ok := c.due()
		if !ok {
			break
		}
		if err := c.compose(ctx, end); err != nil {
			return err
		}
		if err := c.endInterval(end, final); err != nil {
			return err
		}
		if err := c.flush(ctx); err != nil {
			return err
		}
	}
	// While the bucket is broken events wait in the journal, until the end of the
	// interval brings them into files.
	if !c.heldUp() {
		if err := c.compose(ctx, time.Time{}); err != nil {
			return err
		}
	}
	if err := c.backfill(); err != nil {
		return err
	}
	return c.flush(ctx)
}

// held counts what waits for the place that the trail delivers to. A bucket or
// prefix that it had before may never take what still waits for it.
func (c *courier) held() int {
	n, prefix := 0, c.prefix()
	for _, p := range c.Queue {
		if p.Bucket == c.trail.Bucket && p.Prefix == prefix {
			n++
		}
	}
	return n
}

func (c *courier) heldUp() bool { return c.held() > 0 }

// prefix is the part of keys before AWSLogs.
func (c *courier) prefix() string { return strings.TrimSuffix(c.trail.Prefix, "/") }

// finished tells whether nothing is left to do for a trail that was deleted. Its
// log group and topic are not waited for.
func (c *courier) finished() bool {
	t := c.trail
	if t.Deleted.IsZero() || c.now.Before(t.Deleted.Add(settle)) {
		return false
	}
	lost := 0
	for _, p := range c.Queue {
		if c.refused[p.place()] == "NoSuchBucket" {
			lost++
		}
	}
	if lost == len(c.Queue) && lost > 0 || c.now.After(t.Deleted.Add(patience)) {
		return true
	}
	late := slices.ContainsFunc(c.Chains, func(ch *chain) bool { return len(ch.Late) > 0 })
	return len(c.Queue) == 0 && !late && c.Cursor >= c.last && !c.Period.Active
}

// spans are when the trail was logging. Deleting it ended the last one.
func (c *courier) spans() []trails.Span {
	spans := slices.Clone(c.trail.Logging)
	if n := len(spans); n > 0 && spans[n-1].Until.IsZero() {
		spans[n-1].Until = c.trail.Deleted
	}
	return spans
}

// each calls yield for the entries after a cursor until it returns false, and says
// which of them the trail wants. The record of such a one is in c.record.
func (c *courier) each(cursor uint64, yield func(e journal.Entry, wanted bool) bool) error {
	if cursor >= c.last {
		return nil
	}
	enough := errors.New("enough")
	err := c.config.Journal.Read(cursor+1, func(e journal.Entry) error {
		if e.Seq > c.last || !yield(e, c.wants(&e)) {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

func (c *courier) wants(e *journal.Entry) bool {
	t := c.trail
	if !t.LoggedAt(e.Time) || !t.Deleted.IsZero() && e.Time.After(t.Deleted) {
		return false
	}
	if _, err := c.record.Decode(e.Record); err != nil {
		c.report(fmt.Sprintf("anywhere: entry %d of the journal", e.Seq), err)
		return false
	}
	return c.matcher.Wants(e, &c.record)
}

// permitted is what the permit checker is asked about.
func (c *courier) permitted() permit.Trail {
	t := c.trail
	return permit.Trail{
		ARN: t.ARN, Account: t.Account, Region: t.Region, Organization: t.OrganizationID,
		Bucket: t.Bucket, Prefix: t.Prefix, KeyARN: t.KeyARN,
		TopicARN: t.TopicARN, LogGroupARN: t.LogGroupARN, RoleARN: t.RoleARN,
	}
}

// code is the one word of GetTrailStatus for what went wrong.
func code(err error) string {
	word := ""
	var denial *permit.Denial
	var api interface{ ErrorCode() string } // of the AWS SDK
	switch {
	case errors.As(err, &denial):
		word = denial.Status
	case errors.As(err, &api):
		word = api.ErrorCode()
	}
	return cmp.Or(word, "ServiceUnavailable")
}

// report tells of a delivery that could not be made, unless the one before it to
// the same place failed in the same way. A nil err says that one was made.
func (c *courier) report(place string, err error) {
	key := c.ID + " " + place
	if err == nil {
		delete(c.reported, key)
		return
	}
	if c.config.Report == nil || c.reported[key] == code(err) {
		return
	}
	c.reported[key] = code(err)
	var denial *permit.Denial
	if errors.As(err, &denial) && denial.Why != "" {
		err = fmt.Errorf("%w (%s)", err, denial.Why)
	}
	c.config.Report(fmt.Errorf("deliver events of trail %q to %s: %w", c.trail.ARN, place, err))
}
