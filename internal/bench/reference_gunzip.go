package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/unpack/gunzip"
)

// scanReport is the report of the children that read an archive.
type scanReport struct {
	Seconds float64 `json:"seconds"` // from listing to the last file
	Files   int64   `json:"files"`
	Bytes   int64   `json:"bytes"` // uncompressed
	Records int64   `json:"records"`
	Names   int     `json:"names"` // different values of eventName
}

// unzipper only decompresses, one file after another.
type unzipper struct {
	zip    *gzip.Reader
	atOnce gunzip.Decoder
	packed bytes.Buffer
	text   []byte
	sum    hash.Hash
	report scanReport
}

// unzip decompresses a file and returns the length of its text.
type unzip func(u *unzipper, src io.Reader) (int64, error)

// gunzipAll decompresses all log files of an archive, with one worker for each
// core. It does nothing else, so that it tells what is the least.
func gunzipAll(ctx context.Context, dir string, how unzip) (*scanReport, error) {
	started := time.Now()
	source, err := dirarchive.New(dir)
	if err != nil {
		return nil, err
	}
	jobs := make(chan archive.Object, 64)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(jobs)
		return source.List(ctx, archive.Filter{}, func(o archive.Object) error {
			if o.Skip != "" {
				return nil
			}
			select {
			case jobs <- o:
				return o.Err
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	workers := make([]unzipper, runtime.GOMAXPROCS(0))
	for i := range workers {
		group.Go(func() error { return workers[i].files(ctx, source, jobs, how) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	report := &scanReport{}
	for _, w := range workers {
		report.Files += w.report.Files
		report.Bytes += w.report.Bytes
	}
	report.Seconds = time.Since(started).Seconds()
	return report, nil
}

func (u *unzipper) files(ctx context.Context, source archive.Source, jobs <-chan archive.Object, how unzip) error {
	for o := range jobs {
		file, err := source.Open(ctx, o)
		if err != nil {
			return err
		}
		n, err := how(u, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("read %q: %w", o.Key, err)
		}
		u.report.Files++
		u.report.Bytes += n
	}
	return nil
}

// stream decompresses with klauspost/compress.
func (u *unzipper) stream(src io.Reader) (int64, error) { return u.into(io.Discard, src) }

// hash hashes the text as well.
func (u *unzipper) hash(src io.Reader) (int64, error) {
	if u.sum == nil {
		u.sum = sha256.New()
	}
	return u.into(u.sum, src)
}

func (u *unzipper) into(sink io.Writer, src io.Reader) (n int64, err error) {
	if u.zip == nil {
		u.zip, err = gzip.NewReader(src)
	} else {
		err = u.zip.Reset(src)
	}
	if err != nil {
		return 0, err
	}
	return io.Copy(sink, u.zip)
}

// longestText bounds the text of one file.
const longestText = 1 << 30

// whole decompresses the whole file at once, with libdeflate if it is compiled in.
func (u *unzipper) whole(src io.Reader) (int64, error) {
	u.packed.Reset()
	if _, err := u.packed.ReadFrom(src); err != nil {
		return 0, err
	}
	text, ok := u.atOnce.Members(u.text, u.packed.Bytes(), longestText)
	if !ok {
		return 0, errors.New("not an ordinary gzip file")
	}
	u.text = text[:0]
	return int64(len(text)), nil
}
