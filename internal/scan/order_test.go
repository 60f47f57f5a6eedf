package scan_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/scan"
)

// randomArchive is one of several accounts with files of all kinds and sizes.
func randomArchive(t testing.TB, random *rand.Rand) archive.Source {
	t.Helper()
	files := map[string]string{}
	for i := range 40 {
		var records []string
		for j := range random.IntN(200) {
			records = append(records, record(fmt.Sprintf("%d-%d", i, j)))
			if random.IntN(20) == 0 {
				records = append(records, "null")
			}
		}
		text := delivered(records...)
		if random.IntN(10) == 0 {
			text = text[:random.IntN(len(text))]
		}
		if random.IntN(10) == 0 {
			text += strings.Repeat(" ", 1<<20)
		}
		if random.IntN(2) == 0 {
			text = zipped(t, text)
		}
		account := random.IntN(3)
		files[fmt.Sprintf("AWSLogs/%012d/CloudTrail/eu-west-1/2026/01/02/%012d_CloudTrail_eu-west-1_20260102T%02d%02dZ_%016d.json.gz",
			account, account, random.IntN(24), random.IntN(60), i)] = text
	}
	_, source := write(t, files)
	return source
}

// calls returns all calls of the consumers of a run, in order.
func calls(t testing.TB, opts scan.Options) []string {
	t.Helper()
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	_, err := checked(t.Context(), t, opts, func(int) scan.Consumer {
		return scan.Consumer{
			Open:  func(f *scan.File) error { say("open %s %t %x", f.Key, f.Hashed, f.SHA256); return nil },
			Enter: func(s *scan.Stream) error { say("enter %s", s.Name()); return nil },
			Record: func(s *scan.Stream, offset int64, r *event.Record) error {
				say("record %s %d %s %s", s.Name(), offset, r.ID(), r.Raw())
				if strings.HasSuffix(string(r.ID()), "7") {
					return scan.Reject("seven")
				}
				return nil
			},
			Reject: func(s *scan.Stream, offset int64, text []byte, cause string) error {
				say("reject %s %d %s %s", s.Name(), offset, text, cause)
				return nil
			},
			Leave: func(s *scan.Stream, r scan.Result) error { say("leave %s %+v", s.Name(), r); return nil },
			Close: func(f *scan.File, r scan.Result) { say("close %s %+v", f.Key, r) },
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Several workers make the same calls in the same order as one, if asked.
func TestOrdered(t *testing.T) {
	for round := range 12 {
		random := rand.New(rand.NewPCG(3, uint64(round)))
		source := randomArchive(t, random)
		hash := random.IntN(2) == 0
		want := calls(t, scan.Options{Source: source, Workers: 1, Hash: hash})
		got := calls(t, scan.Options{Source: source, Workers: 1 + random.IntN(8), Ordered: true, Hash: hash, Memory: int64(1 + random.IntN(10<<20))})
		if len(want) < 1000 {
			t.Fatalf("only %d calls", len(want))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d: calls (-one worker +several)\n%.2000s", round, diff)
		}
	}
}

// A run in order ends whenever it is told to, from wherever, and each file that
// was opened is closed.
func TestOrderedEndsEarly(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	source := randomArchive(t, random)
	enough := errors.New("enough")
	for range 60 {
		left := random.IntN(3000)
		ctx, cancel := context.WithCancel(t.Context())
		byError := random.IntN(2) == 0
		opened := map[string]bool{}
		_, err := checked(ctx, t, scan.Options{Source: source, Workers: 1 + random.IntN(8), Ordered: true, Memory: 1}, func(int) scan.Consumer {
			return scan.Consumer{
				Open:  func(f *scan.File) error { opened[f.Key] = true; return nil },
				Close: func(f *scan.File, _ scan.Result) { delete(opened, f.Key) },
				Record: func(*scan.Stream, int64, *event.Record) error {
					left--
					switch {
					case left > 0:
						return nil
					case byError:
						return enough
					}
					cancel()
					return nil
				},
			}
		})
		cancel()
		if left <= 0 && !errors.Is(err, enough) && !errors.Is(err, context.Canceled) || left > 0 && err != nil {
			t.Errorf("%d left: %v", left, err)
		}
		if len(opened) > 0 {
			t.Errorf("not closed: %v", opened)
		}
	}
}
