package lake

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/recordtest"
)

// TestRandomRecords brings random records through blocks that are used again and
// again, and through parts: each comes out as it went in.
func TestRandomRecords(t *testing.T) {
	dir := t.TempDir()
	blocks := []*Block{NewBlock(nil), NewBlock(nil)}
	number := 0
	recordtest.Rounds(t, 12, func(t *testing.T, random *rand.Rand) {
		want, sources := map[string]string{}, map[string]Source{}
		for _, b := range blocks {
			b.Reset()
			for range random.IntN(60) {
				number++
				name, text := fmt.Sprint(number), recordtest.Record(random, number)
				want[name], sources[name] = text, randomSource(random, name)
				fillFrom(t, b, sources[name], text)
			}
		}
		requireRows(t, blocks, want)
		requireSources(t, blocks, sources)
		if err := proveRows(t.Context(), blocks); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "x.parquet")
		if _, _, err := writePartAt(t.Context(), path, blocks); err != nil {
			t.Fatal(err)
		}
		read, err := readPart(t.Context(), fileAt(path), Schema)
		if err != nil {
			t.Fatal(err)
		}
		requireRows(t, read, want)
		requireSources(t, read, sources)
	})
}

// randomSource returns where a record of a log file may have been found: at an
// offset, or one that is not known, in a file with a hash and a proof, or without.
func randomSource(random *rand.Rand, logFile string) Source {
	from := Source{LogFile: logFile, Account: "999999999999", Offset: random.Int64N(1 << (1 + random.IntN(62)))}
	if random.IntN(4) == 0 {
		from.Offset = -1 - random.Int64N(3)
	}
	if random.IntN(4) > 0 {
		from.SHA256 = fmt.Sprintf("%064x", random.IntN(20))
	}
	if random.IntN(4) > 0 {
		from.Proof = Proof{fmt.Sprintf("digest-%d", random.IntN(20)), time.UnixMicro(random.Int64N(1 << 52)).UTC()}
	}
	return from
}

// requireSources fails the test unless the rows of blocks, and copies of them,
// say where they were found, by the name of their log file.
func requireSources(t *testing.T, blocks []*Block, want map[string]Source) {
	t.Helper()
	for _, b := range blocks {
		copied := NewBlock(b)
		for i := range b.Rows() {
			copied.copyRow(b, i)
			row := copied.row(i)
			from := want[string(row.text[colLogFile])]
			if sum := row.text[colLogFileHash]; string(sum) != from.SHA256 || (sum == nil) != (from.SHA256 == "") {
				t.Errorf("log file %q has the hash %q, want %q", from.LogFile, sum, from.SHA256)
			}
			if got := copied.offsets[i]; got != max(from.Offset, unknownOffset) {
				t.Errorf("the offset in log file %q is %d, want %d", from.LogFile, got, from.Offset)
			}
			if digest := row.text[colDigest]; string(digest) != from.Proof.Digest || (digest == nil) != (from.Proof.Digest == "") {
				t.Errorf("log file %q has the digest %q, want %q", from.LogFile, digest, from.Proof.Digest)
			}
			if got := copied.verified[i]; got != from.Proof.time() {
				t.Errorf("log file %q was verified at %d, want %d", from.LogFile, got, from.Proof.time())
			}
		}
	}
}

// requireRows fails the test unless the rows of blocks give back exactly the
// records wanted, by the name of their log file.
func requireRows(t *testing.T, blocks []*Block, want map[string]string) {
	t.Helper()
	rows := 0
	for _, b := range blocks {
		for i := range b.Rows() {
			row := b.row(i)
			got, err := row.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			RequireSame(t, []byte(want[string(row.text[colLogFile])]), got)
			requireValidColumns(t, &row)
			rows++
		}
	}
	if rows != len(want) {
		t.Fatalf("%d rows for %d records", rows, len(want))
	}
}

// TestProofFindsDamage damages each column of rows before they are written, and
// after, and wants it found before the commit.
func TestProofFindsDamage(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	b := NewBlock(nil)
	for n := range 300 {
		fill(t, b, "log", recordtest.Record(random, n))
	}
	fill(t, b, "log", `{"eventTime":"2026-01-01T00:00:00Z","eventName":"GetObject","requestParameters":{"bucketName":"some-bucket"}}`)
	blocks, places := []*Block{b}, order([]*Block{b})
	path := filepath.Join(t.TempDir(), "x.parquet")
	if _, _, err := writePartAt(t.Context(), path, blocks); err != nil {
		t.Fatal(err)
	}
	damaged := func(what string, inMemory bool, damage, undo func()) {
		t.Helper()
		damage()
		defer undo()
		if provePart(t.Context(), fileAt(path), blocks, places) == nil {
			t.Errorf("%s: a difference between disk and memory was not found", what)
		}
		if inMemory && proveRows(t.Context(), blocks) == nil {
			t.Errorf("%s: damage in memory was not found", what)
		}
	}
	proven := derivedTexts()
	for column := range numText {
		if column == colDigest {
			continue // nothing fills it yet
		}
		value := valueOf(t, b, column)
		flip := func() { value[1] ^= 1 }
		// The columns after firstDerived say again what others say.
		proved := column < firstDerived || column == colExtra || slices.Contains(proven[:], column)
		damaged(textColumns()[column].Name, proved, flip, flip)
	}
	for column := range numBool {
		values, row := b.bools[column], withoutExtra(t, b)
		before := values[row]
		damaged(boolColumns()[column].Name, column != boolMFA, func() { values[row] = (before+2)%3 - 1 }, func() { values[row] = before })
	}
	for column := range numList {
		value := listOf(t, b, column)
		flip := func() { value[1] ^= 1 }
		damaged(listColumns()[column].Name, true, flip, flip)
	}
	row := withoutExtra(t, b)
	damaged("log_offset", false, func() { b.offsets[row]++ }, func() { b.offsets[row]-- })
	damaged("verified_at", false, func() { b.verified[row]++ }, func() { b.verified[row]-- })
	damaged("event_time", true, func() { b.time[row] += 1_000_000 }, func() { b.time[row] -= 1_000_000 })
	flip := func() { b.nulls[row] ^= 1 << event.ErrorCode }
	damaged("explicit_nulls", true, flip, flip)
	if err := errors.Join(proveRows(t.Context(), blocks), provePart(t.Context(), fileAt(path), blocks, places)); err != nil {
		t.Errorf("with all damage undone: %v", err)
	}
}

func withoutExtra(t *testing.T, b *Block) int {
	t.Helper()
	row := slices.Index(b.text[colExtra].codes, 0)
	if row < 0 {
		t.Fatal("every record has extra members")
	}
	return row
}

// valueOf finds a value of a column that nothing in extra stands for.
func valueOf(t *testing.T, b *Block, column int) []byte {
	t.Helper()
	for row := range b.Rows() {
		if value := b.text[column].get(row); len(value) > 2 && (column == colExtra || b.text[colExtra].codes[row] == 0) {
			return value
		}
	}
	t.Fatalf("no value for column %s", textColumns()[column].Name)
	return nil
}

// listOf finds a list that is not empty.
func listOf(t *testing.T, b *Block, column int) []byte {
	t.Helper()
	for row := range b.Rows() {
		if list := b.lists[column].get(row); len(list) > 1 {
			return list
		}
	}
	t.Fatalf("no list in column %s", listColumns()[column].Name)
	return nil
}

// TestDamagedRowsAreNotCommitted commits rows of which one was damaged after it was
// encoded.
func TestDamagedRowsAreNotCommitted(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	commit(t, w, batchOf(t, 1, 2))
	before := tree(t, dir)
	bad := batchOf(t, 3, 4)
	for _, blocks := range bad.Days {
		name := &blocks[0].text[colEventName]
		name.get(0)[0] ^= 0x20
	}
	err := w.Commit(t.Context(), bad)
	proof, ok := errors.AsType[*ProofError](err)
	if !ok || proof.EventID == "" || proof.LogFile == "" {
		t.Errorf("commit: %v, want an error that names the event", err)
	}
	closeWriter(t, w)
	if after := tree(t, dir); !slices.Equal(before, after) {
		t.Errorf("files of the lake\nbefore %q\nafter  %q", before, after)
	}
	requireLake(t, dir, 1, 2)
}
