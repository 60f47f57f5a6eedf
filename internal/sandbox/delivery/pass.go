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
	// settle is how long events may still arrive after logging ends: those of calls
	// in progress, among them StopLogging itself.
	settle = time.Second
	// deletedTimeout is how long the files of a deleted trail are retried, as in AWS.
	deletedTimeout = 30 * 24 * time.Hour
	// maxWaiting is how many files may wait for a bucket. Then no interval is ended
	// until the bucket works again.
	maxWaiting = 1000
	// chunk is roughly how many bytes of records are in memory at a time.
	chunk = 16 << 20
)

// pass is one delivery pass for one trail.
type pass struct {
	*Deliverer
	*state
	trail   trails.Trail
	matcher *trails.Matcher
	record  event.Record
	now     time.Time
	last    uint64 // the newest journal entry to read
	// refused maps each destination that failed in this pass to its AWS error code.
	// checked maps folders to the permit checker's answer.
	refused map[destination]string
	checked map[string]error
}

// deliver makes one pass for one trail, up to entry last of the journal.
func (d *Deliverer) deliver(ctx context.Context, t trails.Trail, last uint64) error {
	p := &pass{
		Deliverer: d, state: d.states[t.ID], trail: t, matcher: trails.NewMatcher(t),
		now: d.config.Now().UTC(), last: last, refused: map[destination]string{}, checked: map[string]error{},
	}
	if d.config.Member != nil {
		p.matcher.Member = func(account string) bool { return d.config.Member(ctx, t, account) }
	}
	if p.state == nil {
		if err := p.begin(); err != nil {
			return err
		}
	}
	if err := p.files(ctx); err != nil {
		return err
	}
	if err := p.group(ctx); err != nil {
		return err
	}
	p.notify(ctx)
	if err := p.commit(); err != nil {
		return err
	}
	if p.finished() {
		if err := d.config.Trails.Forget(t.ID); err != nil { // the next pass removes the state
			return err
		}
	}
	return ctx.Err()
}

// begin creates the state of a new trail. Its cursor skips the entries from before
// the trail first logged.
func (p *pass) begin() error {
	s := &state{Format: stateFormat, ID: p.trail.ID, Cursor: p.last, dirty: true}
	if spans := p.spans(); len(spans) > 0 {
		since := spans[0].From.Add(-journal.MaxDisorder)
		err := p.config.Journal.Backwards(func(e journal.Entry) bool {
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
	p.state = s
	p.mu.Lock()
	defer p.mu.Unlock()
	p.states[s.ID] = s
	return nil
}

// files delivers log files and digests to the bucket: first the files queued by
// earlier passes, then each interval that is over, as if a pass had run at its
// end, and then the current interval.
func (p *pass) files(ctx context.Context) error {
	if err := p.flush(ctx); err != nil {
		return err
	}
	for p.held() < maxWaiting {
		end, final, ok := p.due()
		if !ok {
			break
		}
		if err := p.compose(ctx, end); err != nil {
			return err
		}
		if err := p.endInterval(end, final); err != nil {
			return err
		}
		if err := p.flush(ctx); err != nil {
			return err
		}
	}
	// While the bucket fails, events stay in the journal until the end of the
	// interval puts them into files.
	if !p.heldUp() {
		if err := p.compose(ctx, time.Time{}); err != nil {
			return err
		}
	}
	if err := p.backfill(); err != nil {
		return err
	}
	return p.flush(ctx)
}

// held counts the files queued for the trail's current bucket and prefix. Those for
// an earlier bucket or prefix may never be accepted, so they do not count.
func (p *pass) held() int {
	n, prefix := 0, p.prefix()
	for _, q := range p.Queue {
		if q.Bucket == p.trail.Bucket && q.Prefix == prefix {
			n++
		}
	}
	return n
}

func (p *pass) heldUp() bool { return p.held() > 0 }

// prefix returns the part of keys before AWSLogs, without the slash.
func (p *pass) prefix() string { return strings.TrimSuffix(p.trail.Prefix, "/") }

// finished reports whether a deleted trail has nothing left to deliver to buckets.
// It does not wait for the log group or the topic.
func (p *pass) finished() bool {
	t := p.trail
	if t.Deleted.IsZero() || p.now.Before(t.Deleted.Add(settle)) {
		return false
	}
	lost := 0
	for _, q := range p.Queue {
		if p.refused[q.destination()] == "NoSuchBucket" {
			lost++
		}
	}
	if lost == len(p.Queue) && lost > 0 || p.now.After(t.Deleted.Add(deletedTimeout)) {
		return true
	}
	late := slices.ContainsFunc(p.Chains, func(ch *chain) bool { return len(ch.Late) > 0 })
	return len(p.Queue) == 0 && !late && p.Cursor >= p.last && !p.Period.Active
}

// spans returns the times when the trail was logging. Deleting the trail ends the
// last one.
func (p *pass) spans() []trails.Span {
	spans := slices.Clone(p.trail.Logging)
	if n := len(spans); n > 0 && spans[n-1].Until.IsZero() {
		spans[n-1].Until = p.trail.Deleted
	}
	return spans
}

// each calls yield for the entries after a cursor, with whether the trail wants
// them, until yield returns false. p.record holds the record of a wanted entry.
func (p *pass) each(cursor uint64, yield func(e journal.Entry, wanted bool) bool) error {
	if cursor >= p.last {
		return nil
	}
	enough := errors.New("enough")
	err := p.config.Journal.Read(cursor+1, func(e journal.Entry) error {
		if e.Seq > p.last || !yield(e, p.wants(&e)) {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

func (p *pass) wants(e *journal.Entry) bool {
	t := p.trail
	if !t.LoggedAt(e.Time) || !t.Deleted.IsZero() && e.Time.After(t.Deleted) {
		return false
	}
	if _, err := p.record.Decode(e.Record); err != nil {
		p.report(fmt.Sprintf("anywhere: entry %d of the journal", e.Seq), err)
		return false
	}
	return p.matcher.Wants(e, &p.record)
}

// permitted describes the trail to the permit checker.
func (p *pass) permitted() permit.Trail {
	t := p.trail
	return permit.Trail{
		ARN: t.ARN, Account: t.Account, Region: t.Region, Organization: t.OrganizationID,
		Bucket: t.Bucket, Prefix: t.Prefix, KeyARN: t.KeyARN,
		TopicARN: t.TopicARN, LogGroupARN: t.LogGroupARN, RoleARN: t.RoleARN,
	}
}

// code returns the error code that GetTrailStatus shows for err.
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

// report reports a failed delivery, unless the last one to the same destination
// failed with the same code. A nil err records a success.
func (p *pass) report(to string, err error) {
	key := p.ID + " " + to
	if err == nil {
		delete(p.reported, key)
		return
	}
	if p.config.Report == nil || p.reported[key] == code(err) {
		return
	}
	p.reported[key] = code(err)
	var denial *permit.Denial
	if errors.As(err, &denial) && denial.Why != "" {
		err = fmt.Errorf("%w (%s)", err, denial.Why)
	}
	p.config.Report(fmt.Errorf("deliver events of trail %q to %s: %w", p.trail.ARN, to, err))
}
