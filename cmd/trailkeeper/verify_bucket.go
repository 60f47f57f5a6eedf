package main

import (
	"context"
	"fmt"
	"time"

	"github.com/cerpac/trailkeeper/internal/trailstatus"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// askServices sets what can be asked about the bucket, and notes what cannot.
func (o *verifyOptions) askServices(ctx context.Context) {
	if o.bucket == nil {
		return
	}
	o.check.Bucket = o.bucket.Bucket()
	if !o.live {
		return
	}
	o.check.Status = trailStatus{trailstatus.New(o.s3.Profile)}
	if o.days > 0 {
		return
	}
	rules, err := o.bucket.Lifecycle(ctx)
	if err != nil {
		o.notes = append(o.notes, fmt.Sprintf("what the bucket's lifecycle rules remove is not known, which needs s3:GetLifecycleConfiguration: %v", err))
		return
	}
	o.check.Expires = func(key string, delivered time.Time) bool { return rules.Expires(key, delivered, o.check.Now) }
}

// trailStatus is what CloudTrail says, for a verification.
type trailStatus struct{ client *trailstatus.Client }

func (s trailStatus) Regions(ctx context.Context, near string) ([]string, error) {
	return s.client.Regions(ctx, near)
}

func (s trailStatus) Deliveries(ctx context.Context, region string) (verify.Deliveries, error) {
	account, trails, err := s.client.Trails(ctx, region)
	told := verify.Deliveries{Account: account, Trails: map[verify.Trail]verify.Delivery{}}
	for _, t := range trails {
		told.Trails[verify.Trail{Name: t.Name, HomeRegion: t.HomeRegion}] = verify.Delivery{
			Bucket: t.Bucket, Validation: t.Validation, Logging: t.Logging, Stopped: t.Stopped, Digest: t.Digest, DigestError: t.DigestError,
		}
	}
	return told, err
}

// protection says what the bucket of a damaged archive does to keep its objects.
func (o *verifyOptions) protection(ctx context.Context, sum *verify.Summary) []string {
	if o.bucket == nil || !sum.Bad() {
		return nil
	}
	p, err := o.bucket.Protection(ctx)
	if err != nil {
		return []string{"it is not known how the bucket keeps its objects: " + err.Error()}
	}
	return []string{"the bucket: " + p.String()}
}
