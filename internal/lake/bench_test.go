package lake

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/logfile"
)

func loadFiles(b testing.TB) (files [][]byte, total int64) {
	paths, _ := filepath.Glob("../../../shared/data/invictus/CloudTrail/*.json")
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, data)
		total += int64(len(data))
	}
	if len(files) == 0 {
		b.Skip("no data")
	}
	return
}

func blocksOf(b testing.TB, files [][]byte) (blocks []*Block, n int) {
	var r logfile.Reader
	cur := NewBlock(nil)
	for _, f := range files {
		err := r.Read(bytes.NewReader(f), logfile.Visitor{
			Record: func(off int64, rec *event.Record) error {
				at, _ := rec.Time()
				id := Identify(rec, Source{LogFile: "x"}, off)
				cur.Append(rec, at, id, Source{LogFile: "x"})
				n++
				if cur.Full() {
					blocks = append(blocks, cur)
					cur = NewBlock(nil)
				}
				return nil
			},
			Reject: func(int64, []byte, string) error { return nil },
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return append(blocks, cur), n
}

func BenchmarkEncode(b *testing.B) {
	files, total := loadFiles(b)
	b.SetBytes(total)
	for b.Loop() {
		blocksOf(b, files)
	}
}

func BenchmarkIdentify(b *testing.B) {
	files, total := loadFiles(b)
	b.SetBytes(total)
	var r logfile.Reader
	for b.Loop() {
		for _, f := range files {
			r.Read(bytes.NewReader(f), logfile.Visitor{
				Record: func(off int64, rec *event.Record) error {
					Identify(rec, Source{LogFile: "x"}, off)
					return nil
				},
				Reject: func(int64, []byte, string) error { return nil },
			})
		}
	}
}

func BenchmarkScan(b *testing.B) {
	files, total := loadFiles(b)
	b.SetBytes(total)
	var r logfile.Reader
	for b.Loop() {
		for _, f := range files {
			r.Read(bytes.NewReader(f), logfile.Visitor{
				Record: func(off int64, rec *event.Record) error { return nil },
				Reject: func(int64, []byte, string) error { return nil },
			})
		}
	}
}

func BenchmarkParquet(b *testing.B) {
	files, total := loadFiles(b)
	var all [][]byte
	for range 20 {
		all = append(all, files...)
	}
	blocks, n := blocksOf(b, all)
	b.SetBytes(total * 20)
	var buf bytes.Buffer
	for b.Loop() {
		buf.Reset()
		if err := writeParquet(&buf, blocks); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(buf.Len())/float64(n), "B/row")
}

func BenchmarkOrder(b *testing.B) {
	files, _ := loadFiles(b)
	var all [][]byte
	for range 20 {
		all = append(all, files...)
	}
	blocks, _ := blocksOf(b, all)
	for b.Loop() {
		order(blocks)
	}
	_ = time.Now
}
