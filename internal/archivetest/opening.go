package archivetest

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/cerpac/trailkeeper/archive"
)

func testOpen(t *testing.T, s Store) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	s.Put(t, "big.json.gz", big)
	s.Put(t, "empty.json", nil)
	s.Put(t, "small.json", []byte("\x1f\x8b not really gzip"))
	source := s.Source(t, "")
	if uri := source.URI(); !strings.HasPrefix(uri, "s3://") && !strings.HasPrefix(uri, "/") {
		t.Errorf("URI %q", uri)
	}
	var wait sync.WaitGroup
	for _, o := range list(t, source, archive.Filter{}) {
		want := map[string]string{"big.json.gz": string(big), "small.json": "\x1f\x8b not really gzip", "empty.json": ""}[o.Key]
		for range 4 {
			wait.Go(func() {
				if got := read(t, source, o); got != want {
					t.Errorf("%s: read %d bytes that are not the %d written", o.Key, len(got), len(want))
				}
			})
		}
	}
	wait.Wait()
}

func testOpenMissing(t *testing.T, s Store) {
	s.Put(t, "a.json", []byte("{}"))
	source := s.Source(t, "")
	_, err := source.Open(context.Background(), archive.Object{Key: "b.json"})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "b.json") {
		t.Errorf("open of a missing file: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := source.Open(ctx, archive.Object{Key: "a.json"}); !errors.Is(err, context.Canceled) {
		t.Errorf("open with a cancelled context: %v", err)
	}
}
