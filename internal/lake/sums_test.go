package lake

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/cerpac/trailkeeper/internal/recordtest"
)

// writtenPart writes random records as a part.
func writtenPart(t testing.TB, records int) Part {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 3))
	b := NewBlock(nil)
	for n := range records {
		fill(t, b, "log", recordtest.Record(random, n))
	}
	p := Part{Name: "part-00000001-0000.parquet", Day: firstDay, file: fileAt(filepath.Join(t.TempDir(), "x.parquet"))}
	var err error
	if p.Bytes, p.Checksum, err = writePartAt(t.Context(), p.Path(), []*Block{b}); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSumsCoverEveryChunk holds the chunks that have checksums against those of the
// Parquet footer.
func TestSumsCoverEveryChunk(t *testing.T) {
	p := writtenPart(t, 50)
	text, err := os.ReadFile(p.Path())
	if err != nil {
		t.Fatal(err)
	}
	sums, err := parseSums(text[p.Checksum.At:])
	if err != nil {
		t.Fatal(err)
	}
	in, err := file.OpenParquetFile(p.Path(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	i := 0
	for g := range in.NumRowGroups() {
		group := in.RowGroup(g).MetaData()
		for c := range group.NumColumns() {
			chunk, err := group.ColumnChunk(c)
			if err != nil {
				t.Fatal(err)
			}
			start := chunk.DataPageOffset()
			if chunk.HasDictionaryPage() {
				start = min(start, chunk.DictionaryPageOffset())
			}
			if end := start + chunk.TotalCompressedSize(); sums.chunks[i].end != end || sums.columns[c] != chunk.PathInSchema()[0] {
				t.Errorf("chunk %d is %s up to byte %d, its checksum is of %s up to %d", i, chunk.PathInSchema(), end, sums.columns[c], sums.chunks[i].end)
			}
			i++
		}
	}
	if i != len(sums.chunks) || sums.chunks[i-1].end != p.Checksum.At {
		t.Errorf("%d chunks, %d checksums, of which the last ends at %d and the table begins at %d", i, len(sums.chunks), sums.chunks[i-1].end, p.Checksum.At)
	}
}

// TestEveryFlippedByteOfAPart flips each byte of a small part, one after another.
func TestEveryFlippedByteOfAPart(t *testing.T) {
	p := writtenPart(t, 1)
	text, err := os.ReadFile(p.Path())
	if err != nil {
		t.Fatal(err)
	}
	verify := func() []*PartError {
		t.Helper()
		damaged, err := Verify(t.Context(), []Part{p}, ColumnNames())
		if err != nil {
			t.Fatal(err)
		}
		return damaged
	}
	if damaged := verify(); len(damaged) > 0 {
		t.Fatalf("nothing was changed: %v", damaged)
	}
	f, err := os.OpenFile(p.Path(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at := range text {
		for _, value := range []byte{text[at] ^ 1, text[at]} { // damaged, and mended again
			if _, err := f.WriteAt([]byte{value}, int64(at)); err != nil {
				t.Fatal(err)
			}
			if damaged := verify(); (len(damaged) == 1) != (value != text[at]) {
				t.Fatalf("byte %d of %d is %d, not %d: found %v", at, len(text), value, text[at], damaged)
			}
		}
	}
	for _, length := range []int64{0, 1, p.Checksum.At, p.Bytes - 1, p.Bytes + 1} {
		if err := os.Truncate(p.Path(), length); err != nil {
			t.Fatal(err)
		}
		if len(verify()) == 0 {
			t.Errorf("cut to %d bytes of %d: not found", length, p.Bytes)
		}
	}
}

// TestOnlyColumnsThatAreAskedForAreRead damages one column after another.
func TestOnlyColumnsThatAreAskedForAreRead(t *testing.T) {
	p := writtenPart(t, 20)
	text, err := os.ReadFile(p.Path())
	if err != nil {
		t.Fatal(err)
	}
	sums, err := parseSums(text[p.Checksum.At:])
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range sums.columns {
		broken := bytes.Clone(text)
		broken[sums.chunks[i].end-1] ^= 0x10
		if err := os.WriteFile(p.Path(), broken, 0o600); err != nil {
			t.Fatal(err)
		}
		others := slices.DeleteFunc(ColumnNames(), func(n string) bool { return n == name })
		with, err1 := Verify(t.Context(), []Part{p}, []string{name})
		without, err2 := Verify(t.Context(), []Part{p}, others)
		if err := errors.Join(err1, err2); err != nil || len(with) != 1 || len(without) > 0 {
			t.Errorf("column %s damaged: found %v in it and %v in the others, %v", name, with, without, err)
		}
	}
}

// TestEveryFlippedByteOfTheManifest flips bits of a manifest: the lake is refused.
func TestEveryFlippedByteOfTheManifest(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	b := batchOf(t, 1, 2, 30)
	b.Quarantine = []byte("{}\n")
	commit(t, w, b)
	closeWriter(t, w)
	path := filepath.Join(dir, stateDir, manifestName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range text {
		for _, bit := range []int{0, 5} { // 5 is what capital letters differ by
			broken := bytes.Clone(text)
			broken[at] ^= 1 << bit
			if err := os.WriteFile(path, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := Open(t.Context(), folder(dir))
			if err == nil {
				_ = l.Close()
				t.Fatalf("bit %d of byte %d flipped, %q: the lake was opened", bit, at, broken[max(0, at-20):min(len(broken), at+20)])
			}
			var damaged *ManifestError
			var newer *VersionError
			if !errors.As(err, &damaged) && !errors.As(err, &newer) {
				t.Errorf("bit %d of byte %d flipped: %v", bit, at, err)
			}
		}
	}
}
