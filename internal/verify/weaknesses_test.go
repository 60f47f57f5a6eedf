package verify_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// weakness is something that validate-logs passes with exit code 0, or stops at.
type weakness struct {
	name   string
	do     func(t *testing.T, m memory, b *builder)
	opts   verify.Options
	want   []string // state and check of what verify says, each once
	passes bool     // whether validate-logs ends with 0
}

// weaknesses are all that are known of validate-logs. b is a chain of eight hours.
func weaknesses() []weakness {
	toEnd := verify.Options{Until: begin.Add(8 * time.Hour), Now: begin.Add(8 * time.Hour)}
	edit := func(i int, change func(document), sign bool) func(*testing.T, memory, *builder) {
		return func(t *testing.T, m memory, b *builder) {
			if sign {
				m.edit(t, b.digests[i], change, keyPair())
			} else {
				m.edit(t, b.digests[i], change, nil)
			}
		}
	}
	remove := func(from, to int) func(*testing.T, memory, *builder) {
		return func(_ *testing.T, m memory, b *builder) { without(b.digests[from:to]...)(m) }
	}
	appended := changing("append a gzip member", func(b *builder) string { return b.digests[4] })
	unreadable := func(err error) func(*testing.T, memory, *builder) {
		return func(_ *testing.T, m memory, b *builder) { m[b.logs[5]] = stored{open: err} }
	}
	return []weakness{
		{name: "all digests deleted", do: remove(0, 8), opts: toEnd, want: []string{"unverifiable chain-exists"}, passes: true},
		{name: "the newest digests deleted", do: remove(4, 8), opts: toEnd, want: []string{"missing tail", "pending listed", "unverifiable listed"}, passes: true},
		{name: "three digests in a row deleted", do: remove(3, 6), opts: toEnd, want: []string{"missing continuity", "unverifiable listed"}},
		{name: "the oldest digests expired", do: func(t *testing.T, m memory, b *builder) { without(slices.Concat(b.digests[:3], b.logs[:6])...)(m) },
			opts: toEnd, want: []string{"expired head"}},
		{name: "the chain starts late", do: func(t *testing.T, m memory, b *builder) {
			clear(m)
			late := newBuilder(m, "main")
			late.end = begin.Add(6 * time.Hour)
			late.hour(t, 1)
			late.hour(t, 1)
			late.log(t, begin.Add(-48*time.Hour), "{}")
		}, opts: toEnd, want: []string{"unverifiable listed"}, passes: true},
		{name: "the chain starts again", do: func(t *testing.T, m memory, b *builder) {
			clear(m)
			again := newBuilder(m, "main")
			again.hour(t, 1)
			again.previous, again.end = nil, begin.Add(6*time.Hour)
			again.hour(t, 1)
			again.hour(t, 1)
		}, opts: toEnd, want: []string{"unverifiable start"}, passes: true},
		{name: "a digest replaced by a validly signed one", do: edit(4, func(d document) { d["logFiles"] = d["logFiles"].([]any)[:1] }, true), opts: toEnd,
			want: []string{"tampered link-hash", "unverifiable listed"}, passes: true},
		{name: "a gzip member appended to a digest", do: appended, opts: toEnd, want: []string{"tampered gzip", "unverifiable listed"}, passes: true},
		{name: "a forged log file", do: func(t *testing.T, m memory, b *builder) {
			newBuilder(m, "extra").log(t, begin.Add(3*time.Hour+7*time.Minute), "{}")
		}, want: []string{"tampered listed"}, passes: true},
		{name: "a trail whose name begins alike", do: func(t *testing.T, m memory, b *builder) {
			other := newBuilder(m, "main_"+region+"_bar")
			for range 8 {
				other.hour(t, 1)
			}
			without(b.digests[2:]...)(m)
		}, opts: verify.Options{Until: toEnd.Until, Now: toEnd.Now, Trails: []verify.Trail{{Name: "main", HomeRegion: region}}},
			want: []string{"missing tail"}, passes: true},
		{name: "another algorithm in the metadata", do: func(t *testing.T, m memory, b *builder) {
			m[b.digests[7]].metadata[digest.MetadataSignatureAlgorithm] = "SHA1withRSA"
		}, opts: toEnd, want: []string{"tampered signature", "unverifiable listed"}, passes: true},
		{name: "another algorithm in a digest that is signed", do: edit(7, func(d document) { d["digestSignatureAlgorithm"] = "SHA1withRSA" }, true), opts: toEnd,
			want: []string{"tampered algorithm", "unverifiable listed"}, passes: true},
		{name: "a signed digest without logFiles", do: edit(7, func(d document) { delete(d, "logFiles") }, true), opts: toEnd,
			want: []string{"tampered format", "unverifiable listed"}},
		{name: "a log file without the end of its gzip member", do: func(t *testing.T, m memory, b *builder) {
			o := m[b.logs[5]]
			o.body = o.body[:len(o.body)-8]
			m[b.logs[5]] = o
		}, opts: toEnd, want: []string{"tampered gzip"}, passes: true},
		// Hex is the same in capitals: validate-logs says that this log file is invalid.
		{name: "a hash in capitals", do: edit(7, func(d document) {
			file := d.file()
			file["hashValue"] = strings.ToUpper(file["hashValue"].(string))
		}, true), opts: toEnd},
		{name: "a log file that may not be read", do: unreadable(fmt.Errorf("open: %w", fs.ErrPermission)), opts: toEnd, want: []string{"denied read"}},
		{name: "a log file in cold storage", do: unreadable(fmt.Errorf("open: %w", archive.ErrCold)), opts: toEnd, want: []string{"archived read"}},
	}
}

// TestWeaknesses reproduces what validate-logs passes.
func TestWeaknesses(t *testing.T) {
	for _, w := range weaknesses() {
		t.Run(strings.ReplaceAll(w.name, " ", "-"), func(t *testing.T) {
			m, b := eightHours(t)
			w.do(t, m, b)
			bad, _ := run(t, m, keys(), w.opts)
			var got []string
			for _, r := range bad {
				got = append(got, string(r.State)+" "+string(r.Check))
			}
			slices.Sort(got)
			if diff := cmp.Diff(w.want, slices.Compact(got)); diff != "" {
				t.Errorf("%s%q", diff, short(bad))
			}
		})
	}
}
