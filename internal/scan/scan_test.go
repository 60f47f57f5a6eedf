package scan_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/scan"
)

// write makes an archive of files.
func write(t testing.TB, files map[string]string) (string, archive.Source) {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root, open(t, root)
}

func open(t testing.TB, root string) archive.Source {
	t.Helper()
	source, err := dirarchive.New(root)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func record(id string) string {
	return `{"eventVersion":"1.11","eventID":"` + id + `","eventTime":"2026-01-02T03:04:05Z","eventName":"GetObject"}`
}

func delivered(records ...string) string { return `{"Records":[` + strings.Join(records, ",") + `]}` }

func zipped(t testing.TB, text string) string { return string(archivetest.Gzip(t, []byte(text))) }

// found is what a run delivered.
type found struct {
	mu      sync.Mutex
	records map[string]string // raw text by file and offset
	results map[string]scan.Outcome
	hashes  map[string]string
}

func (f *found) consumer(int) scan.Consumer {
	return scan.Consumer{
		Record: func(s *scan.Stream, offset int64, r *event.Record) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.records[fmt.Sprintf("%s %d", s.Name(), offset)] = string(r.Raw())
			if s.Hashed {
				f.hashes[s.Key] = fmt.Sprintf("%x", s.SHA256)
			}
			return nil
		},
		Close: func(file *scan.File, r scan.Result) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.results[file.Key] = r.Outcome
		},
	}
}

func newFound() *found {
	return &found{records: map[string]string{}, results: map[string]scan.Outcome{}, hashes: map[string]string{}}
}

// checked runs a scan whose account must add up.
func checked(ctx context.Context, t testing.TB, opts scan.Options, f func(int) scan.Consumer) (*scan.Account, error) {
	t.Helper()
	account, err := scan.Run(ctx, opts, f)
	if err := account.Check(); err != nil {
		t.Error(err)
	}
	return account, err
}

func TestEveryFileIsAccountedFor(t *testing.T) {
	_, source := write(t, map[string]string{
		"a.json.gz":  zipped(t, delivered(record("1"), record("2"))),
		"b.json":     delivered(record("3"), "null"),
		"c.json.gz":  zipped(t, delivered(record("4")))[:30],
		"README.md":  "Dear reader",
		".hidden":    "x",
		"known.json": record("5"),
	})
	f := newFound()
	account, err := checked(t.Context(), t, scan.Options{Source: source, Choose: func(f *scan.File) (bool, error) {
		return f.Key != "known.json", nil
	}}, f.consumer)
	if err != nil {
		t.Fatal(err)
	}
	if want := (scan.Files{Listed: 6, Read: 2, Unchanged: 1, Skipped: 2, Failed: 1}); account.Files != want {
		t.Errorf("files %+v, want %+v", account.Files, want)
	}
	if r := account.Records; r.Read != 4 || r.Kept != 3 || r.Rejected != 1 {
		t.Errorf("records %+v", r)
	}
	want := map[string]string{"a.json.gz 12": record("1"), fmt.Sprintf("a.json.gz %d", 13+len(record("1"))): record("2"), "b.json 12": record("3")}
	if diff := cmp.Diff(want, f.records); diff != "" {
		t.Errorf("records (-want +got)\n%s", diff)
	}
	results := map[string]scan.Outcome{"a.json.gz": scan.Read, "b.json": scan.Read, "c.json.gz": scan.Failed, "README.md": scan.Skipped}
	if diff := cmp.Diff(results, f.results); diff != "" {
		t.Errorf("results (-want +got)\n%s", diff)
	}
}

// The hash of a file is that of its bytes whether it fits into memory or not.
func TestHash(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	files := map[string]string{"empty.txt": "", "damaged.json.gz": zipped(t, delivered(record("1")))[:40]}
	for i, size := range []int{1, 64<<10 - 200, 64 << 10, 300 << 10} {
		noise := make([]byte, size/2)
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		files[fmt.Sprintf("%d.json.gz", i)] = zipped(t, delivered(record("1"), `{"eventVersion":"1.11","eventName":"`+fmt.Sprintf("%x", noise)+`"}`))
	}
	files["64KiB.json"] = delivered(record("1")) + strings.Repeat(" ", 64<<10-len(delivered(record("1"))))
	_, source := write(t, files)
	for _, memory := range []int64{1, scan.DefaultMemory} {
		f := newFound()
		account, err := checked(t.Context(), t, scan.Options{Source: source, Hash: true, Memory: memory}, f.consumer)
		if err != nil || account.Files.Read != 5 || account.Files.Failed != 2 || account.Records.Kept != 9 {
			t.Fatalf("%v, %+v %+v %+v", err, account.Files, account.Records, account.Problems)
		}
		if len(f.hashes) != 5 {
			t.Errorf("%d hashes with %d bytes of memory", len(f.hashes), memory)
		}
		for name, got := range f.hashes {
			if want := fmt.Sprintf("%x", sha256.Sum256([]byte(files[name]))); got != want {
				t.Errorf("%s: hash %s, want %s", name, got, want)
			}
		}
	}
}

// changing is a source whose files differ each time they are opened.
type changing struct {
	archive.Source
	opened int
}

func (c *changing) Open(context.Context, archive.Object) (io.ReadCloser, error) {
	c.opened++
	text := record(fmt.Sprint(c.opened)) + "\n" + strings.Repeat(" ", 100<<10)
	return io.NopCloser(strings.NewReader(text)), nil
}

func TestFileChangesBetweenReads(t *testing.T) {
	_, source := write(t, map[string]string{"a.json": ""})
	account, err := checked(t.Context(), t, scan.Options{Source: &changing{Source: source}, Hash: true, Memory: 1, Workers: 1}, newFound().consumer)
	if err != nil || account.Files.Failed != 1 || account.Unseen != 1 || !strings.Contains(account.Problems[0].Cause, "changed while it was read") {
		t.Errorf("%v, %+v %+v", err, account.Files, account.Problems)
	}
}

// broken is a source that gives an error after some bytes of each file.
type broken struct{ archive.Source }

var errDisk = errors.New("disk fault")

func (b broken) Open(ctx context.Context, o archive.Object) (io.ReadCloser, error) {
	f, err := b.Source.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(f, 120), iotestErr{}), f}, nil
}

type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, errDisk }

// What comes before a fault of the disk is delivered, with a hash asked for or
// not, and the file counts as one that could not be accessed.
func TestReadFault(t *testing.T) {
	_, source := write(t, map[string]string{"a.json": record("1") + "\n" + record("2")})
	for _, opts := range []scan.Options{{}, {Hash: true}, {Hash: true, Memory: 1}} {
		opts.Source = broken{source}
		f := newFound()
		account, err := checked(t.Context(), t, opts, f.consumer)
		if err != nil || account.Files.Failed != 1 || account.Unseen != 1 || len(f.records) != 1 || len(f.hashes) != 0 {
			t.Errorf("%+v: %v, %+v, %d records", opts, err, account.Files, len(f.records))
		}
	}
}

// blocked is a source whose files never end, and give nothing until they are
// closed.
type blocked struct{ archive.Source }

func (b blocked) Open(context.Context, archive.Object) (io.ReadCloser, error) {
	r, _ := io.Pipe()
	return r, nil
}

// A run ends when its context does, or a consumer says so, and what was not
// read is accounted for.
func TestEndsEarly(t *testing.T) {
	files := map[string]string{}
	for i := range 200 {
		files[fmt.Sprintf("%03d.json", i)] = record(fmt.Sprint(i))
	}
	_, source := write(t, files)
	for _, hash := range []bool{false, true} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		account, err := checked(ctx, t, scan.Options{Source: blocked{source}, Hash: hash}, newFound().consumer)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || account.Files.Unread != account.Files.Listed || account.Files.Listed == 0 {
			t.Errorf("%v, %+v", err, account.Files)
		}
	}
	full := errors.New("enough")
	account, err := checked(t.Context(), t, scan.Options{Source: source, Workers: 3}, func(int) scan.Consumer {
		n := 0
		return scan.Consumer{Record: func(*scan.Stream, int64, *event.Record) error {
			if n++; n > 10 {
				return full
			}
			return nil
		}}
	})
	if !errors.Is(err, full) || account.Files.Unread == 0 || account.Files.Read < 10 {
		t.Errorf("%v, %+v", err, account.Files)
	}
	account, err = checked(t.Context(), t, scan.Options{Source: source, Choose: func(f *scan.File) (bool, error) {
		return true, full
	}}, newFound().consumer)
	if !errors.Is(err, full) || account.Files.Unread != 1 {
		t.Errorf("%v, %+v", err, account.Files)
	}
}

// A record that a consumer rejects counts as one that the reader rejects.
func TestConsumerRejects(t *testing.T) {
	_, source := write(t, map[string]string{"a.json": delivered(record("1"), record("2"), "7")})
	var texts []string
	account, err := checked(t.Context(), t, scan.Options{Source: source, Workers: 1}, func(int) scan.Consumer {
		return scan.Consumer{
			Record: func(_ *scan.Stream, _ int64, r *event.Record) error {
				return scan.Reject("of no use: " + string(r.ID()))
			},
			Reject: func(_ *scan.Stream, offset int64, text []byte, cause string) error {
				texts = append(texts, fmt.Sprintf("%d %s %s", offset, text, cause))
				return nil
			},
		}
	})
	if err != nil || account.Records.Rejected != 3 || account.Records.Kept != 0 || account.Reasons.Rejected["of no use"] != 2 {
		t.Errorf("%v, %+v %+v", err, account.Records, account.Reasons)
	}
	if len(texts) != 3 || texts[0] != "12 "+record("1")+" of no use: 1" {
		t.Errorf("%q", texts)
	}
}
