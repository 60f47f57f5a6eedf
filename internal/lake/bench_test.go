package lake

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/logfile"
)

// realFiles returns the log files of a real account.
func realFiles(b *testing.B) (files [][]byte, size int64) {
	paths, err := filepath.Glob("../../../shared/data/invictus/CloudTrail/*.json")
	if err != nil {
		b.Fatal(err)
	}
	if len(paths) == 0 {
		b.Skip("SKIPPED REAL DATA: no ../shared/data/invictus")
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, data)
		size += int64(len(data))
	}
	return files, size
}

func blocksOf(b *testing.B, files [][]byte) []*Block {
	var r logfile.Reader
	blocks := []*Block{NewBlock(nil)}
	for _, data := range files {
		err := r.Read(b.Context(), bytes.NewReader(data), logfile.Visitor{
			Record: func(offset int64, rec *event.Record) error {
				last := blocks[len(blocks)-1]
				if last.Full() {
					last = NewBlock(last)
					blocks = append(blocks, last)
				}
				at, _ := rec.Time()
				from := Source{LogFile: "log.json", SHA256: strings.Repeat("0f", 32), Offset: offset}
				last.Append(rec, at, Identify(rec, from), from)
				return nil
			},
			Reject: func(int64, []byte, string) error { return nil },
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return blocks
}

// BenchmarkBlock decodes files and gathers their events in blocks.
func BenchmarkBlock(b *testing.B) {
	files, size := realFiles(b)
	b.SetBytes(size)
	for b.Loop() {
		blocksOf(b, files)
	}
}

// BenchmarkParquet writes gathered events as a part.
func BenchmarkParquet(b *testing.B) {
	files, size := realFiles(b)
	blocks := blocksOf(b, files)
	b.SetBytes(size)
	var out bytes.Buffer
	for b.Loop() {
		out.Reset()
		if _, _, err := writeParquet(&out, blocks, order(blocks)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkProveRows checks gathered events against what was read.
func BenchmarkProveRows(b *testing.B) {
	files, size := realFiles(b)
	blocks := blocksOf(b, files)
	b.SetBytes(size)
	for b.Loop() {
		if err := proveRows(b.Context(), blocks); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkProvePart reads a part back and compares it.
func BenchmarkProvePart(b *testing.B) {
	files, size := realFiles(b)
	blocks := blocksOf(b, files)
	path := filepath.Join(b.TempDir(), "x.parquet")
	if _, _, err := writePartAt(b.Context(), path, blocks); err != nil {
		b.Fatal(err)
	}
	places := order(blocks)
	b.SetBytes(size)
	for b.Loop() {
		if err := provePart(b.Context(), fileAt(path), blocks, places); err != nil {
			b.Fatal(err)
		}
	}
}
