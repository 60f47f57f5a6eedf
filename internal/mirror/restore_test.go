package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/mirror"
)

// coldBucket is a bucket of which some objects are in cold storage.
type coldBucket struct {
	*bucket
	cold      map[string]string // class by key
	restoring map[string]bool

	mu    sync.Mutex
	asked map[string]int
	err   error // of asking
	stop  func()
}

func (b *coldBucket) List(ctx context.Context, f archive.Filter, yield func(archive.Object) error) error {
	return b.bucket.List(ctx, f, func(o archive.Object) error {
		o.Cold, o.Restoring = b.cold[o.Key], b.restoring[o.Key]
		return yield(o)
	})
}

func (b *coldBucket) Restore(_ context.Context, key string, days int32, tier string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stop != nil {
		b.stop()
	}
	if b.err != nil {
		return false, b.err
	}
	b.asked[fmt.Sprintf("%s %d %s", key, days, tier)]++
	return b.asked[fmt.Sprintf("%s %d %s", key, days, tier)] > 1, nil
}

func TestRestore(t *testing.T) {
	b := &coldBucket{bucket: newBucket(20), cold: map[string]string{}, restoring: map[string]bool{}, asked: map[string]int{}}
	opts := mirror.Options{Dir: t.TempDir(), Workers: 3}
	keys := make([]string, 0, len(b.objects))
	for key := range b.objects {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	only := newBucket(0) // the first two are in the mirror already
	for _, key := range keys[:2] {
		only.objects[key] = b.objects[key]
	}
	run(t, only, opts.Dir)
	want := mirror.Cold{}
	for i, key := range keys[:12] {
		b.cold[key] = []string{"GLACIER", "DEEP_ARCHIVE"}[i%2]
		if b.restoring[key] = i == 5; i >= 2 && i != 5 {
			c := want[b.cold[key]]
			want[b.cold[key]] = mirror.ColdClass{Objects: c.Objects + 1, Bytes: c.Bytes + int64(len(b.objects[key]))}
		}
	}
	cold, err := mirror.FindCold(t.Context(), b, opts)
	if diff := cmp.Diff(want, cold); diff != "" || err != nil || cold.Total().Objects != 9 {
		t.Errorf("%v %s", err, diff)
	}
	for i, want := range []mirror.Asked{{Asked: 9}, {Before: 9}} {
		done, err := mirror.Restore(t.Context(), b, opts, 7, mirror.Bulk)
		if err != nil || done.Asked != want.Asked || done.Before != want.Before || done.Failed != 0 {
			t.Errorf("run %d: %+v (%v)", i, *done, err)
		}
	}
	b.err = fmt.Errorf("restore: %w", fs.ErrPermission)
	done, err := mirror.Restore(t.Context(), b, opts, 7, mirror.Bulk)
	if err != nil || done.Failed != 9 || len(done.Failures) != 9 || !done.Failures[0].Denied {
		t.Errorf("denied: %+v (%v)", *done, err)
	}
}

// An interrupted run says what was asked.
func TestRestoreStopped(t *testing.T) {
	b := &coldBucket{bucket: newBucket(20), cold: map[string]string{}, asked: map[string]int{}}
	for key := range b.objects {
		b.cold[key] = "GLACIER"
	}
	ctx, cancel := context.WithCancel(t.Context())
	left := 5
	b.stop = func() {
		if left--; left == 0 {
			cancel()
		}
	}
	done, err := mirror.Restore(ctx, b, mirror.Options{Dir: t.TempDir(), Workers: 1}, 1, mirror.Bulk)
	if !errors.Is(err, context.Canceled) || done.Asked != int64(len(b.asked)) || done.Asked < 5 || done.Asked > 7 {
		t.Errorf("%+v of %d (%v)", *done, len(b.asked), err)
	}
}

func TestEstimate(t *testing.T) {
	const gigabyte = 1 << 30
	cold := mirror.Cold{"GLACIER": {Objects: 2000, Bytes: 10 * gigabyte}, "DEEP_ARCHIVE": {Objects: 1000, Bytes: 20 * gigabyte}}
	for tier, want := range map[mirror.Tier]float64{
		mirror.Bulk:     20*0.0025 + 0.025 + 30*0.023,
		mirror.Standard: 10*0.01 + 2*0.05 + 20*0.02 + 0.1 + 30*0.023,
	} {
		if got, err := cold.Estimate(30, tier); err != nil || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s costs %f, want %f (%v)", tier, got, want, err)
		}
	}
	if _, err := cold.Estimate(30, mirror.Expedited); err == nil || err.Error() != "tier Expedited does not restore objects of class DEEP_ARCHIVE" {
		t.Errorf("error is %v", err)
	}
	if got, err := (mirror.Cold{}).Estimate(1, mirror.Expedited); got != 0 || err != nil {
		t.Errorf("nothing costs %f (%v)", got, err)
	}
}
