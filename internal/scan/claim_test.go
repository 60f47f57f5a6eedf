package scan_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/scan"
)

// exact claims that a file has a hash.
type exact struct{ sum [sha256.Size]byte }

func (c exact) Check(stored io.ReadSeeker, _ *bytes.Buffer) (io.Reader, *scan.Refusal, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, stored); err != nil {
		return nil, nil, err
	}
	if [sha256.Size]byte(sum.Sum(nil)) != c.sum {
		return nil, &scan.Refusal{State: "tampered", Reason: "differs", Bad: true}, nil
	}
	_, err := stored.Seek(0, io.SeekStart)
	return stored, nil, err
}

// Files are compared with claims before any record of them is delivered, whether they
// are held in memory or on the disk, and the account names those that differ.
func TestClaims(t *testing.T) {
	long := make([]string, 3000) // some 300 KB, more than is held in memory
	for i := range long {
		long[i] = record(strings.Repeat("x", 20))
	}
	files := map[string]string{
		"a.json": delivered(record("1")), "b.json": delivered(record("2"), record("3")), "c.json": delivered(long...),
		"d.json": delivered(long...), "e.json": delivered(record("4")), "f.json": delivered(record("5")),
	}
	_, source := write(t, files)
	var mu sync.Mutex
	got := map[string]int{}
	account, err := scan.Run(t.Context(), scan.Options{
		Source: source, Workers: 2, Memory: 1, TempDir: t.TempDir(),
		Choose: func(f *scan.File) (bool, error) {
			switch f.Key {
			case "e.json":
				f.Refused = &scan.Refusal{State: "pending", Reason: "too new", Open: true}
			case "b.json", "d.json":
				f.Claim = exact{sha256.Sum256([]byte("another file"))}
			default:
				f.Claim = exact{sha256.Sum256([]byte(files[f.Key]))}
			}
			return true, nil
		},
	}, func(int) scan.Consumer {
		return scan.Consumer{Record: func(s *scan.Stream, _ int64, _ *event.Record) error {
			mu.Lock()
			defer mu.Unlock()
			if got[s.Key]++; !s.Hashed || s.SHA256 != sha256.Sum256([]byte(files[s.Key])) {
				t.Errorf("the hash of %s is not known", s.Key)
			}
			return nil
		}}
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"a.json": 1, "c.json": 3000, "f.json": 1}, got); diff != "" {
		t.Errorf("records (-want +got)\n%s", diff)
	}
	if err := account.Check(); err != nil {
		t.Error(err)
	}
	want := scan.UnprovenFiles{
		States: map[string]int64{"tampered": 2, "pending": 1}, Bad: 2, Open: 1,
		Files: []scan.Refused{{File: "b.json", State: "tampered", Reason: "differs"}, {File: "d.json", State: "tampered", Reason: "differs"},
			{File: "e.json", State: "pending", Reason: "too new"}},
	}
	if diff := cmp.Diff(want, account.Unproven); diff != "" || account.Files.Unproven != 3 || account.Files.Read != 3 {
		t.Errorf("files %+v (-want +got)\n%s", account.Files, diff)
	}
	plain := int64(len(files["a.json"]) + len(files["c.json"]) + len(files["f.json"]))
	if account.Bytes.Stored != plain || account.Bytes.Plain != plain {
		t.Errorf("read %+v, want %d", account.Bytes, plain)
	}
}
