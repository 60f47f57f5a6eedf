package verify_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// endless is an archive of one chain that is made while it is read.
type endless struct {
	t             *testing.T
	hours, byHour int

	mu      sync.Mutex
	digests map[string]stored // those that were listed and not read
	log     []byte            // of every log file
	hash    string
	peak    uint64 // of the live heap
}

const endlessText = `{"Records":[]}`

func (*endless) URI() string { return "endless" }

func (e *endless) List(_ context.Context, _ archive.Filter, yield func(archive.Object) error) error {
	m := memory{}
	b := newBuilder(m, "main")
	for hour := range e.hours {
		start := b.end
		b.end = start.Add(time.Hour)
		var files []digest.LogFile
		for i := range e.byHour {
			at := start.Add(time.Duration(i) * time.Hour / time.Duration(e.byHour))
			k := archive.Key{Account: account, Kind: archive.Logs, Region: region, Delivered: at, Unique: fmt.Sprintf("%016d", hour*e.byHour+i)}
			key := k.String()
			files = append(files, digest.LogFile{S3Bucket: bucket, S3Object: key, HashValue: e.hash, HashAlgorithm: digest.HashAlgorithm})
			o := archive.Object{Key: key, Size: int64(len(e.log))}
			o.Info, _ = archive.ParseKey(key)
			if err := yield(o); err != nil {
				return err
			}
		}
		b.write(e.t, start, files, false)
		key := b.digests[0]
		o := archive.Object{Key: key, Skip: archive.SkipDigest}
		o.Info, _ = archive.ParseKey(key)
		e.mu.Lock()
		e.digests[key] = m[key]
		e.mu.Unlock()
		delete(m, key)
		b.digests, b.logs, b.previous.LogFiles = nil, nil, nil
		if err := yield(o); err != nil {
			return err
		}
		if hour%100 == 99 {
			e.measure()
		}
	}
	return nil
}

// measure notes how much is in use.
func (e *endless) measure() {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	e.peak = max(e.peak, now.HeapAlloc)
}

func (e *endless) Open(ctx context.Context, o archive.Object) (io.ReadCloser, error) {
	body, _, err := e.Fetch(ctx, o)
	return body, err
}

func (e *endless) Fetch(_ context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error) {
	if !isDigest(o.Key) {
		return io.NopCloser(bytes.NewReader(e.log)), archive.Attributes{}, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	d, ok := e.digests[o.Key]
	if !ok {
		return nil, archive.Attributes{}, fs.ErrNotExist
	}
	delete(e.digests, o.Key)
	return io.NopCloser(bytes.NewReader(d.body)), archive.Attributes{Metadata: d.metadata}, nil
}

// TestMemory verifies a chain of many log files, of which only those of two days may
// be in memory: keys alone would take some 200 bytes each.
func TestMemory(t *testing.T) {
	const hours = 400 // for which the key is valid
	files, limit := exhaustive.Or(60_000, 1_000_000), exhaustive.Or(uint64(10<<20), uint64(64<<20))
	sum := sha256.Sum256([]byte(endlessText))
	e := &endless{t: t, byHour: files / hours, hours: hours, digests: map[string]stored{}, log: archivetest.Gzip(t, []byte(endlessText)), hash: hex.EncodeToString(sum[:])}
	e.measure()
	before := e.peak
	bad, got := run(t, e, keys(), verify.Options{})
	if len(bad) > 0 || got.LogFiles[verify.Valid] != int64(files) {
		t.Fatalf("%v, %q", got.LogFiles, short(bad[:min(len(bad), 5)]))
	}
	if grown := e.peak - before; grown > limit {
		t.Errorf("the heap grows by %d MB with %d log files", grown>>20, files)
	}
	t.Logf("the heap grows by %d KB with %d log files", (e.peak-before)>>10, files)
}
