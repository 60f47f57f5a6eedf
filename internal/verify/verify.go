package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/anchor"
)

// Source is an archive with what S3 keeps beside each object.
type Source interface {
	archive.Source
	// Fetch is Open, and returns the attributes of the object. They are empty where
	// the archive is a copy that lost them.
	Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error)
}

// digestDelay is how long after the end of its hour a digest may be delivered
// before it counts as missing.
const digestDelay = time.Hour

// verifier is the state of a run. Its maps belong to the goroutine that takes
// objects in order.
type verifier struct {
	ctx       context.Context
	opts      Options
	source    Source
	keys      *Keys
	unpackers unpackers
	slots     chan struct{}
	tasks     chan task
	bytes     atomic.Int64 // uncompressed, of log files
	absent    atomic.Int64

	chains map[Chain]*chain
	byLane map[lane][]*chain
	lanes  map[lane]*delivery
	kinds  map[archive.Kind]bool // of log files that some digest lists
	newest time.Time             // delivery of the newest object

	anchorsSeen bool // some digest of the archive is in the anchor log

	faulty map[string]bool // names of digests that are there and cannot be used
	heads  []anchor.Head   // the newest digests of all chains, where they are valid

	stopsMu   sync.Mutex
	stops     []stop
	explained int64 // new starts of chains that an event explains
	ignored   int64 // objects that are neither log files nor digests
	liveNotes []string
	copies    sync.Map // names of the buckets that digests were delivered to instead
}

// item is an object of the listing; of a digest with its content, soon.
type item struct {
	object archive.Object
	digest <-chan *node
}

// Run verifies an archive and calls handle with the result of each object, from
// one goroutine and in order of delivery as far as possible. It stops at an error
// of handle, of the listing or of ctx.
func Run(ctx context.Context, source Source, keys *Keys, opts Options, handle func(Result) error) (*Summary, error) {
	group, ctx := errgroup.WithContext(ctx)
	v := &verifier{
		ctx: ctx, opts: opts, source: source, keys: keys,
		slots: make(chan struct{}, max(1, opts.Workers)), tasks: make(chan task, 4*max(1, opts.Workers)),
		chains: map[Chain]*chain{}, byLane: map[lane][]*chain{}, lanes: map[lane]*delivery{}, kinds: map[archive.Kind]bool{},
		faulty: map[string]bool{},
	}
	items := make(chan item, 2*max(1, opts.Workers))
	group.Go(func() error {
		defer close(items)
		return v.list(items)
	})
	group.Go(func() error {
		defer close(v.tasks)
		return v.order(items)
	})
	sum := newSummary()
	group.Go(func() error { return v.report(sum, handle) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	v.complete(sum)
	return sum, nil
}

// list lists the archive and begins to read its digests.
func (v *verifier) list(items chan<- item) error {
	filter := archive.Filter{Accounts: v.opts.Accounts, Regions: v.opts.Regions, Since: v.opts.Since}
	if !v.opts.Until.IsZero() {
		filter.Until = v.opts.Until.Add(time.Hour + digestDelay) // when the last digest is delivered
	}
	return v.source.List(v.ctx, filter, func(o archive.Object) error {
		it := item{object: o}
		if v.isDigest(o) {
			done := make(chan *node, 1)
			it.digest = done
			if !v.acquire() {
				return context.Cause(v.ctx)
			}
			go func() {
				defer v.release()
				done <- v.fetch(v.ctx, o)
			}()
		}
		select {
		case items <- it:
			return nil
		case <-v.ctx.Done():
			return context.Cause(v.ctx)
		}
	})
}

// isDigest reports whether an object is a digest of a chain that is verified.
func (v *verifier) isDigest(o archive.Object) bool {
	return o.Info.Kind == archive.Digest && o.Skip == archive.SkipDigest && o.Info.Trail != "" && v.selected(o.Info)
}

func (v *verifier) selected(k archive.Key) bool { return v.selectedTrail(k.Trail, k.HomeRegion) }

func (v *verifier) selectedTrail(name, home string) bool {
	return len(v.opts.Trails) == 0 || slices.ContainsFunc(v.opts.Trails, func(t Trail) bool {
		return t.Name == name && (t.HomeRegion == "" || t.HomeRegion == home)
	})
}

// order takes the objects of the listing in their order.
func (v *verifier) order(items <-chan item) error {
	v.checkpoints()
	for it := range items {
		if err := v.take(it); err != nil {
			return err
		}
		if v.ctx.Err() != nil {
			return context.Cause(v.ctx)
		}
	}
	if v.ctx.Err() != nil {
		return context.Cause(v.ctx)
	}
	return v.finish()
}

func (v *verifier) take(it item) error {
	o := it.object
	if at := o.Info.Delivered; at.After(v.newest) {
		v.newest = at
	}
	switch {
	case it.digest != nil:
		select {
		case n := <-it.digest:
			v.arrive(v.chain(n.chain), n)
			if n.fault == nil {
				v.listed(n)
			}
		case <-v.ctx.Done():
			return context.Cause(v.ctx)
		}
	case o.Err != nil && (o.Info.Account == "" || strings.HasSuffix(o.Key, "/")): // else reading it tells the same
		f := accessFault(o.Err)
		v.emit(Result{State: f.state, Object: LogFile, Chain: chainOf(o.Info), Key: o.Key, Check: f.check, Reason: f.reason})
	case o.Skip != "" || o.Info.Account == "" || o.Info.Region == "":
		if o.Skip == "" || o.Skip == archive.SkipDigest && v.selected(o.Info) {
			v.ignored++
		}
	case len(v.opts.Trails) == 0: // else digests of other trails may list it
		v.found(o)
	}
	return nil
}

func (v *verifier) chain(id Chain) *chain {
	c := v.chains[id]
	if c == nil {
		c = &chain{id: id, bad: map[string]bool{}}
		v.chains[id] = c
		v.byLane[id.lane()] = append(v.byLane[id.lane()], c)
	}
	return c
}

// finish decides what only the end of the listing can tell.
func (v *verifier) finish() error {
	chains := v.sorted()
	for _, c := range chains {
		head := c.head
		if v.settle(c, nil); head != nil && head == c.head && head.state == Valid {
			v.heads = append(v.heads, c.head.anchor())
		}
	}
	v.wait() // the events that explain a new start are in the log files
	if v.opts.Extract {
		v.unanchored(chains)
		v.coverLanes()
		return nil
	}
	v.tails(chains)
	v.coverLanes()
	return v.unseen()
}

// sorted returns the chains in a stable order.
func (v *verifier) sorted() []*chain {
	var list []*chain
	for _, c := range v.chains {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *chain) int { return a.id.Compare(b.id) })
	return list
}

// reached is the time up to which each chain must have digests.
func (v *verifier) reached() time.Time {
	end := v.newestDigest()
	if v.opts.Live && !v.opts.Now.IsZero() {
		end = v.opts.Now.Add(-digestDelay)
	}
	if u := v.opts.Until; !u.IsZero() && (!v.opts.Live || u.Before(end)) {
		end = u
	}
	return end
}

// newestDigest is the end of the newest digest of all chains.
func (v *verifier) newestDigest() time.Time {
	var valid, any time.Time
	for _, c := range v.chains {
		if c.head == nil {
			continue
		}
		if c.head.end.After(any) {
			any = c.head.end
		}
		if c.head.state == Valid && c.head.end.After(valid) {
			valid = c.head.end
		}
	}
	if valid.IsZero() {
		return any
	}
	return valid // what is not proven could name any time
}

// coverLanes reports the log files that are in no digest.
func (v *verifier) coverLanes() {
	var lanes []lane
	for l := range v.lanes {
		lanes = append(lanes, l)
	}
	slices.SortFunc(lanes, func(a, b lane) int {
		return cmp.Or(strings.Compare(a.prefix, b.prefix), strings.Compare(a.organization, b.organization),
			strings.Compare(a.account, b.account), strings.Compare(a.region, b.region))
	})
	for _, l := range lanes {
		d := v.lanes[l]
		var keys []string
		for key := range d.unlisted {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			v.unlisted(l, d, key, d.unlisted[key])
		}
		v.beforeFirst(l, d.before)
	}
}

// beforeFirst reports the log files of a lane that were delivered before its
// first digest, or that no chain lists at all.
func (v *verifier) beforeFirst(l lane, files unproven) {
	if files.files == 0 {
		return
	}
	r := Result{State: Unverifiable, Object: LogFile, Check: CheckListed, From: files.from, To: files.to, Files: files.files,
		Chain:  Chain{Prefix: l.prefix, Organization: l.organization, Account: l.account, Region: l.region},
		Reason: "delivered before the first digest"}
	var first *node
	for _, c := range v.byLane[l] {
		if c.first != nil && !c.id.Backfill && (first == nil || c.first.start.Before(first.start)) {
			first = c.first
		}
	}
	switch {
	case first == nil && len(v.chains) == 0:
		r.Object, r.Check, r.Reason = WholeChain, CheckChainExists, "the archive has no digests"
	case first == nil && slices.ContainsFunc(v.byLane[l], func(c *chain) bool { return !c.id.Backfill }):
		r.Reason = "no digest of this account and Region is valid"
	case first == nil:
		r.State, r.Object, r.Check = Missing, WholeChain, CheckChainExists
		r.Reason = "no chain of digests for this account and Region, though others have one"
	case files.from.After(first.start.Add(-25 * time.Hour)):
		// Retention rules remove whole days, so a day may be gone in part.
		r.State, r.Reason = Expired, "their digests are not in the archive: removed by retention rules or by hand"
	}
	v.emit(r)
}

// acquire waits for a slot to read an object. It reports false when the run is
// cancelled.
func (v *verifier) acquire() bool {
	select {
	case v.slots <- struct{}{}:
		return true
	case <-v.ctx.Done():
		return false
	}
}

func (v *verifier) release() { <-v.slots }

// wait waits until nothing is read.
func (v *verifier) wait() {
	for range cap(v.slots) {
		if !v.acquire() {
			return
		}
	}
	for range cap(v.slots) {
		v.release()
	}
}

// emit passes a result on.
func (v *verifier) emit(r Result) { v.enqueue(task{result: r}) }

func (v *verifier) enqueue(t task) {
	select {
	case v.tasks <- t:
	case <-v.ctx.Done():
	}
}

// ErrNoArchive reports an archive in which nothing could be verified.
var ErrNoArchive = errors.New("neither digests nor log files found")

// Compare orders chains by prefix, organization, account, Region and trail.
func (c Chain) Compare(d Chain) int {
	backfill := 0
	if c.Backfill != d.Backfill {
		backfill = 1
		if d.Backfill {
			backfill = -1
		}
	}
	return cmp.Or(strings.Compare(c.Prefix, d.Prefix), strings.Compare(c.Organization, d.Organization),
		strings.Compare(c.Account, d.Account), strings.Compare(c.Region, d.Region),
		strings.Compare(c.Trail, d.Trail), strings.Compare(c.HomeRegion, d.HomeRegion), backfill)
}

// String returns the chain in words: trail, account and Region.
func (c Chain) String() string {
	s := fmt.Sprintf("account %s in %s", cmp.Or(c.Account, "unknown"), c.Region)
	if c.Trail != "" {
		s = fmt.Sprintf("trail %q of %s, %s", c.Trail, c.HomeRegion, s)
	}
	if c.Backfill {
		s += ", backfill"
	}
	return s
}
