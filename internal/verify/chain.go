package verify

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/archive"
)

// chain is the state of one chain of digests while an archive is read.
type chain struct {
	id    Chain
	first *node // the oldest digest in the archive, without its content
	// starts reports that first names no predecessor.
	starts bool
	head   *node // the newest one, whose result is still open
	// bad are the keys after head where a digest is that cannot be used. Their
	// faults are reported already.
	bad      map[string]bool
	spans    []span // times that digests cover, in order
	restarts []span // between the end of a chain and its new start
}

// span is a time from one instant to another.
type span struct{ from, to time.Time }

// arrive takes the next digest of the chain.
func (v *verifier) arrive(c *chain, n *node) {
	if n.fault != nil {
		c.bad[n.object.Key] = true
		v.faulty[path.Base(n.object.Key)] = true
		v.emit(n.result(n.fault))
		return
	}
	v.anchored(n)
	v.follow(c, n)
	c.cover(n)
	v.settle(c.head, n)
	c.head, c.bad = n, map[string]bool{}
	if c.first == nil {
		first := *n
		c.first = &first
		c.first.digest = nil
		c.starts = n.digest.IsStarting()
	}
}

func (n *node) result(f *fault) Result {
	r := Result{State: Valid, Object: DigestFile, Chain: n.chain, Key: n.object.Key, From: n.start, To: n.end}
	if f != nil {
		r.State, r.Check, r.Reason, r.Expected, r.Found = f.state, f.check, f.reason, f.expected, f.found
	}
	return r
}

// cover adds the time of a digest to those covered. The spans stay in order,
// whatever digests say: one that is earlier than the last is left out.
func (c *chain) cover(n *node) {
	last := len(c.spans) - 1
	switch {
	case last < 0 || n.start.After(c.spans[last].to):
		c.spans = append(c.spans, span{n.start, n.end})
	case !n.start.Before(c.spans[last].from) && n.end.After(c.spans[last].to):
		c.spans[last].to = n.end
	}
}

// follow reports what is missing between the newest digest and the next one.
func (v *verifier) follow(c *chain, n *node) {
	switch {
	case c.id.Backfill: // these need not follow each other
	case c.head == nil && n.digest.IsStarting():
	case c.head == nil:
		v.headMissing(c, n)
	case n.digest.IsStarting():
		c.restarts = append(c.restarts, span{c.head.end, n.start})
	case *n.digest.PreviousDigestS3Object != c.head.remote():
		v.between(c, n)
	case n.start.After(c.head.end):
		v.emit(Result{State: Unverifiable, Object: Hours, Chain: c.id, Check: CheckContinuity, From: c.head.end, To: n.start,
			Reason: "no digest covers this time, though the chain is unbroken"})
	}
}

// headMissing reports the predecessor of the oldest digest, unless it was not
// asked for.
func (v *verifier) headMissing(c *chain, n *node) {
	key, known := n.place.key(*n.digest.PreviousDigestS3Object)
	if !known {
		key = *n.digest.PreviousDigestS3Object
	}
	if c.bad[key] || !v.opts.Since.IsZero() && !n.start.After(v.opts.Since) {
		return
	}
	v.emit(Result{State: v.retained(n.start), Object: DigestFile, Chain: c.id, Key: key, Check: CheckHead, To: n.start,
		Reason: "not in the archive, as all digests before it: removed by retention rules or by hand"})
}

// retained is the state of an object of the oldest end that is not in the
// archive.
func (v *verifier) retained(at time.Time) State {
	if v.opts.Retention > 0 && at.After(v.opts.Now.Add(-v.opts.Retention)) {
		return Missing
	}
	return Expired
}

// between reports each digest that is missing before n, by the key that it had.
func (v *verifier) between(c *chain, n *node) {
	last := *n.digest.PreviousDigestS3Object
	if here, ok := n.place.key(last); ok {
		last = here
	}
	lost := func(key string, from, to time.Time) {
		if !c.bad[key] {
			v.emit(Result{State: Missing, Object: DigestFile, Chain: c.id, Key: key, Check: CheckContinuity,
				Reason: "not in the archive", From: from, To: to})
		}
	}
	const most = 24 * 366 // of one gap, which hostile times could make any number
	for i, from := 0, c.head.end; from.Before(n.start) && i < most; i++ {
		to := from.Add(time.Hour)
		if !to.Before(n.start) {
			lost(last, from, n.start)
			return
		}
		lost(keyAt(n, to), from, to)
		from = to
	}
	lost(last, time.Time{}, n.start)
}

// keyAt is the key of the digest that ended at another time.
func keyAt(n *node, end time.Time) string {
	k := n.object.Info
	k.Day, k.Delivered = time.Time{}, end
	if k.Flat || k.Name != "" {
		return strings.Replace(n.object.Key, n.end.UTC().Format(archive.DigestTime), end.UTC().Format(archive.DigestTime), 1)
	}
	return k.String()
}

// settle decides about a digest by its own signature and by what its successor
// says of it, and then about the log files that it lists. next is nil if there
// is no successor. It returns the digest's state.
func (v *verifier) settle(n, next *node) State {
	if n == nil {
		return ""
	}
	f := v.judge(n, next)
	if f == nil {
		f = n.changed
	}
	r := n.result(f)
	if f != nil && f.check == CheckMetadata && f.state == Tampered {
		r.Reason += "; its content is proven by its successor"
	}
	v.emit(r)
	v.logFiles(n, r.State == Valid || r.Check == CheckMetadata && r.State == Tampered, r.State == Tampered)
	n.digest.LogFiles = nil // the list is long
	return r.State
}

// judge returns why a digest is not valid, or nil.
func (v *verifier) judge(n, next *node) *fault {
	if next == nil || next.digest.IsStarting() || *next.digest.PreviousDigestS3Object != n.remote() {
		return n.own()
	}
	if *next.digest.PreviousDigestS3Bucket != n.digest.DigestS3Bucket {
		return &fault{state: Tampered, check: CheckLocation, reason: "its successor names another bucket",
			expected: *next.digest.PreviousDigestS3Bucket, found: n.digest.DigestS3Bucket}
	}
	if hash := *next.digest.PreviousDigestHashValue; !strings.EqualFold(hash, n.hash) && (next.proof == proven || n.proof != proven) {
		return &fault{state: Tampered, check: CheckLinkHash, reason: "its successor names another hash", expected: hash, found: n.hash}
	}
	signature := *next.digest.PreviousDigestSignature
	linked, why := v.prove(n, signature, n.end)
	switch {
	case linked == proven && n.proof == disproved:
		return &fault{state: Tampered, check: CheckMetadata, reason: n.doubt, expected: signature, found: n.signature}
	case linked == proven:
		return nil
	case n.proof == proven:
		return &fault{state: Tampered, check: CheckLinkSigned, reason: "its successor names another signature",
			expected: signature, found: n.signature}
	case linked == keyless && next.proof == proven: // and the hash is equal
		return nil
	case linked == keyless:
		return &fault{state: Unverifiable, check: CheckKey, reason: why}
	}
	return &fault{state: Tampered, check: CheckSignature, reason: why}
}

// own is the fault of a digest by its own signature alone.
func (n *node) own() *fault {
	switch n.proof {
	case proven:
		return nil
	case disproved:
		return &fault{state: Tampered, check: CheckSignature, reason: n.doubt}
	case keyless:
		return &fault{state: Unverifiable, check: CheckKey, reason: n.doubt}
	}
	return &fault{state: Unverifiable, check: CheckMetadata, reason: n.doubt}
}

// tail reports the hours after the newest digest that should have one by now.
// newest is the time up to which the archive is known to go.
func (v *verifier) tail(c *chain, newest time.Time) {
	if c.head == nil || c.id.Backfill {
		return
	}
	end := c.head.end
	if stop, ok := v.stopAfter(c.id, end); ok && stop.Before(end.Add(time.Hour)) {
		return
	}
	missing := newest.Sub(end) / time.Hour
	if missing < 1 {
		return
	}
	r := Result{State: Missing, Object: Hours, Chain: c.id, Check: CheckTail, From: end, To: end.Add(missing * time.Hour),
		Reason: fmt.Sprintf("the newest digest ends %s; %d later ones are not in the archive", end.UTC().Format(time.RFC3339), missing)}
	if missing == 1 {
		r.State, r.Reason = Pending, "the next digest is not in the archive yet"
	}
	v.emit(r)
}
