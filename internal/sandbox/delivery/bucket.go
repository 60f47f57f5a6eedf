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
	// KeyARN is the KMS key to encrypt with, "" for the bucket's default
	// encryption. With a key, TrailARN is in the encryption context.
	KeyARN   string
	TrailARN string
}

// Objects puts objects into buckets. Putting the same object twice does no harm.
// An error may have an ErrorCode method that returns S3's error code.
type Objects interface {
	Put(ctx context.Context, o Object) error
}

// flush puts the queued files into their buckets, in order. After a failure it
// skips all further files for that destination in this pass.
func (p *pass) flush(ctx context.Context) error {
	var left, gone []queued
	var failed error // local, not from a bucket
	for _, q := range p.Queue {
		done := false
		if failed == nil && p.tries(q) {
			done, failed = p.put(ctx, q)
		}
		if done {
			gone = append(gone, q)
		} else {
			left = append(left, q)
		}
	}
	if len(gone) == 0 {
		return failed
	}
	// The state changes all at once, so that no commit writes half of it.
	for _, q := range gone {
		p.delivered(q)
	}
	p.Queue, p.dirty = left, true
	if err := p.commit(); err != nil {
		return errors.Join(failed, err)
	}
	for _, q := range gone {
		if err := p.config.files.Remove(p.file(q.File)); err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}

// tries reports whether to put a file in this pass: only if its destination has
// not failed yet. Otherwise it notes the earlier error code in the status.
func (p *pass) tries(q queued) bool {
	code, failed := p.refused[q.destination()]
	if failed {
		p.note(q.Region, q.side(), code)
	}
	return !failed
}

// side selects the part of the status for log files or for digests.
func (q queued) side() func(*trails.Status) *trails.Delivered {
	if q.Log != nil {
		return logs
	}
	return digests
}

// put puts one file into its bucket and reports whether that worked. Errors of the
// bucket go to the status; the error returned is of the state, the spool or ctx.
func (p *pass) put(ctx context.Context, q queued) (done bool, err error) {
	if err := p.commit(); err != nil { // the state must list the file before it is put
		return false, err
	}
	body, err := p.config.files.Read(p.file(q.File))
	if err != nil {
		return false, err
	}
	err = p.admitted(ctx, q)
	if err == nil {
		err = p.config.Objects.Put(ctx, Object{
			Account: p.trail.Account, Region: p.trail.Region, Bucket: q.Bucket, Key: q.Key, Body: body,
			Metadata: q.metadata(), KeyARN: p.trail.KeyARN, TrailARN: p.trail.ARN,
		})
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		p.refused[q.destination()] = code(err)
		p.report(q.destination().String(), err)
		p.note(q.Region, q.side(), code(err))
		return false, nil
	}
	p.report(q.destination().String(), nil)
	p.note(q.Region, q.side(), "")
	return true, nil
}

func (q queued) metadata() map[string]string {
	if q.Log != nil {
		return nil
	}
	m := map[string]string{
		digest.MetadataSignature:          q.Signature,
		digest.MetadataSignatureAlgorithm: digest.SignatureAlgorithm,
	}
	if q.Backfill != "" {
		m[digest.MetadataBackfillTimestamp] = q.Backfill
	}
	return m
}

// destination is an account's part of a bucket: the bucket policy may leave out one
// account of an organization, or allow another prefix only.
type destination struct{ bucket, prefix, account string }

func (q queued) destination() destination { return destination{q.Bucket, q.Prefix, q.Account} }

func (d destination) String() string {
	if d.prefix != "" {
		return fmt.Sprintf("bucket %q with prefix %q for account %s", d.bucket, d.prefix, d.account)
	}
	return fmt.Sprintf("bucket %q for account %s", d.bucket, d.account)
}

// admitted returns an error if CloudTrail may not put the file into its bucket. It
// asks once per folder and pass.
func (p *pass) admitted(ctx context.Context, q queued) error {
	if p.config.Permit == nil {
		return nil
	}
	folder := q.Bucket + "/" + path.Dir(q.Key)
	err, asked := p.checked[folder]
	if !asked {
		err = p.ask(ctx, q)
		p.checked[folder] = err
	}
	return err
}

func (p *pass) ask(ctx context.Context, q queued) error {
	ask := p.permitted()
	ask.Bucket, ask.Prefix, ask.Object = q.Bucket, q.Prefix, q.Key
	if err := p.config.Permit.Bucket(ctx, ask); err != nil {
		return err
	}
	if ask.KeyARN == "" {
		return nil
	}
	return p.config.Permit.Key(ctx, ask)
}

// delivered updates the state after a file was put: a log file is listed in a
// digest and, if the trail has a topic, announced there.
func (p *pass) delivered(q queued) {
	if q.Log == nil {
		return
	}
	if p.trail.TopicARN != "" {
		p.Notices = append(p.Notices, notice{q.Bucket, q.Key, q.Region})
	}
	ch := p.chain(q.Account, q.Region)
	switch {
	case q.Start.IsZero():
	case q.End.IsZero():
		ch.Listed = append(ch.Listed, *q.Log)
	default:
		ch.Late = append(ch.Late, late{q.Start, q.End, *q.Log})
	}
}
