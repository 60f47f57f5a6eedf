package verify_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// status is what CloudTrail says, by Region.
type status map[string]verify.Deliveries

func (s status) Deliveries(_ context.Context, region string) (verify.Deliveries, error) {
	d, ok := s[region]
	if !ok {
		return d, fmt.Errorf("describe trails in %s: %w", region, fs.ErrPermission)
	}
	return d, nil
}

// Regions are none besides those that the archive names.
func (status) Regions(context.Context, string) ([]string, error) { return nil, nil }

// enabled is a status of an account that has more Regions enabled; err is why they are
// not known.
type enabled struct {
	status
	regions []string
	err     error
}

func (e enabled) Regions(context.Context, string) ([]string, error) { return e.regions, e.err }

// A Region of which the archive has nothing is asked if the account has it enabled.
func TestLiveAsksEachEnabledRegion(t *testing.T) {
	whole, b := eightHours(t)
	told := statusOf(verify.Delivery{Logging: true, Digest: b.end})
	told["eu-north-1"] = told[region]
	told["eu-south-1"] = verify.Deliveries{Account: account}
	check := func(e enabled, want []string, notes int) {
		t.Helper()
		bad, sum := run(t, whole, keys(), verify.Options{Now: b.end, Services: verify.Services{Bucket: bucket, Status: e}})
		if diff := cmp.Diff(want, lines(bad)); diff != "" || len(sum.Notes) != notes {
			t.Errorf("%s%q", diff, sum.Notes)
		}
	}
	check(enabled{told, []string{region, "eu-north-1", "eu-south-1"}, nil}, []string{"missing chain chain-exists 00:00-00:00"}, 0)
	check(enabled{told, []string{region, "eu-south-1"}, nil}, nil, 0)
	check(enabled{told, []string{region, "eu-west-9"}, nil}, []string{"denied chain tail 00:00-00:00"}, 0)
	check(enabled{told, nil, fs.ErrPermission}, nil, 1)
}

func statusOf(d verify.Delivery) status {
	d.Bucket, d.Validation = bucket, true
	return status{region: {Account: account, Trails: map[verify.Trail]verify.Delivery{{Name: "main", HomeRegion: region}: d}}}
}

// fetched adds the time at which S3 says that an object was written.
type fetched struct {
	memory
	modified map[string]time.Time
}

func (f fetched) Fetch(ctx context.Context, o archive.Object) (body io.ReadCloser, a archive.Attributes, err error) {
	body, a, err = f.memory.Fetch(ctx, o)
	a.Modified = f.modified[o.Key]
	return body, a, err
}

func TestLiveTail(t *testing.T) {
	whole, b := eightHours(t)
	cut := whole.clone()
	for _, key := range b.digests[5:] {
		delete(cut, key)
	}
	for _, key := range b.logs {
		if k, _ := archive.ParseKey(key); k.Delivered.After(begin.Add(5 * time.Hour)) {
			delete(cut, key)
		}
	}
	one := cut.clone()
	one[b.digests[5]], one[b.digests[6]] = whole[b.digests[5]], whole[b.digests[6]]
	for _, key := range b.logs {
		if k, _ := archive.ParseKey(key); k.Delivered.Before(begin.Add(7 * time.Hour)) {
			one[key] = whole[key]
		}
	}
	end := b.end
	other := statusOf(verify.Delivery{Logging: true, Digest: end.Add(-9 * time.Hour)})
	other[region] = verify.Deliveries{Account: "999999999999", Trails: other[region].Trails}
	for _, test := range []struct {
		name string
		m    memory
		late bool // S3 says that the newest digest came with the last delivery
		at   time.Time
		d    status
		want []string
	}{
		{name: "as new as CloudTrail says", m: whole, at: end.Add(30 * time.Minute), d: statusOf(verify.Delivery{Logging: true, Digest: end.Add(9 * time.Minute)})},
		{"three are gone", cut, false, end.Add(30 * time.Minute), statusOf(verify.Delivery{Logging: true, Digest: end.Add(9 * time.Minute)}),
			[]string{"missing hours tail 05:01-08:01"}},
		{"three are gone, and the newest was written again", cut, true, end.Add(30 * time.Minute), statusOf(verify.Delivery{Logging: true, Digest: end.Add(9 * time.Minute)}),
			[]string{"missing hours tail 05:01-08:01"}},
		{"three are gone, and logging was stopped", cut, false, end.AddDate(0, 0, 9), statusOf(verify.Delivery{Stopped: end, Digest: end.Add(9 * time.Minute)}),
			[]string{"missing hours tail 05:01-08:01"}},
		{"one is gone", one, false, end.Add(30 * time.Minute), statusOf(verify.Delivery{Logging: true, Digest: end.Add(9 * time.Minute)}),
			[]string{"missing hours tail 07:01-08:01"}},
		{"the newest was delivered late", one, true, end.Add(30 * time.Minute), statusOf(verify.Delivery{Logging: true, Digest: end.Add(9 * time.Minute)}),
			[]string{"pending hours tail 07:01-08:01"}},
		{name: "logging was stopped", m: whole, at: end.AddDate(0, 0, 9), d: statusOf(verify.Delivery{Stopped: end, Digest: end.Add(9 * time.Minute)})},
		{"delivery fails", whole, false, end.AddDate(0, 0, 1), statusOf(verify.Delivery{Logging: true, Digest: end.Add(9 * time.Minute), DigestError: "AccessDenied"}),
			[]string{"unverifiable hours tail 08:01-08:01"}},
		{"CloudTrail knows of no digest", whole, false, end, statusOf(verify.Delivery{Logging: true}),
			[]string{"unverifiable hours tail 08:01-08:01"}},
		{"a trail of another account", whole, false, end.Add(4 * time.Hour), other, []string{"missing chain chain-exists 00:00-00:00", "missing hours tail 08:01-11:01"}},
		{"not permitted", whole, false, end.Add(30 * time.Minute), status{}, []string{"denied chain tail 00:00-00:00"}},
		{"everything is gone", memory{}, false, end, statusOf(verify.Delivery{Logging: true, Digest: end}), []string{"missing chain chain-exists 00:00-00:00"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := fetched{test.m, map[string]time.Time{}}
			for key := range test.m {
				if m.modified[key] = end.AddDate(0, 0, -1); test.late {
					m.modified[key] = end.Add(8 * time.Minute)
				}
			}
			opts := verify.Options{Live: true, Now: test.at, Services: verify.Services{Bucket: bucket, Status: test.d}}
			if len(test.m) == 0 {
				opts.Regions = []string{region}
			}
			bad, _ := run(t, m, keys(), opts)
			if diff := cmp.Diff(test.want, lines(bad)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A digest of another bucket is a copy, unless the bucket is said to be the trail's.
func TestAnotherBucket(t *testing.T) {
	whole, b := eightHours(t)
	opts := verify.Options{Now: b.end, Services: verify.Services{Bucket: "replica"}}
	bad, sum := run(t, whole, keys(), opts)
	if want := []string{`digests were delivered to bucket "example-logs": bucket "replica" is a copy`}; len(bad) > 0 || !slices.Equal(sum.Notes, want) {
		t.Errorf("a copy: %q, notes %q", lines(bad), sum.Notes)
	}
	opts.Status = statusOf(verify.Delivery{Logging: true, Digest: b.end})
	if _, sum := run(t, whole, keys(), opts); sum.Digests[verify.Tampered] != int64(len(b.digests)) {
		t.Errorf("not the trail's bucket: %v", sum.Digests)
	}
	opts.Bucket = bucket
	if bad, sum := run(t, whole, keys(), opts); len(bad) > 0 || len(sum.Notes) > 0 {
		t.Errorf("the trail's bucket: %q, notes %q", lines(bad), sum.Notes)
	}
}

// The digest before a trail moved to this bucket is named.
func TestMovedFromElsewhere(t *testing.T) {
	m := memory{}
	b := newBuilder(m, "main")
	b.bucket = "old-bucket"
	b.hour(t, 1)
	b.hour(t, 1)
	b.bucket = bucket
	b.hour(t, 1)
	for _, key := range append(b.digests[:2:2], b.logs[:2]...) {
		delete(m, key)
	}
	bad, sum := run(t, m, keys(), verify.Options{})
	if diff := cmp.Diff([]string{"unverifiable hours head 00:00-02:01"}, lines(bad)); diff != "" || sum.Bad() {
		t.Error(diff)
	}
	want := `before 2026-01-05T02:01:31Z of trail "main" of eu-central-1, account 111122223333 in eu-central-1: ` +
		"the trail delivered to another bucket before: the digest before this time is s3://old-bucket/" + b.digests[1]
	if len(bad) == 1 && !strings.HasSuffix(bad[0].Line(), want) {
		t.Errorf("line is %s\nwant ... %s", bad[0].Line(), want)
	}
}

// A missing head has expired only if a rule explains it.
func TestLifecycleExplainsTheHead(t *testing.T) {
	whole, b := eightHours(t)
	m := whole.clone()
	for _, key := range b.digests[:3] {
		delete(m, key)
	}
	for _, key := range b.logs {
		if k, _ := archive.ParseKey(key); k.Delivered.Before(begin.Add(3 * time.Hour)) {
			delete(m, key)
		}
	}
	for _, explained := range []bool{true, false} {
		opts := verify.Options{Now: b.end, Services: verify.Services{Bucket: bucket, Expires: func(string, time.Time) bool { return explained }}}
		bad, sum := run(t, m, keys(), opts)
		if sum.Bad() == explained || len(bad) != 1 {
			t.Errorf("explained %t: %q", explained, lines(bad))
		}
		opts.Retention = 24 * time.Hour // has precedence
		if _, sum := run(t, m, keys(), opts); !sum.Bad() {
			t.Errorf("explained %t, kept for a day: not bad", explained)
		}
	}
}

// An error that is not a refusal leaves the state open.
func TestLiveUnreadable(t *testing.T) {
	whole, b := eightHours(t)
	opts := verify.Options{Now: b.end, Services: verify.Services{Bucket: bucket, Status: failingStatus{}}}
	bad, sum := run(t, whole, keys(), opts)
	if diff := cmp.Diff([]string{"unreadable chain tail 00:00-00:00"}, lines(bad)); diff != "" || sum.Bad() || !sum.Unknown() {
		t.Error(diff)
	}
}

type failingStatus struct{}

func (failingStatus) Regions(context.Context, string) ([]string, error) { return nil, nil }

func (failingStatus) Deliveries(context.Context, string) (verify.Deliveries, error) {
	return verify.Deliveries{}, errors.New("connection refused")
}
