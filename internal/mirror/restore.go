package mirror

import (
	"context"
	"fmt"
	"hash/maphash"
	"path"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
)

// Tier is how soon a restored object is there, and at what price.
type Tier string

// The tiers of S3.
const (
	Bulk      Tier = "Bulk"      // within 12 hours, or 48 from DEEP_ARCHIVE
	Standard  Tier = "Standard"  // within 5 hours, or 12 from DEEP_ARCHIVE
	Expedited Tier = "Expedited" // within minutes, and not from DEEP_ARCHIVE
)

// The storage classes whose objects must be restored.
const (
	glacier     = "GLACIER"
	deepArchive = "DEEP_ARCHIVE"
)

// ColdSource is an archive whose objects can be asked back.
type ColdSource interface {
	List(ctx context.Context, f archive.Filter, yield func(archive.Object) error) error
	// Restore asks for an object. It reports whether that was asked before.
	Restore(ctx context.Context, key string, days int32, tier string) (before bool, err error)
}

// Cold are the objects in cold storage that a mirror lacks, by storage class.
type Cold map[string]ColdClass

// ColdClass counts objects of one storage class.
type ColdClass struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

// Total returns the counts of all classes.
func (c Cold) Total() (t ColdClass) {
	for _, class := range c {
		t.Objects += class.Objects
		t.Bytes += class.Bytes
	}
	return t
}

// FindCold counts the objects in cold storage that the mirror lacks, except those
// that are being restored.
func FindCold(ctx context.Context, source ColdSource, opts Options) (Cold, error) {
	found := Cold{}
	err := eachCold(ctx, source, opts, func(o archive.Object) error {
		c := found[o.Cold]
		c.Objects++
		c.Bytes += o.Size
		found[o.Cold] = c
		return nil
	})
	return found, err
}

// eachCold lists these objects.
func eachCold(ctx context.Context, source ColdSource, opts Options, yield func(archive.Object) error) error {
	c := &copier{opts: opts, seed: maphash.MakeSeed(), folders: map[string]*folder{}}
	return source.List(ctx, opts.Filter, func(o archive.Object) error {
		if o.Cold == "" || o.Restoring || o.Skip != "" && o.Skip != archive.SkipDigest {
			return nil
		}
		key := archive.EscapeName(o.Key)
		if same, err := c.folder(path.Dir(key)).unchanged(path.Base(key), o); err != nil || same {
			return err
		}
		return yield(o)
	})
}

// Asked is the account of a run of Restore.
type Asked struct {
	Asked  int64 `json:"asked"`
	Before int64 `json:"asked_before"` // by an earlier run, or by others
	Failed int64 `json:"failed"`
	// Failures are the first objects that could not be asked for.
	Failures []Failure `json:"failures,omitempty"`
}

// Restore asks for the objects that FindCold counts. If ctx ends, the account is of
// what was asked until then.
func Restore(ctx context.Context, source ColdSource, opts Options, days int32, tier Tier) (*Asked, error) {
	var mu sync.Mutex
	var done Asked
	report := &copier{report: Report{Reasons: map[string]int64{}}} // gathers failures
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(max(1, opts.Workers) + 1)
	group.Go(func() error {
		return eachCold(working, source, opts, func(o archive.Object) error {
			if working.Err() != nil {
				return context.Cause(working)
			}
			group.Go(func() error {
				before, err := source.Restore(working, o.Key, days, string(tier))
				if opts.Copied != nil {
					opts.Copied(0)
				}
				switch {
				case working.Err() != nil && err != nil:
					return context.Cause(working)
				case err != nil:
					report.fail(o.Key, err)
					return nil
				}
				mu.Lock()
				defer mu.Unlock()
				if before {
					done.Before++
				} else {
					done.Asked++
				}
				return nil
			})
			return nil
		})
	})
	err := group.Wait()
	done.Failed, done.Failures = report.report.Failed, report.report.Failures
	return &done, err
}

// PricesOf says what Estimate computes with.
const PricesOf = "list prices of US East (N. Virginia) as of June 2026, without transfer out of AWS"

// price is what a restored object costs, in US dollars.
type price struct{ gigabyte, thousand float64 }

// storedGigabyte is the price of a month of S3 Standard, where the readable copy is
// kept.
const storedGigabyte = 0.023

// prices are those of the page "Amazon S3 pricing".
func prices(class string, tier Tier) (p price, ok bool) {
	p, ok = map[string]map[Tier]price{
		glacier:     {Bulk: {0, 0}, Standard: {0.01, 0.05}, Expedited: {0.03, 10}},
		deepArchive: {Bulk: {0.0025, 0.025}, Standard: {0.02, 0.1}},
	}[class][tier]
	return p, ok
}

// Estimate returns what it costs to restore objects for some days, in US dollars.
// The error is for objects of a class that a tier does not restore.
func (c Cold) Estimate(days int32, tier Tier) (dollars float64, err error) {
	const gigabyte = 1 << 30
	for class, n := range c {
		p, ok := prices(class, tier)
		if !ok {
			return 0, fmt.Errorf("tier %s does not restore objects of class %s", tier, class)
		}
		size := float64(n.Bytes) / gigabyte
		dollars += size*p.gigabyte + float64(n.Objects)/1000*p.thousand + size*storedGigabyte*float64(days)/30
	}
	return dollars, nil
}
