package delivery

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
)

// maxPlain is the maximum size of a log file before compression, in bytes. Only a
// single longer event exceeds it.
const maxPlain = 4 << 20

// batch is the events of one log file.
type batch struct {
	account, region string
	kind            archive.Kind
	records         [][]byte
	oldest, newest  time.Time
	size            int
}

// compose writes the entries after the cursor to log files. With a non-zero end it
// stops at the first entry of that time or later, and the files belong to the
// interval that ends then.
func (p *pass) compose(ctx context.Context, end time.Time) error {
	for more := true; more; {
		before := p.Cursor
		batches, cursor, err := p.gather(end)
		if err != nil {
			return err
		}
		at := p.now
		if !end.IsZero() {
			at = later(end.Add(-time.Second), p.Period.Start)
		}
		if err := p.pack(batches, at); err != nil {
			return err
		}
		more = len(batches) > 0
		if cursor != before {
			p.Cursor, p.dirty = cursor, true
		}
		if err := p.flush(ctx); err != nil {
			return err
		}
		if end.IsZero() && p.heldUp() {
			return nil
		}
	}
	return nil
}

// gather reads a chunk of the journal into batches. cursor is the last entry read.
func (p *pass) gather(end time.Time) (batches []*batch, cursor uint64, err error) {
	type folder struct {
		account, region string
		kind            archive.Kind
	}
	cursor = p.Cursor
	open := map[folder]*batch{}
	size := 0
	err = p.each(p.Cursor, func(e journal.Entry, wanted bool) bool {
		if size >= chunk || !end.IsZero() && !e.Time.Before(end) {
			return false
		}
		cursor = e.Seq
		if !wanted {
			return true
		}
		f := folder{e.Account, e.Region, kindOf(e.Category)}
		b := open[f]
		if b == nil || b.size+len(e.Record) > maxPlain {
			b = &batch{account: f.account, region: f.region, kind: f.kind}
			open[f] = b
			batches = append(batches, b)
		}
		happened, ok := p.record.Time()
		if !ok {
			happened = e.Time
		}
		b.add(e.Record, happened)
		size += len(e.Record)
		return true
	})
	return batches, cursor, err
}

// kindOf returns the kind of log file for events of a category.
func kindOf(category string) archive.Kind {
	switch category {
	case "Insight":
		return archive.Insight
	case "NetworkActivity":
		return archive.NetworkActivity
	}
	return archive.Logs
}

func (b *batch) add(record []byte, happened time.Time) {
	if len(b.records) == 0 || happened.Before(b.oldest) {
		b.oldest = happened
	}
	if len(b.records) == 0 || happened.After(b.newest) {
		b.newest = happened
	}
	b.records = append(b.records, record)
	b.size += len(record) + 1
}

// pack spools a log file for each batch and queues it.
func (p *pass) pack(batches []*batch, at time.Time) error {
	var files []queued
	for _, b := range batches {
		key := archive.Key{
			Prefix: p.prefix(), Organization: p.trail.OrganizationID,
			Account: b.account, Kind: b.kind, Region: b.region, Delivered: at, Unique: unique(),
		}
		plain := []byte(`{"Records":[`)
		plain = append(plain, bytes.Join(b.records, []byte{','})...)
		plain = append(plain, `]}`...)
		packed, err := compress(plain)
		if err != nil {
			return err
		}
		file, err := p.spool(packed)
		if err != nil {
			return err
		}
		q := queued{
			File: file, Bucket: p.trail.Bucket, Prefix: key.Prefix, Key: key.String(), Account: b.account, Region: b.region,
			Log: &digest.LogFile{
				S3Bucket: p.trail.Bucket, S3Object: key.String(), HashValue: hash(plain), HashAlgorithm: digest.HashAlgorithm,
				NewestEventTime: stamp(b.newest), OldestEventTime: stamp(b.oldest),
			},
		}
		if p.Period.Active {
			q.Start = p.Period.Start
		}
		files = append(files, q)
	}
	if len(files) == 0 {
		return nil
	}
	for _, q := range files {
		p.chain(q.Account, q.Region)
	}
	p.Queue = append(p.Queue, files...)
	p.dirty = true
	return nil
}

// unique returns the random part of a log file's name, 16 letters and digits.
func unique() string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var name []byte
	for len(name) < 16 {
		var random [24]byte
		_, _ = rand.Read(random[:]) // never fails
		for _, b := range random {
			if b &= 63; int(b) < len(letters) && len(name) < 16 {
				name = append(name, letters[b])
			}
		}
	}
	return string(name)
}

func compress(plain []byte) ([]byte, error) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err := zip.Write(plain)
	if closeErr := zip.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return packed.Bytes(), nil
}

func hash(plain []byte) string {
	sum := sha256.Sum256(plain)
	return hex.EncodeToString(sum[:])
}

// stamp formats a time as digests and events do.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
