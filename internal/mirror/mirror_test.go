package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/mirror"
)

// bucket is an archive in memory.
type bucket struct {
	objects map[string]string // body by key
	broken  map[string]error  // by key
	fetched atomic.Int64
	stop    func() // called when an object is half read, if not nil
}

func (b *bucket) List(_ context.Context, f archive.Filter, yield func(archive.Object) error) error {
	for key, body := range b.objects {
		o := archive.Object{Key: key, Size: int64(len(body)), Version: fmt.Sprintf("etag of %s", body)}
		o.Info, _ = archive.ParseKey(key)
		if o.Skip = f.Skip(o.Info); strings.Contains(key, "/_") {
			o.Skip = archive.SkipHidden
		}
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

func attributes(key string) archive.Attributes {
	return archive.Attributes{
		Metadata: map[string]string{"signature": "of " + key}, ETag: "etag", Version: "v1", Modified: time.Unix(1767571200, 0).UTC(),
		Lock: "COMPLIANCE", RetainUntil: time.Unix(1867571200, 0).UTC(), LegalHold: true,
	}
}

func (b *bucket) Fetch(_ context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error) {
	b.fetched.Add(1)
	if err := b.broken[o.Key]; err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, archive.Attributes{}, err
	}
	body := b.objects[o.Key]
	var r io.Reader = strings.NewReader(body)
	if b.broken[o.Key] != nil {
		r = io.MultiReader(strings.NewReader(body[:len(body)/2]), failing{b.broken[o.Key]})
	}
	if b.stop != nil {
		r = io.MultiReader(strings.NewReader(body[:len(body)/2]), stopping{b.stop}, strings.NewReader(body[len(body)/2:]))
	}
	return io.NopCloser(r), attributes(o.Key), nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type stopping struct{ stop func() }

func (s stopping) Read([]byte) (int, error) {
	s.stop()
	return 0, io.EOF
}

func newBucket(n int) *bucket {
	b := &bucket{objects: map[string]string{}, broken: map[string]error{}}
	for i := range n {
		kind, unique := archive.Logs, fmt.Sprintf("%016d", i)
		k := archive.Key{Account: "111122223333", Kind: kind, Region: "eu-central-1", Unique: unique,
			Delivered: time.Date(2026, 1, 5+i%3, i%24, i, 0, 0, time.UTC)}
		if i%4 == 0 {
			k.Kind, k.Trail, k.HomeRegion, k.Unique = archive.Digest, "main", "eu-central-1", ""
		}
		b.objects[k.String()] = strings.Repeat(unique, 1+i)
	}
	return b
}

func run(t *testing.T, b mirror.Source, dir string) *mirror.Report {
	t.Helper()
	r, err := mirror.Run(t.Context(), b, mirror.Options{Dir: dir, Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	if r.Listed != r.Copied+r.Unchanged+r.Skipped+r.Failed {
		t.Errorf("the counts do not add up: %+v", *r)
	}
	return r
}

// files reads the objects of a mirror, and checks the attributes of each.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	source, err := dirarchive.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err = source.List(t.Context(), archive.Filter{}, func(o archive.Object) error {
		if o.Skip != "" && o.Skip != archive.SkipDigest {
			return nil
		}
		body, a, err := source.Fetch(t.Context(), o)
		if err != nil {
			return err
		}
		defer body.Close()
		text, err := io.ReadAll(body)
		got[o.Key] = string(text)
		if diff := cmp.Diff(attributes(o.Key), a); diff != "" {
			t.Errorf("attributes of %s: %s", o.Key, diff)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestMirror(t *testing.T) {
	b, dir := newBucket(40), t.TempDir()
	b.objects["AWSLogs/111122223333/_hidden/x.json"] = "hidden"
	if r := run(t, b, dir); r.Copied != 40 || r.Skipped != 1 || r.Reasons[archive.SkipHidden] != 1 {
		t.Errorf("first run: %+v", *r)
	}
	if r := run(t, b, dir); r.Unchanged != 40 || b.fetched.Load() != 40 {
		t.Errorf("second run: %+v, %d fetched", *r, b.fetched.Load())
	}
	delete(b.objects, "AWSLogs/111122223333/_hidden/x.json")
	if diff := cmp.Diff(b.objects, files(t, dir)); diff != "" {
		t.Error(diff)
	}
	for key := range b.objects {
		b.objects[key] += "more"
		break
	}
	if r := run(t, b, dir); r.Copied != 1 || r.Unchanged != 39 {
		t.Errorf("after a change: %+v", *r)
	}
	if diff := cmp.Diff(b.objects, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestFailures(t *testing.T) {
	b, dir := newBucket(12), t.TempDir()
	causes := []error{fmt.Errorf("get: %w", fs.ErrPermission), fmt.Errorf("get: %w", archive.ErrCold), errors.New("reset"), io.ErrUnexpectedEOF}
	for key := range b.objects {
		if len(b.broken) == len(causes) {
			break
		}
		b.broken[key] = causes[len(b.broken)]
	}
	b.objects["../outside.json"] = "x"
	r := run(t, b, dir)
	denied, cold := 0, 0
	for _, f := range r.Failures {
		if f.Denied {
			denied++
		}
		if f.Cold {
			cold++
		}
	}
	if r.Failed != 5 || denied != 1 || cold != 1 || r.Copied != 8 {
		t.Errorf("%+v", *r)
	}
	if _, err := os.Stat(filepath.Join(dir, "..", "outside.json")); err == nil {
		t.Error("an object is outside the mirror")
	}
	b.broken = nil
	delete(b.objects, "../outside.json")
	if r := run(t, b, dir); r.Copied != 4 || r.Unchanged != 8 {
		t.Errorf("again: %+v", *r)
	}
	if diff := cmp.Diff(b.objects, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// At no moment is there a file under a final name that is not whole, and each has
// its attributes.
func TestStopped(t *testing.T) {
	b, dir := newBucket(30), t.TempDir()
	for range 20 {
		ctx, cancel := context.WithCancelCause(t.Context())
		left := rand.IntN(4)
		stopped := errors.New("stopped")
		b.stop = func() {
			for key, body := range files(t, dir) {
				if body != b.objects[key] {
					t.Errorf("%s is there in part", key)
				}
			}
			if left--; left < 0 {
				cancel(stopped)
			}
		}
		if _, err := mirror.Run(ctx, b, mirror.Options{Dir: dir, Workers: 1}); err != nil && !errors.Is(err, stopped) {
			t.Fatal(err)
		}
		// A killed process may leave half a line.
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == dirarchive.AttributesFile && rand.IntN(3) == 0 {
				f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					return err
				}
				_, err = f.WriteString(`{"name":"x`)
				return errors.Join(err, f.Close())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b.stop = nil
	run(t, b, dir)
	if diff := cmp.Diff(b.objects, files(t, dir)); diff != "" {
		t.Error(diff)
	}
	var parts []string
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
		if strings.HasSuffix(path, ".part") {
			parts = append(parts, path)
		}
		return nil
	})
	if len(parts) > 0 {
		t.Errorf("left behind: %q", parts)
	}
}

func TestTwoAtOnce(t *testing.T) {
	b, dir := newBucket(3), t.TempDir()
	var inner error
	var once sync.Once
	b.stop = func() {
		once.Do(func() { _, inner = mirror.Run(t.Context(), newBucket(3), mirror.Options{Dir: dir}) })
	}
	run(t, b, dir)
	if inner == nil || !strings.Contains(inner.Error(), "another process writes there") {
		t.Errorf("error is %v", inner)
	}
}
