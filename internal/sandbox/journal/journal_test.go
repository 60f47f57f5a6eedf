package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// small makes a segment end after few entries.
const small = 600

func at(seq uint64) time.Time {
	return time.Date(2026, 11, 20, 10, 0, int(seq), 123456789, time.UTC)
}

func entry(seq uint64) Entry {
	return Entry{
		Seq: seq, Time: at(seq), Account: "111122223333", Region: "eu-west-1", Category: "Management",
		Record: fmt.Appendf(nil, `{"eventID":%d,"pad":"%s\t"}`, seq, strings.Repeat("x", int(seq*7%60))),
	}
}

func mustOpen(t *testing.T, dir string, limit int64) *Journal {
	t.Helper()
	j, err := open(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func fill(t *testing.T, j *Journal, n uint64) {
	t.Helper()
	for range n {
		want := j.Last() + 1
		if seq, err := j.Append(entry(want)); err != nil || seq != want {
			t.Fatalf("Append gives %d, %v, want %d", seq, err, want)
		}
	}
}

func read(t *testing.T, j *Journal, from uint64) (entries []Entry) {
	t.Helper()
	err := j.Read(from, func(e Entry) error {
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// wantEntries checks that got are the entries from first to last, whole.
func wantEntries(t *testing.T, got []Entry, first, last uint64) {
	t.Helper()
	if uint64(len(got)) != last+1-first {
		t.Fatalf("%d entries, want %d to %d", len(got), first, last)
	}
	for i, e := range got {
		want := entry(first + uint64(i))
		if e.Seq != want.Seq || !e.Time.Equal(want.Time) || e.Account != want.Account || e.Region != want.Region ||
			e.Category != want.Category || !bytes.Equal(e.Record, want.Record) {
			t.Fatalf("entry %d is %+v, want %+v", i, e, want)
		}
	}
}

func TestReadsBothWaysAfterReopening(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, small)
	fill(t, j, 40)
	check := func() {
		t.Helper()
		for _, from := range []uint64{0, 1, 2, 17, 40, 41} {
			wantEntries(t, read(t, j, from), max(from, 1), 40)
		}
		var back []Entry
		if err := j.Backwards(func(e Entry) bool { back = append(back, e); return true }); err != nil {
			t.Fatal(err)
		}
		slices.Reverse(back)
		wantEntries(t, back, 1, 40)
	}
	check()
	if len(j.segments) < 5 {
		t.Fatalf("only %d segments", len(j.segments))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(entry(41)); err == nil {
		t.Error("a closed journal takes entries")
	}
	j = mustOpen(t, dir, small)
	if j.Last() != 40 {
		t.Errorf("Last is %d after reopening", j.Last())
	}
	check()
	fill(t, j, 3)
	wantEntries(t, read(t, j, 1), 1, 43)
}

func TestEmpty(t *testing.T) {
	j := mustOpen(t, t.TempDir(), small)
	wantEntries(t, read(t, j, 1), 1, 0)
	if err := j.Backwards(func(Entry) bool { t.Error("an entry"); return true }); err != nil || j.Last() != 0 {
		t.Error(err, j.Last())
	}
}

func TestLongLines(t *testing.T) {
	j := mustOpen(t, t.TempDir(), small)
	var want []int
	for _, size := range []int{10, 1 << 20, 3, backwardBlock, backwardBlock - 1, 200_000, 0} {
		want = append(want, size)
		if _, err := j.Append(Entry{Time: at(1), Record: bytes.Repeat([]byte("r"), size)}); err != nil {
			t.Fatal(err)
		}
	}
	var got []int
	for _, e := range read(t, j, 1) {
		got = append(got, len(e.Record))
	}
	if !slices.Equal(got, want) {
		t.Errorf("forwards %v, want %v", got, want)
	}
	got = nil
	if err := j.Backwards(func(e Entry) bool { got = append(got, len(e.Record)); return true }); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(got)
	if !slices.Equal(got, want) {
		t.Errorf("backwards %v, want %v", got, want)
	}
}

func TestBackwardsStops(t *testing.T) {
	j := mustOpen(t, t.TempDir(), small)
	fill(t, j, 20)
	n := 0
	if err := j.Backwards(func(Entry) bool { n++; return n < 7 }); err != nil || n != 7 {
		t.Errorf("%d entries, %v", n, err)
	}
}

func TestReadStopsAtTheErrorOfYield(t *testing.T) {
	j := mustOpen(t, t.TempDir(), small)
	fill(t, j, 20)
	enough := errors.New("enough")
	if err := j.Read(3, func(e Entry) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error is %v", err)
	}
}

func TestManyGoroutines(t *testing.T) {
	j := mustOpen(t, t.TempDir(), 20_000)
	const writers, each = 16, 200
	var seen sync.Map
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				e := entry(1)
				e.Record = fmt.Appendf(nil, `"%d-%d"`, w, i)
				seq, err := j.Append(e)
				if err != nil {
					t.Error(err)
				}
				seen.Store(seq, string(e.Record))
				if i%50 == 0 { // reading meanwhile gives what was appended, in order
					next := uint64(1)
					if err := j.Read(1, func(e Entry) error { next++; return nil }); err != nil || next <= seq {
						t.Errorf("read %d entries after appending %d: %v", next-1, seq, err)
					}
				}
			}
		})
	}
	wg.Wait()
	entries := read(t, j, 1)
	if len(entries) != writers*each {
		t.Fatalf("%d entries", len(entries))
	}
	for _, e := range entries {
		if record, _ := seen.Load(e.Seq); record != string(e.Record) {
			t.Errorf("entry %d is %s, but its writer appended %v", e.Seq, e.Record, record)
		}
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, small)
	if _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("a second Open gives %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir, small)
}

func TestTrim(t *testing.T) {
	j := mustOpen(t, t.TempDir(), small)
	fill(t, j, 40)
	oldest := func() uint64 { return read(t, j, 1)[0].Seq }
	for _, c := range []struct {
		before time.Time
		keep   uint64
		least  uint64 // the oldest entry left is no younger than this
		moves  bool
	}{
		{at(0), 41, 1, false}, // none is old enough
		{at(99), 1, 1, false}, // somebody needs the first
		{at(20), 41, 20, true},
		{at(99), 30, 30, true},
		{at(99), 41, 40, true}, // the last segment stays: it knows the number
	} {
		was := oldest()
		if err := j.Trim(c.before, c.keep); err != nil {
			t.Fatal(err)
		}
		if now := oldest(); now > c.least || c.moves != (now > was) {
			t.Errorf("Trim(%v, %d): oldest was %d, is %d, want at most %d", c.before, c.keep, was, now, c.least)
		}
	}
	wantEntries(t, read(t, j, oldest()), oldest(), 40)
	fill(t, j, 1)
}

func TestDamageIsNamed(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, small)
	fill(t, j, 40)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		segment int // of the segments; -1 is the last
		change  func(b []byte) []byte
		open    bool // Open finds it
	}{
		{"flipped bit", 1, func(b []byte) []byte { b[300] ^= 1; return b }, false},
		{"flipped bit at the end", -1, func(b []byte) []byte { b[30] ^= 1; return b }, true},
		{"flipped header", 1, func(b []byte) []byte { b[2] ^= 1; return b }, false},
		{"line lost", 1, func(b []byte) []byte {
			lines := bytes.SplitAfter(b, []byte("\n"))
			return bytes.Join(slices.Delete(lines, 2, 3), nil)
		}, false},
		{"end lost", 1, func(b []byte) []byte {
			lines := bytes.SplitAfter(b, []byte("\n"))
			return bytes.Join(lines[:3], nil)
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			copied := t.TempDir()
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			names, err := filepath.Glob(filepath.Join(copied, "*"+nameSuffix))
			if err != nil || len(names) < 4 {
				t.Fatal(names, err)
			}
			name := names[(c.segment+len(names))%len(names)]
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, c.change(content), 0o600); err != nil {
				t.Fatal(err)
			}
			var damage *DamageError
			j, err := open(copied, small)
			if c.open {
				if !errors.As(err, &damage) || damage.File != name {
					t.Errorf("Open gives %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			count := 0
			err = j.Read(1, func(Entry) error { count++; return nil })
			if !errors.As(err, &damage) || damage.File != name || count == 0 {
				t.Errorf("Read gives %v after %d entries", err, count)
			}
		})
	}
}

// TestEveryFlippedByteIsFound changes each byte of a segment: what is read before
// the error is what was written.
func TestEveryFlippedByteIsFound(t *testing.T) {
	j := mustOpen(t, t.TempDir(), small)
	fill(t, j, 40)
	name := j.path(j.segments[1])
	whole, err := os.ReadFile(name)
	if err != nil || len(whole) < 300 {
		t.Fatal(len(whole), err)
	}
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 1 << (i % 8)
		if err := os.WriteFile(name, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		var damage *DamageError
		var entries []Entry
		err := j.Read(1, func(e Entry) error { entries = append(entries, e); return nil })
		if !errors.As(err, &damage) || damage.File != name {
			t.Fatalf("byte %d: Read gives %v", i, err)
		}
		wantEntries(t, entries, 1, uint64(len(entries)))
		entries = nil
		err = j.Backwards(func(e Entry) bool { entries = append(entries, e); return true })
		if !errors.As(err, &damage) || damage.File != name {
			t.Fatalf("byte %d: Backwards gives %v", i, err)
		}
		slices.Reverse(entries)
		wantEntries(t, entries, 41-uint64(len(entries)), 40)
	}
}

func TestAppendRefusesWhatIsNoLine(t *testing.T) {
	j := mustOpen(t, t.TempDir(), small)
	for _, e := range []Entry{{Record: []byte("{\n}")}, {Account: "a\tb"}, {Region: "\n"}} {
		if _, err := j.Append(e); err == nil {
			t.Errorf("%+v was appended", e)
		}
	}
	fill(t, j, 2)
}

// FuzzTruncation cuts the last segment anywhere: what is left is a prefix, and
// the journal goes on from there.
func FuzzTruncation(f *testing.F) {
	dir := f.TempDir()
	j, err := open(dir, small)
	if err != nil {
		f.Fatal(err)
	}
	for seq := range uint64(23) {
		if _, err := j.Append(entry(seq + 1)); err != nil {
			f.Fatal(err)
		}
	}
	last := j.path(j.segments[len(j.segments)-1])
	first := j.segments[len(j.segments)-1]
	if err := j.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(last)
	if err != nil {
		f.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		f.Add(cut, false)
	}
	f.Add(len(whole)-5, true)
	f.Fuzz(func(t *testing.T, cut int, zeros bool) {
		if cut < 0 || cut > len(whole) {
			t.Skip("outside the file")
		}
		copied := t.TempDir()
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		left := whole[:cut]
		want := first - 1 + uint64(max(bytes.Count(left, []byte("\n"))-1, 0))
		if zeros { // as some file systems leave the end of a file when power is lost
			left = append(bytes.Clone(left), make([]byte, 50)...)
		}
		if err := os.WriteFile(filepath.Join(copied, filepath.Base(last)), left, 0o600); err != nil {
			t.Fatal(err)
		}
		j := mustOpen(t, copied, small)
		wantEntries(t, read(t, j, 1), 1, want)
		fill(t, j, 5)
		wantEntries(t, read(t, j, 1), 1, want+5)
	})
}

// TestKilled kills a process that appends and looks for every entry whose Append
// had returned.
func TestKilled(t *testing.T) {
	const variable = "JOURNAL_TEST_CHILD"
	if dir := os.Getenv(variable); dir != "" {
		j := mustOpen(t, dir, 50_000)
		for {
			seq, err := j.Append(entry(j.Last() + 1))
			fmt.Println(seq, err)
		}
	}
	dir := t.TempDir()
	acknowledged := uint64(0)
	for range 5 {
		child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		child.Env = append(os.Environ(), variable+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			var message string
			if _, err := fmt.Fscan(out, &acknowledged, &message); err != nil || message != "<nil>" {
				t.Fatal(err, message)
			}
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // it was killed
		j := mustOpen(t, dir, 50_000)
		if j.Last() < acknowledged {
			t.Fatalf("Last is %d, but %d was appended", j.Last(), acknowledged)
		}
		wantEntries(t, read(t, j, 1), 1, j.Last())
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	j, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	e := entry(1)
	e.Record = bytes.Repeat([]byte("r"), 1500)
	b.SetBytes(int64(len(e.Record)))
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := j.Append(e); err != nil {
				b.Error(err)
			}
		}
	})
}
