package verify

import (
	"fmt"
	"maps"
	"path"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/archive"
)

// chain is the state of one chain of digests while an archive is read. A digest is
// decided when the next one is known. One that turns out to be tampered with is no
// part of the chain: nothing follows from what it says.
type chain struct {
	id    Chain
	first *node // the oldest digest in the archive, without its content
	// starts reports that first names no predecessor.
	starts bool
	head   *node // the newest digest, whose result is open until the next one arrives
	before *node // the one before head that is part of the chain, without its content
	// held is before, if head contradicts it and its own signature proves nothing: its
	// result is open until that of head is known.
	held *node
	// bad are the keys after head where a digest is that cannot be used. Their
	// faults are reported already.
	bad      map[string]bool
	spans    []span // times that valid digests cover, in order
	lost     []span // times of digests that are there and prove nothing
	restarts []span // between the end of a chain and its new start
}

// span is a time from one instant to another.
type span struct{ from, to time.Time }

// arrive takes the next digest of the chain.
func (v *verifier) arrive(c *chain, n *node) {
	if n.fault != nil {
		c.lose(n)
		c.bad[n.object.Key] = true
		v.faulty[path.Base(n.object.Key)] = true
		v.emit(n.result(n.fault))
		return
	}
	v.anchored(n)
	if c.intruder(n) {
		c.head.aside = true
		v.conclude(c, c.head, c.head.own())
		c.drop()
	}
	v.settle(c, n)
	n.prior, n.bad = c.head, c.bad
	c.before, c.head, c.bad = c.head, n, map[string]bool{}
}

// intruder reports whether the head is no part of the chain, now that its
// successor is known: it is not proven, and the successor names the one before it.
func (c *chain) intruder(next *node) bool {
	h := c.head
	return h != nil && c.before != nil && h.proof != proven && !next.names(h) && next.names(c.before)
}

// drop takes the head out of the chain.
func (c *chain) drop() {
	bad := c.head.bad
	bad[c.head.object.Key] = true
	maps.Copy(bad, c.bad)
	c.head, c.before, c.held, c.bad = c.before, nil, nil, bad
}

// names reports whether a digest says that another one is its predecessor.
func (n *node) names(p *node) bool {
	return !n.digest.IsStarting() && *n.digest.PreviousDigestS3Object == p.remote()
}

func (n *node) result(f *fault) Result {
	r := Result{State: Valid, Object: DigestFile, Chain: n.chain, Key: n.object.Key, From: n.start, To: n.end}
	if f != nil {
		r.State, r.Check, r.Reason, r.Expected, r.Found = f.state, f.check, f.reason, f.expected, f.found
	}
	return r
}

// widen adds a time to those of a list. It stays in order, whatever digests say: a
// time that is earlier than the last one is left out.
func widen(list []span, from, to time.Time) []span {
	last := len(list) - 1
	switch {
	case last < 0 || from.After(list[last].to):
		return append(list, span{from, to})
	case !from.Before(list[last].from) && to.After(list[last].to):
		list[last].to = to
	}
	return list
}

// lose notes the time of a digest that proves nothing, by its name.
func (c *chain) lose(n *node) {
	from, to := n.object.Info.Delivered.Add(-time.Hour), n.object.Info.Delivered
	if c.id.Backfill { // which lists log files of earlier hours
		from = to.Add(-lateness)
	}
	c.lost = widen(c.lost, from, to)
}

// follow reports what is missing between the digest before a digest and itself.
func (v *verifier) follow(c *chain, n *node) {
	p := n.prior
	switch {
	case c.id.Backfill: // these need not follow each other
	case p == nil && (n.digest.IsStarting() || v.opts.Extract):
	case p == nil:
		v.headMissing(c, n)
	case n.digest.IsStarting():
		c.restarts = append(c.restarts, span{p.end, n.start})
	case !n.names(p) && !n.skips(p):
		v.between(c, n)
	case !n.names(p) && p.state != Valid: // p is reported, and no part of the chain
	case !n.names(p):
		v.emit(Result{State: Unverifiable, Object: Hours, Chain: c.id, Check: CheckContinuity, From: p.start, To: n.start,
			Reason: "the digest after this time names another one than the last of it"})
	case n.start.After(p.end):
		v.emit(Result{State: Unverifiable, Object: Hours, Chain: c.id, Check: CheckContinuity, From: p.end, To: n.start,
			Reason: "no digest covers this time, though the chain is unbroken"})
	}
}

// skips reports whether a digest names a predecessor that is older than another
// digest.
func (n *node) skips(p *node) bool {
	k, _ := archive.ParseKey(*n.digest.PreviousDigestS3Object)
	return !k.Delivered.IsZero() && !k.Delivered.After(p.object.Info.Delivered)
}

// headMissing reports the predecessor of the oldest digest, unless it was not
// asked for.
func (v *verifier) headMissing(c *chain, n *node) {
	key, known := n.place.key(*n.digest.PreviousDigestS3Object)
	if !known {
		key = *n.digest.PreviousDigestS3Object
	}
	if n.bad[key] || !v.opts.Since.IsZero() && !n.start.After(v.opts.Since) {
		return
	}
	if before := *n.digest.PreviousDigestS3Bucket; before != n.digest.DigestS3Bucket {
		v.emit(Result{State: Unverifiable, Object: Hours, Chain: c.id, Check: CheckHead, To: n.start,
			Reason: fmt.Sprintf("the trail delivered to another bucket before: the digest before this time is s3://%s/%s", before, *n.digest.PreviousDigestS3Object)})
		return
	}
	state := v.retained(key, n.start)
	v.emit(Result{State: state, Object: DigestFile, Chain: c.id, Key: key, Check: CheckHead, To: n.start, want: n.namesHash(),
		Reason: "not in the archive, as all digests before it: " + v.lostHead(state)})
}

// between reports each digest that is missing before n, by the key that it had.
func (v *verifier) between(c *chain, n *node) {
	last := *n.digest.PreviousDigestS3Object
	if here, ok := n.place.key(last); ok {
		last = here
	}
	lost := func(key string, from, to time.Time) {
		if n.bad[key] {
			return
		}
		r := Result{State: Missing, Object: DigestFile, Chain: c.id, Key: key, Check: CheckContinuity,
			Reason: "not in the archive", From: from, To: to}
		if key == last {
			r.want = n.namesHash()
		}
		v.emit(r)
	}
	const most = 24 * 366 // of one gap, which hostile times could make any number
	for i, from := 0, n.prior.end; from.Before(n.start) && i < most; i++ {
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

// settle decides about the head by its own signature and by what its successor says
// of it. next is nil if there is no successor.
func (v *verifier) settle(c *chain, next *node) {
	n := c.head
	if n == nil || n.state != "" {
		return
	}
	f, doubtful := v.judge(n, next)
	v.unhold(c, n, f)
	if doubtful {
		n.conflict, c.held = f, n
		return
	}
	v.conclude(c, n, f)
	if n.state == Tampered && !f.contentProven() {
		c.drop()
	}
}

// unhold decides about the digest before n that n contradicts, now that the fault of
// n is known.
func (v *verifier) unhold(c *chain, n *node, f *fault) {
	h := c.held
	if h == nil {
		return
	}
	c.held = nil
	why := h.own()
	if f.contentProven() || f.state != Tampered && h.proof != proven {
		why = h.conflict
	}
	prior := h.prior
	v.conclude(c, h, why)
	if h.state == Tampered && !why.contentProven() {
		c.before, n.prior = prior, prior
		n.bad[h.object.Key] = true
		maps.Copy(n.bad, h.bad)
	}
}

// contentProven reports whether a digest with this fault, or none, says what AWS
// signed.
func (f *fault) contentProven() bool {
	return f == nil || f.check == CheckMetadata && f.state == Tampered
}

// conclude reports a digest, what is missing before it, and the log files that it
// lists.
func (v *verifier) conclude(c *chain, n *node, f *fault) {
	if f == nil {
		f = n.changed
	}
	r := n.result(f)
	n.state = r.State
	good := f.contentProven()
	if !n.aside && (good || r.State == Unverifiable) {
		v.follow(c, n)
		c.begin(n)
	}
	if good {
		c.spans = widen(c.spans, n.start, n.end)
	} else if !n.aside {
		c.lose(n)
	}
	if good && f != nil {
		r.Reason += "; its content is proven by its successor"
	}
	if r.Check == CheckLinkHash {
		r.want = r.Expected
	}
	v.emit(r)
	v.logFiles(n, good, r.State == Tampered)
	n.digest.LogFiles = nil // the list is long
	n.prior = nil           // or each would keep all before it
}

// begin notes the first digest of the chain.
func (c *chain) begin(n *node) {
	if c.first != nil {
		return
	}
	first := *n
	c.first = &first
	c.starts = n.digest.IsStarting()
	c.first.digest = nil
}

// judge returns why a digest is not valid, or nil. It is doubtful if only a
// successor says so that is not proven itself.
func (v *verifier) judge(n, next *node) (f *fault, doubtful bool) {
	if next == nil || !next.names(n) {
		return n.own(), false
	}
	doubtful = next.proof != proven
	if *next.digest.PreviousDigestS3Bucket != n.digest.DigestS3Bucket {
		return &fault{state: Tampered, check: CheckLocation, reason: "its successor names another bucket",
			expected: *next.digest.PreviousDigestS3Bucket, found: n.digest.DigestS3Bucket}, doubtful
	}
	if hash := *next.digest.PreviousDigestHashValue; !strings.EqualFold(hash, n.hash) {
		return &fault{state: Tampered, check: CheckLinkHash, reason: "its successor names another hash", expected: hash, found: n.hash}, doubtful
	}
	signature := *next.digest.PreviousDigestSignature
	linked, why := n.proof, n.doubt
	if n.proof != proven || !strings.EqualFold(signature, n.signature) { // else it is proven by the same signature
		linked, why = v.prove(n, signature, n.end)
	}
	switch {
	case linked == proven && n.proof == disproved:
		return &fault{state: Tampered, check: CheckMetadata, reason: n.doubt, expected: signature, found: n.signature}, false
	case linked == proven:
		return nil, false
	case n.proof == proven:
		return &fault{state: Tampered, check: CheckLinkSigned, reason: "its successor names another signature",
			expected: signature, found: n.signature}, doubtful
	case linked == keyless && next.proof == proven: // and the hash is equal
		return nil, false
	case linked == keyless:
		return &fault{state: Unverifiable, check: CheckKey, reason: why}, false
	}
	return &fault{state: Tampered, check: CheckSignature, reason: why}, doubtful
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
	if missing -= time.Duration(c.badUntil(end, newest)); missing < 1 {
		return
	}
	r := Result{State: Missing, Object: Hours, Chain: c.id, Check: CheckTail, From: end, To: end.Add(missing * time.Hour),
		Reason: fmt.Sprintf("the newest digest ends %s; %d later ones are not in the archive", end.UTC().Format(time.RFC3339), missing)}
	if missing == 1 {
		r.State, r.Reason = Pending, "the next digest is not in the archive yet"
	}
	v.emit(r)
}

// badUntil is the number of digests between two times that are there and cannot be
// used.
func (c *chain) badUntil(from, to time.Time) (n int) {
	for key := range c.bad {
		if k, _ := archive.ParseKey(key); k.Delivered.After(from) && !k.Delivered.After(to) {
			n++
		}
	}
	return n
}
