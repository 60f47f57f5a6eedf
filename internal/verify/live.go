package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/digest"
)

// Delivery is what CloudTrail says of one trail in one Region.
type Delivery struct {
	Bucket     string // that the trail delivers to
	Validation bool   // digests are written
	Logging    bool
	// Digest is when the newest digest was delivered; zero if none was.
	Digest time.Time
	// DigestError is why the last attempt to deliver a digest failed, as a word of S3.
	DigestError string
	Stopped     time.Time // when logging was stopped last; zero for never
}

// Deliveries is what CloudTrail says of the trails of one account in one Region.
type Deliveries struct {
	Account string
	Trails  map[Trail]Delivery
}

// Status is asked what CloudTrail has delivered. An error that matches
// fs.ErrPermission says that it may not be asked.
type Status interface {
	Deliveries(ctx context.Context, region string) (Deliveries, error)
	// Regions returns the Regions that are enabled in the account, given one of the
	// same partition.
	Regions(ctx context.Context, near string) ([]string, error)
}

// Services are what can be asked about a trail's own bucket. Nil stands for what
// cannot.
type Services struct {
	// Bucket is the name of the bucket that is read, if one is. With Status, digests
	// must have been delivered to it; without, it may be a copy of theirs, which a
	// note tells.
	Bucket string
	Status Status
	// Expires reports whether a rule of the bucket removes an object by now, which
	// was delivered at a time.
	Expires func(key string, delivered time.Time) bool
}

// checkBucket checks that a digest was delivered to the bucket that is read.
func (v *verifier) checkBucket(d *digest.Digest) *fault {
	switch {
	case v.opts.Bucket == "" || d.DigestS3Bucket == v.opts.Bucket:
		return nil
	case v.opts.Status != nil:
		return &fault{state: Tampered, check: CheckLocation, reason: "was delivered to another bucket",
			expected: d.DigestS3Bucket, found: v.opts.Bucket}
	}
	v.copies.Store(d.DigestS3Bucket, true)
	return nil
}

// copied says of which buckets the bucket that is read is a copy.
func (v *verifier) copied() (notes []string) {
	v.copies.Range(func(bucket, _ any) bool {
		notes = append(notes, fmt.Sprintf("digests were delivered to bucket %q: bucket %q is a copy", bucket, v.opts.Bucket))
		return true
	})
	slices.Sort(notes)
	return notes
}

// parallelRegions is how many Regions are asked at a time.
const parallelRegions = 8

// regions returns the Regions in which trails may have delivered: those of the options,
// or else those that the archive names and all that the account has enabled. A trail of
// all Regions has digests in each.
func (v *verifier) regions() []string {
	regions := slices.Clone(v.opts.Regions)
	if len(regions) == 0 {
		for l := range v.lanes {
			regions = append(regions, l.region)
		}
		for id := range v.chains {
			regions = append(regions, id.Region, id.HomeRegion)
		}
		for _, t := range v.opts.Trails {
			regions = append(regions, t.HomeRegion)
		}
		slices.Sort(regions)
		regions = slices.DeleteFunc(regions, func(r string) bool { return r == "" })
		near := "us-east-1"
		if len(regions) > 0 {
			near = regions[0]
		}
		enabled, err := v.opts.Status.Regions(v.ctx, near)
		if err != nil {
			v.liveNotes = append(v.liveNotes, "CloudTrail was asked only in the Regions that the archive names: "+err.Error())
		}
		regions = append(regions, enabled...)
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

// ask asks for the deliveries in each Region. What it cannot learn is a result of its
// own.
func (v *verifier) ask() map[string]Deliveries {
	if v.opts.Status == nil {
		return nil
	}
	regions := v.regions()
	answers := make([]Deliveries, len(regions))
	faults := make([]error, len(regions))
	var group errgroup.Group
	group.SetLimit(parallelRegions)
	for i, region := range regions {
		group.Go(func() error {
			answers[i], faults[i] = v.opts.Status.Deliveries(v.ctx, region)
			return nil
		})
	}
	_ = group.Wait() // its functions return nil
	told := map[string]Deliveries{}
	for i, region := range regions {
		if faults[i] == nil {
			told[region] = answers[i]
			continue
		}
		r := Result{State: Unreadable, Object: WholeChain, Chain: Chain{Region: region}, Check: CheckTail,
			Reason: "CloudTrail does not say what it delivered: " + faults[i].Error()}
		if errors.Is(faults[i], fs.ErrPermission) {
			r.State = Denied
		}
		v.emit(r)
	}
	return told
}

// tails reports what is missing after the newest digests of the chains, and the
// chains that are missing as a whole.
func (v *verifier) tails(chains []*chain) {
	reached, told := v.reached(), v.ask()
	for _, c := range chains {
		v.restarted(c)
		region := told[c.id.Region]
		d, ok := region.Trails[Trail{c.id.Trail, c.id.HomeRegion}]
		if ok && region.Account == c.id.Account && (v.opts.Bucket == "" || d.Bucket == v.opts.Bucket) {
			v.liveTail(c, d)
			v.off(c, d)
		} else {
			v.tail(c, reached)
		}
	}
	v.silent(told)
}

// simultaneous is how far apart the clocks of S3 and CloudTrail may tell the same
// delivery.
const simultaneous = 5 * time.Minute

// liveTail compares the newest digest of a chain with what CloudTrail says that it
// delivered last.
func (v *verifier) liveTail(c *chain, d Delivery) {
	if c.head == nil || c.id.Backfill {
		return
	}
	end, last := c.head.end, d.Digest
	if u := v.opts.Until; !u.IsZero() && u.Before(last) {
		last = u
	}
	r := Result{Object: Hours, Chain: c.id, Check: CheckTail, From: end}
	late := c.head.modified.Sub(d.Digest).Abs() <= simultaneous
	switch missing := int(last.Sub(end)/time.Hour) - c.badUntil(end, last); {
	case d.Digest.IsZero():
		r.State, r.To = Unverifiable, v.opts.Now
		r.Reason = "CloudTrail says that it has delivered no digest of this chain"
	case missing == 1 && late: // it may have been delivered an hour late
		r.State, r.To = Pending, end.Add(time.Hour)
		r.Reason = fmt.Sprintf("CloudTrail delivered its newest digest %s, which is when this one came", utc(d.Digest))
	case missing >= 1:
		r.State, r.To = Missing, end.Add(time.Duration(missing)*time.Hour)
		r.Reason = fmt.Sprintf("the newest digest ends %s, and CloudTrail delivered one %s: %d later ones are not in the archive", utc(end), utc(d.Digest), missing)
	case !d.Logging || !d.Validation || !v.opts.Until.IsZero() && !v.opts.Until.After(v.opts.Now):
		return
	case v.opts.Now.Sub(d.Digest) >= time.Hour+digestDelay:
		r.State, r.To = Unverifiable, v.opts.Now
		r.Reason = fmt.Sprintf("the trail is logging, and CloudTrail has delivered no digest since %s", utc(d.Digest))
	default:
		return
	}
	if d.DigestError != "" && r.State != Missing {
		r.Reason += fmt.Sprintf("; the last attempt failed with %s", quoteShort(d.DigestError))
	}
	v.emit(r)
}

// off notes that a chain gets no more digests.
func (v *verifier) off(c *chain, d Delivery) {
	switch {
	case c.id.Backfill:
	case !d.Logging && !d.Stopped.IsZero():
		v.liveNotes = append(v.liveNotes, fmt.Sprintf("%s: logging was stopped %s", c.id, utc(d.Stopped)))
	case !d.Logging:
		v.liveNotes = append(v.liveNotes, fmt.Sprintf("%s: it is not logging", c.id))
	case !d.Validation:
		v.liveNotes = append(v.liveNotes, fmt.Sprintf("%s: it writes no digests any more", c.id))
	}
}

// silent reports the chains that CloudTrail says it has delivered, and of which
// the archive has nothing.
func (v *verifier) silent(told map[string]Deliveries) {
	have := map[Chain]bool{}
	for id := range v.chains {
		have[Chain{Account: id.Account, Region: id.Region, Trail: id.Trail, HomeRegion: id.HomeRegion}] = true
	}
	var lost []Result
	for region, answer := range told {
		for trail, d := range answer.Trails {
			id := Chain{Account: answer.Account, Region: region, Trail: trail.Name, HomeRegion: trail.HomeRegion}
			if have[id] || d.Digest.IsZero() || d.Bucket != v.opts.Bucket || !v.asked(id, d.Digest) {
				continue
			}
			lost = append(lost, Result{State: Missing, Object: WholeChain, Chain: id, Check: CheckChainExists,
				Reason: fmt.Sprintf("CloudTrail delivered a digest of it to this bucket %s, and the archive has none", utc(d.Digest))})
		}
	}
	slices.SortFunc(lost, func(a, b Result) int { return a.Chain.Compare(b.Chain) })
	for _, r := range lost {
		v.emit(r)
	}
}

// asked reports whether a chain with a digest of a time is among what is verified.
func (v *verifier) asked(id Chain, at time.Time) bool {
	o := v.opts
	listed := func(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }
	return listed(o.Accounts, id.Account) && listed(o.Regions, id.Region) && v.selectedTrail(id.Trail, id.HomeRegion) &&
		at.After(o.Since) && (o.Until.IsZero() || at.Before(o.Until))
}

// retained is the state of an object of the oldest end that is not in the archive.
func (v *verifier) retained(key string, at time.Time) State {
	switch {
	case v.opts.Retention > 0:
		if at.After(v.opts.Now.Add(-v.opts.Retention)) {
			return Missing
		}
	case v.opts.Expires != nil && !v.opts.Expires(key, at):
		return Missing
	}
	return Expired
}

// lostHead says why the oldest end of a chain is as it is.
func (v *verifier) lostHead(state State) string {
	switch {
	case v.opts.Retention > 0 || v.opts.Expires == nil:
		return "removed by retention rules or by hand"
	case state == Missing:
		return "no lifecycle rule of the bucket explains it"
	}
	return "a lifecycle rule of the bucket explains it"
}
