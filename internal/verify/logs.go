package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
)

// maxLog bounds the uncompressed size of a log file. CloudTrail's are a few
// megabytes at most; a larger one is a gzip bomb.
const maxLog = 4 << 30

// task is a result that is known, or will be.
type task struct {
	result Result
	later  <-chan Result
}

// logFiles checks the log files that a digest lists. If the digest is not
// proven, a file that is as it says is not proven either; what a tampered digest
// says is no evidence at all.
func (v *verifier) logFiles(n *node, isProven, isTampered bool) {
	if v.opts.DigestsOnly {
		return
	}
	for _, f := range n.digest.LogFiles {
		r := Result{State: Valid, Object: LogFile, Chain: n.chain, Key: f.S3Object, Digest: n.object.Key, From: n.start, To: n.end}
		key, ok := n.place.key(f.S3Object)
		switch {
		case !ok:
			r.State, r.Check = Unverifiable, CheckLocation
			r.Reason = fmt.Sprintf("was delivered to s3://%s/%s, which is not in the archive", f.S3Bucket, f.S3Object)
		case isTampered && !isProven:
			r.Key, r.State, r.Check, r.Reason = key, Unverifiable, CheckListed, "the digest that lists it is not valid"
		default:
			if r.Key = key; isProven {
				r.want = f.HashValue
			}
			if !v.opts.ListedOnly {
				v.later(r, f, isProven)
				continue
			}
			r.byListing(f, isProven)
		}
		v.emit(r)
	}
}

// later checks a log file in the background.
func (v *verifier) later(r Result, f digest.LogFile, isProven bool) {
	done := make(chan Result, 1)
	if !v.acquire() {
		return // cancelled
	}
	go func() {
		defer v.release()
		done <- v.checkLog(v.ctx, r, f, isProven)
	}()
	v.enqueue(task{later: done})
}

// checkLog reads a log file and compares its hash.
func (v *verifier) checkLog(ctx context.Context, r Result, f digest.LogFile, isProven bool) Result {
	p := v.unpackers.get()
	defer v.unpackers.put(p)
	o := archive.Object{Key: r.Key}
	var seen spotter
	hash, bad := p.plain(ctx, v.source, o, maxLog, func(piece []byte) {
		v.bytes.Add(int64(len(piece)))
		seen.look(piece)
	})
	if bad == nil && !strings.EqualFold(hash, f.HashValue) {
		bad = &fault{state: Tampered, check: CheckHash, reason: "differs from what was delivered", expected: f.HashValue, found: hash}
	}
	switch {
	case bad != nil && bad.state == Missing && v.opts.Partial:
		v.absent.Add(1)
		return Result{}
	case bad != nil:
		r.State, r.Check, r.Reason, r.Expected, r.Found = bad.state, bad.check, bad.reason, bad.expected, bad.found
	case !isProven:
		r.State, r.Check, r.Reason = Unverifiable, CheckListed, "the digest that lists it is not proven"
	case seen.found:
		v.noteStops(ctx, o)
	}
	return r
}

// lateness is how long after its delivery a log file may be listed by a digest:
// late ones are in digests of backfill.
const lateness = 48 * time.Hour

// delivery is what is known of the log files of a lane, which wait for the digest
// that lists them.
type delivery struct {
	unlisted map[string]time.Time // key, time of delivery: in the archive, and in no digest so far
	early    map[string]time.Time // in a digest, and not seen in the archive so far
	flushed  time.Time
	before   unproven // delivered before the first digest of all chains
	other    unproven // of kinds that no digest lists
}

// unproven counts log files that no digest can list.
type unproven struct {
	files    int64
	from, to time.Time
}

func (u *unproven) add(at time.Time) {
	u.files++
	if u.from.IsZero() || at.Before(u.from) {
		u.from = at
	}
	if at.After(u.to) {
		u.to = at
	}
}

// found takes a log file of the listing.
func (v *verifier) found(o archive.Object) {
	at := delivered(o.Info)
	d := v.delivery(laneOf(o.Info))
	if _, ok := d.early[o.Key]; ok {
		delete(d.early, o.Key)
	} else {
		d.unlisted[o.Key] = at
	}
	v.flush(laneOf(o.Info), d, at.Add(-lateness))
}

// listed takes the log files of a digest that was read.
func (v *verifier) listed(n *node) {
	d := v.delivery(n.chain.lane())
	for _, f := range n.digest.LogFiles {
		key, ok := n.place.key(f.S3Object)
		if !ok {
			continue
		}
		info, _ := archive.ParseKey(key)
		v.kinds[info.Kind] = true
		if _, ok := d.unlisted[key]; ok {
			delete(d.unlisted, key)
		} else if at := delivered(info); at.After(n.end.Add(-lateness)) {
			d.early[key] = at
		}
	}
}

func delivered(k archive.Key) time.Time {
	if k.Delivered.IsZero() {
		return k.Day
	}
	return k.Delivered
}

func (v *verifier) delivery(l lane) *delivery {
	d := v.lanes[l]
	if d == nil {
		d = &delivery{unlisted: map[string]time.Time{}, early: map[string]time.Time{}}
		v.lanes[l] = d
	}
	return d
}

// flush decides about the files that were delivered before a time. It looks once
// for each hour of the archive, so that its cost does not grow with the files.
func (v *verifier) flush(l lane, d *delivery, before time.Time) {
	if before.Sub(d.flushed) < time.Hour {
		return
	}
	d.flushed = before
	for key, at := range d.early {
		if at.Before(before) {
			delete(d.early, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.unlisted)) {
		if at := d.unlisted[key]; at.Before(before) {
			delete(d.unlisted, key)
			v.unlisted(l, d, key, at)
		}
	}
}

// unlisted reports a log file that no digest lists.
func (v *verifier) unlisted(l lane, d *delivery, key string, at time.Time) {
	info, _ := archive.ParseKey(key)
	if info.Kind != archive.Logs && !v.kinds[info.Kind] {
		d.other.add(at)
		return
	}
	r := Result{Object: LogFile, Key: key, Check: CheckListed, From: at, To: at,
		Chain: Chain{Prefix: l.prefix, Organization: l.organization, Account: l.account, Region: l.region}}
	switch v.coverage(l, info) {
	case beforeAll:
		d.before.add(at)
		return
	case covered:
		r.State, r.Reason = Tampered, "no digest lists it, though one covers the time of its delivery"
	case afterAll:
		r.State, r.Reason = Unverifiable, "no digest covers the time of its delivery: it is later than the newest one"
		if at.After(v.newest.Add(-2 * time.Hour)) {
			r.State, r.Reason = Pending, "the digest of its hour is not in the archive yet"
		}
	default:
		r.State, r.Reason = Unverifiable, "the digest of its hour is not in the archive, or not valid"
	}
	v.emit(r)
}

// cover says how a time lies to the digests of all chains of a lane.
type cover int

const (
	beforeAll cover = iota // or there is no chain
	covered
	afterAll
	headless // before the first digest, which names one before it
	stopped  // the trail was off
	inGap    // the digest of the time is not there or not valid
)

func (v *verifier) coverage(l lane, k archive.Key) cover {
	from, to := k.Delivered, k.Delivered.Add(time.Minute) // names tell the minute
	if k.Delivered.IsZero() {
		from, to = k.Day, k.Day.AddDate(0, 0, 1)
	}
	var is [inGap + 1]bool
	for _, c := range v.byLane[l] {
		is[v.covers(c, from, to)] = true
	}
	switch {
	case is[inGap]: // any of the chains may have listed it
		return inGap
	case is[headless]:
		return beforeAll
	case is[afterAll]:
		return afterAll
	case is[covered]:
		return covered
	case is[stopped]:
		return inGap
	}
	return beforeAll
}

// nameSkew is how long after the time in its name a log file may be delivered, and
// so be listed by the next digest.
const nameSkew = 5 * time.Minute

// covers says how a time lies to the digests of one chain.
func (v *verifier) covers(c *chain, from, to time.Time) cover {
	if c.id.Backfill {
		if in(c.lost, from, to) {
			return inGap
		}
		return beforeAll
	}
	end := to.Add(nameSkew)
	next, _ := slices.BinarySearchFunc(c.spans, end, func(s span, at time.Time) int { return s.to.Compare(at) })
	if next < len(c.spans) && !from.Before(c.spans[next].from) {
		return covered
	}
	if h := c.head; h != nil && h.state == "" && h.proof == proven && !from.Before(h.start) && !end.After(h.end) {
		return covered
	}
	if in(c.lost, from, to) {
		return inGap
	}
	if c.first == nil || !from.After(c.first.start) {
		if c.first != nil && !c.starts {
			return headless
		}
		return beforeAll
	}
	for _, r := range c.restarts {
		if from.After(r.from) && from.Before(r.to) && v.stoppedAt(c, r.from) {
			return stopped
		}
	}
	switch {
	case c.head == nil || !end.After(c.head.end):
		return inGap
	case v.stoppedAt(c, c.head.end):
		return stopped
	}
	return afterAll
}

// stoppedAt reports whether an event says that the chain was to end at a time.
func (v *verifier) stoppedAt(c *chain, end time.Time) bool {
	stop, ok := v.stopAfter(c.id, end)
	return ok && stop.Before(end.Add(time.Hour))
}

// in reports whether a time lies in one of the spans.
func in(list []span, from, to time.Time) bool {
	next, _ := slices.BinarySearchFunc(list, from, func(s span, at time.Time) int { return s.to.Compare(at) })
	return next < len(list) && to.After(list[next].from)
}
