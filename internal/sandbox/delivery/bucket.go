package delivery

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

// Object is a file as CloudTrail puts it into a bucket: gzip of JSON, with the ACL
// bucket-owner-full-control.
type Object struct {
	// Account and Region are those of the trail.
	Account, Region string
	Bucket, Key     string
	Body            []byte
	// Metadata is the user metadata without the x-amz-meta- prefix.
	Metadata map[string]string
	// KeyARN is the KMS key to encrypt with, "" for what the bucket does by
	// itself. TrailARN is then part of the encryption context.
	KeyARN   string
	TrailARN string
}

// Objects puts objects into buckets. Putting the same object twice does no harm.
// An error may have an ErrorCode method that gives the one of S3.
type Objects interface {
	Put(ctx context.Context, o Object) error
}

// flush puts what is in the queue into its buckets, in order. After a failure
// nothing more is tried for that place in this pass.
func (c *courier) flush(ctx context.Context) error {
	var left, gone []parcel
	var failed error // that is not a bucket's
	for _, p := range c.Queue {
		done := false
		if failed == nil && c.tries(p) {
			done, failed = c.put(ctx, p)
		}
		if done {
			gone = append(gone, p)
		} else {
			left = append(left, p)
		}
	}
	if len(gone) == 0 {
		return failed
	}
	// The state changes at once, so that no commit has half of it.
	for _, p := range gone {
		c.delivered(p)
	}
	c.Queue, c.dirty = left, true
	if err := c.commit(); err != nil {
		return errors.Join(failed, err)
	}
	for _, p := range gone {
		if err := c.config.files.Remove(c.file(p.File)); err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}

// tries tells whether the place of a parcel did not fail in this pass.
func (c *courier) tries(p parcel) bool {
	code, failed := c.refused[p.place()]
	if failed {
		c.note(p.Region, p.side(), code)
	}
	return !failed
}

// side is the part of the status that tells of the parcel.
func (p parcel) side() func(*trails.Status) *trails.Delivered {
	if p.Log != nil {
		return logs
	}
	return digests
}

// put puts one parcel into its bucket. The error is not the bucket's.
func (c *courier) put(ctx context.Context, p parcel) (done bool, err error) {
	if err := c.commit(); err != nil { // what goes out must be what the state says
		return false, err
	}
	body, err := c.config.files.Read(c.file(p.File))
	if err != nil {
		return false, err
	}
	err = c.admitted(ctx, p)
	if err == nil {
		err = c.config.Objects.Put(ctx, Object{
			Account: c.trail.Account, Region: c.trail.Region, Bucket: p.Bucket, Key: p.Key, Body: body,
			Metadata: p.metadata(), KeyARN: c.trail.KeyARN, TrailARN: c.trail.ARN,
		})
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		c.refused[p.place()] = code(err)
		c.report(p.place().String(), err)
		c.note(p.Region, p.side(), code(err))
		return false, nil
	}
	c.report(p.place().String(), nil)
	c.note(p.Region, p.side(), "")
	return true, nil
}

func (p parcel) metadata() map[string]string {
	if p.Log != nil {
		return nil
	}
	m := map[string]string{
		digest.MetadataSignature:          p.Signature,
		digest.MetadataSignatureAlgorithm: digest.SignatureAlgorithm,
	}
	if p.Backfill != "" {
		m[digest.MetadataBackfillTimestamp] = p.Backfill
	}
	return m
}

// place is an account's part of a bucket: a policy may have forgotten one account
// of an organization, or allow another prefix.
type place struct{ bucket, prefix, account string }

func (p parcel) place() place { return place{p.Bucket, p.Prefix, p.Account} }

func (p place) String() string {
	if p.prefix != "" {
		return fmt.Sprintf("bucket %q with prefix %q for account %s", p.bucket, p.prefix, p.account)
	}
	return fmt.Sprintf("bucket %q for account %s", p.bucket, p.account)
}

// admitted asks, once in a pass for each folder, whether CloudTrail may put the
// parcel into its bucket.
func (c *courier) admitted(ctx context.Context, p parcel) error {
	if c.config.Permit == nil {
		return nil
	}
	folder := p.Bucket + "/" + path.Dir(p.Key)
	err, asked := c.checked[folder]
	if !asked {
		err = c.ask(ctx, p)
		c.checked[folder] = err
	}
	return err
}

func (c *courier) ask(ctx context.Context, p parcel) error {
	ask := c.permitted()
	ask.Bucket, ask.Prefix, ask.Object = p.Bucket, p.Prefix, p.Key
	if err := c.config.Permit.Bucket(ctx, ask); err != nil {
		return err
	}
	if ask.KeyARN == "" {
		return nil
	}
	return c.config.Permit.Key(ctx, ask)
}

// delivered notes a parcel that is in its bucket.
func (c *courier) delivered(p parcel) {
	if p.Log == nil {
		return
	}
	if c.trail.TopicARN != "" {
		c.Notices = append(c.Notices, notice{p.Bucket, p.Key, p.Region})
	}
	ch := c.chain(p.Account, p.Region)
	switch {
	case p.Start.IsZero():
	case p.End.IsZero():
		ch.Listed = append(ch.Listed, *p.Log)
	default:
		ch.Late = append(ch.Late, late{p.Start, p.End, *p.Log})
	}
}
