package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const firstDay = "2026-01-11"

// sample is the record number n: every hour another one, from 2026-01-11 on.
func sample(n int) string {
	at := time.Date(2026, 1, 11, n, 0, 0, 0, time.UTC)
	return fmt.Sprintf(`{"eventVersion":"1.11","eventTime":%q,"eventName":"Event%d","eventID":"%08d-0000-4000-8000-000000000000"}`,
		at.Format(time.RFC3339), n, n)
}

// batchOf makes a batch of samples, of a log file each.
func batchOf(t testing.TB, numbers ...int) Batch {
	t.Helper()
	b := Batch{Days: map[string][]*Block{}, Sources: map[string][]LogFile{}}
	for _, n := range numbers {
		day := time.Date(2026, 1, 11, n, 0, 0, 0, time.UTC).Format(dayLayout)
		if b.Days[day] == nil {
			b.Days[day] = []*Block{NewBlock(nil)}
		}
		fill(t, b.Days[day][0], fmt.Sprintf("file-%d", n), sample(n))
		b.Sources[firstDay] = append(b.Sources[firstDay], LogFile{Identity: Identity{ID: [16]byte{byte(n), byte(n >> 8)}, Hash: uint64(n)}})
		b.Added.Stored++
		b.Added.Files++
	}
	return b
}

func openWriter(t testing.TB, dir string) *Writer {
	t.Helper()
	w, err := OpenWriter(t.Context(), folder(dir), WriterOptions{Parallel: 2})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func commit(t testing.TB, w *Writer, b Batch) {
	t.Helper()
	if err := w.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func closeWriter(t testing.TB, w *Writer) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// contents are the records of a lake in a folder, sorted.
func contents(t testing.TB, dir string) (records []string) {
	t.Helper()
	l := openLake(t, dir)
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	return recordsOf(t, l)
}

// recordsOf are the records of a lake, sorted.
func recordsOf(t testing.TB, l *Lake) (records []string) {
	t.Helper()
	for _, p := range l.Parts() {
		blocks, err := readPart(t.Context(), p.file, p.Schema)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for _, b := range blocks {
			rows += b.Rows()
			for i := range b.Rows() {
				row := b.row(i)
				text, err := row.AppendJSON(nil)
				if err != nil {
					t.Fatal(err)
				}
				records = append(records, string(text))
				if row.Time.Before(p.From) || row.Time.After(p.To) || row.Time.Format(dayLayout) != p.Day {
					t.Errorf("part %s of %s, %s to %s, holds a row of %s", p.Name, p.Day, p.From, p.To, row.Time)
				}
			}
		}
		if int64(rows) != p.Rows {
			t.Errorf("part %s has %d rows, the manifest says %d", p.Name, rows, p.Rows)
		}
	}
	slices.Sort(records)
	return records
}

// requireLake fails the test unless a lake holds the samples of these numbers,
// in its parts, its identities and its lists of log files, and no other file.
func requireLake(t testing.TB, dir string, numbers ...int) {
	t.Helper()
	var want, ids, got []string
	for _, n := range numbers {
		want = append(want, sample(n))
		ids = append(ids, fmt.Sprintf("%08d", n))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, contents(t, dir)); diff != "" {
		t.Fatalf("records (-want +got)\n%s", diff)
	}
	w := openWriter(t, dir)
	defer closeWriter(t, w)
	for n := range 100 {
		err := w.Existing(t.Context(), Hour(time.Date(2026, 1, 11, n, 0, 0, 0, time.UTC)), func(id Identity) {
			got = append(got, fmt.Sprintf("%x", id.ID[:4]))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(ids)
	slices.Sort(got)
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Fatalf("identities (-want +got)\n%s", diff)
	}
	var files []int
	if err := w.Sources(t.Context(), firstDay, func(f LogFile) { files = append(files, int(f.Hash)) }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	slices.Sort(numbers)
	if diff := cmp.Diff(numbers, files); diff != "" {
		t.Fatalf("log files (-want +got)\n%s", diff)
	}
	if left := tree(t, filepath.Join(dir, stagingDir)); len(left) > 0 {
		t.Errorf("left in staging: %q", left)
	}
	m := w.manifest
	if got, want := len(tree(t, dir)), 3+2*len(m.Parts)+len(m.Quarantine)+len(slices.Concat(mapValues(m.Sources)...)); got != want {
		t.Errorf("the folder has %d files, the manifest accounts for %d: %q", got, want, tree(t, dir))
	}
}

func mapValues(m map[string][]string) (values [][]string) {
	for _, v := range m {
		values = append(values, v)
	}
	return values
}

// tree lists the files below a folder.
func tree(t testing.TB, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && d.Type().IsRegular() {
			rel, _ := filepath.Rel(dir, path)
			files = append(files, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func copyTree(t testing.TB, from string) (to string) {
	t.Helper()
	to = t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// restore copies a file of one lake to another where it is not there.
func restore(t testing.TB, from, to, name string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(to, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A process can die between any two changes to the folder. The states are made
// from the folders before and after a commit: as the new files come first, the
// manifest next, and the removal of old files last, each state is one of a
// prefix of these changes.
func TestDeathDuringCommit(t *testing.T) {
	before, after := t.TempDir(), ""
	w := openWriter(t, before)
	for n := range compactAt {
		commit(t, w, batchOf(t, n))
	}
	after = copyTree(t, before)
	closeWriter(t, w)
	w = openWriter(t, after)
	// A commit of two days, with a listing, that also joins the lists of log files.
	for n := compactAt; n < maxSourceLists; n++ {
		commit(t, w, batchOf(t, n))
	}
	old := []int{0, 1, 2, 3, 4, 5, 6, 7}
	before = copyTree(t, after)
	b := batchOf(t, 8, 30)
	b.Quarantine = []byte("{}\n")
	commit(t, w, b)
	closeWriter(t, w)
	t.Run("commit", func(t *testing.T) { dieBetween(t, before, after, old, append(old, 8, 30)) })

	merged := copyTree(t, after)
	w = openWriter(t, merged)
	merges := 0
	for { // one merge at a time
		ctx, cancel := context.WithCancel(t.Context())
		done := copyTree(t, merged)
		err := w.Compact(ctx, 1<<30, func(int) { merges++; cancel() })
		cancel()
		if diff := cmp.Diff(tree(t, done), tree(t, merged)); diff == "" {
			break
		}
		name := fmt.Sprintf("merge %d", merges)
		t.Run(name, func(t *testing.T) { dieBetween(t, done, merged, append(old, 8, 30), append(old, 8, 30)) })
		if err == nil {
			break
		}
	}
	closeWriter(t, w)
	if merges == 0 {
		t.Error("nothing was merged")
	}
}

// dieBetween tests the states between two lakes of which one commit leads from
// the first to the second.
func dieBetween(t *testing.T, before, after string, old, updated []int) {
	was, is := tree(t, before), tree(t, after)
	var added, dropped []string
	for _, name := range is {
		if !slices.Contains(was, name) {
			added = append(added, name)
		}
	}
	for _, name := range was {
		if !slices.Contains(is, name) {
			dropped = append(dropped, name)
		}
	}
	staged := func(name string) string {
		if strings.HasPrefix(name, "year=") {
			return filepath.Join(stateDir, "staging", name)
		}
		return name
	}
	for i := range len(added) + 1 {
		t.Run(fmt.Sprintf("%d of %d files written", i, len(added)), func(t *testing.T) {
			dir := copyTree(t, before)
			for k, name := range added[:i] {
				restore(t, after, dir, name)
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, staged(name))), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, staged(name))); err != nil {
					t.Fatal(err)
				}
				if k == i-1 { // the last is not written to its end
					if err := os.Truncate(filepath.Join(dir, staged(name)), 2); err != nil {
						t.Fatal(err)
					}
				}
			}
			requireLake(t, dir, old...)
		})
	}
	t.Run("manifest half written", func(t *testing.T) {
		dir := copyTree(t, before)
		for _, name := range added {
			restore(t, after, dir, name) // as well as published: never happens, swept all the same
		}
		if err := os.WriteFile(filepath.Join(dir, stateDir, manifestName+Unfinished), []byte("{"), 0o644); err != nil {
			t.Fatal(err)
		}
		requireSwept(t, dir, old)
	})
	for i := range len(added) + 1 {
		t.Run(fmt.Sprintf("committed, %d of %d files published", i, len(added)), func(t *testing.T) {
			dir := copyTree(t, after)
			for _, name := range dropped {
				restore(t, before, dir, name)
			}
			for _, name := range added[i:] {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, staged(name))), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, staged(name))); err != nil {
					t.Fatal(err)
				}
			}
			if got := contents(t, dir); len(got) != len(updated) { // readers need no recovery
				t.Errorf("before the recovery a reader sees %d records, want %d", len(got), len(updated))
			}
			requireLake(t, dir, updated...)
		})
	}
	for i := range len(dropped) {
		t.Run(fmt.Sprintf("committed, %d of %d files dropped", i, len(dropped)), func(t *testing.T) {
			dir := copyTree(t, after)
			for _, name := range dropped[i:] {
				restore(t, before, dir, name)
			}
			requireLake(t, dir, updated...)
		})
	}
}

// requireSwept is requireLake for a folder with a half written manifest, which
// stays until the next commit.
func requireSwept(t *testing.T, dir string, numbers []int) {
	t.Helper()
	closeWriter(t, openWriter(t, dir))
	if err := os.Remove(filepath.Join(dir, stateDir, manifestName+Unfinished)); err != nil {
		t.Fatal(err)
	}
	requireLake(t, dir, numbers...)
}

func TestForeignFilesStay(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	commit(t, w, batchOf(t, 1))
	closeWriter(t, w)
	foreign := []string{
		"README.md",
		"year=2026/month=01/day=11/part-00000-2bd3c7c5-0c3e-4a7a-8f5e-c000.snappy.parquet",
		"year=2026/month=01/day=11/part-0.parquet",
		"year=2026/month=01/day=11/data.parquet",
		"year=2026/month=01/day=12/part-00000001-0000.parquet.bak",
		"_trailkeeper/ids/notes.ids",
		"_trailkeeper/sources/files.ids",
		"_trailkeeper/quarantine/mine.jsonl",
	}
	for _, name := range foreign {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	orphans := []string{"year=2026/month=01/day=11/part-00000077-0000.parquet", "_trailkeeper/quarantine/refused-00000077.jsonl.new"}
	for _, name := range orphans {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w = openWriter(t, dir)
	commit(t, w, batchOf(t, 2))
	closeWriter(t, w)
	for _, name := range foreign {
		if !exists(filepath.Join(dir, name)) {
			t.Errorf("%s is gone", name)
		}
	}
	for _, name := range orphans {
		if exists(filepath.Join(dir, name)) {
			t.Errorf("%s, which no manifest names, is still there", name)
		}
	}
}

func TestSecondWriterIsRefused(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	_, err := OpenWriter(t.Context(), folder(dir), WriterOptions{})
	if _, ok := errors.AsType[*LockedError](err); !ok {
		t.Errorf("second writer: %v", err)
	}
	commit(t, w, batchOf(t, 1)) // undisturbed
	closeWriter(t, w)
	requireLake(t, dir, 1)
}

// What is not a whole lake is refused with words, and nothing in it is touched.
func TestDamagedLakes(t *testing.T) {
	good := t.TempDir()
	w := openWriter(t, good)
	b := batchOf(t, 1, 2, 30)
	b.Quarantine = []byte("{}\n")
	commit(t, w, b)
	closeWriter(t, w)
	manifest := filepath.Join(stateDir, manifestName)
	edit := func(from, to string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			text, err := os.ReadFile(filepath.Join(dir, manifest))
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.ReplaceAll(string(text), from, to)
			if changed == string(text) {
				t.Fatalf("no %q in the manifest", from)
			}
			var m struct{ Checksum string } // made anew, as if the manifest was written so
			if json.Unmarshal([]byte(changed), &m) == nil {
				changed = strings.Replace(changed, m.Checksum, sumOf([]byte(changed), m.Checksum), 1)
			}
			if err := os.WriteFile(filepath.Join(dir, manifest), []byte(changed), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	part := filepath.Join(dayDir(firstDay), "part-00000001-0000.parquet")
	for _, test := range []struct {
		name   string
		damage func(t *testing.T, dir string)
		want   string // in the error of a writer
		reads  bool   // a reader does not need what is missing
	}{
		{"a later version", edit(`"format": 3`, `"format": 4`), "its format is version 4, this program knows version 3", false},
		{"no version", edit(`"format": 3`, `"format": 0`), "not a manifest", false},
		{"a part named out of the lake", edit("part-00000001-0000.parquet", "../../../x.parquet"), "is not the name of a part", false},
		{"a part without a day", edit(`"day": "2026-01-11"`, `"day": ""`), "is not a day", false},
		{"a list named out of the lake", edit("files-00000001-0000.ids", "../x.ids"), "is not the name of a list", false},
		{"a listing named out of the lake", edit("refused-00000001.jsonl", "../x.jsonl"), "is not the name of a listing", false},
		{"a manifest that is not JSON", edit("{", "["), "read manifest.json", false},
		{"a manifest cut short", func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, manifest), 40); err != nil {
				t.Fatal(err)
			}
		}, "read manifest.json", false},
		{"no manifest", remove(manifest), `manifest.json" is missing`, false},
		{"a missing part", remove(part), part + `" is missing`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := copyTree(t, good)
			test.damage(t, dir)
			before := tree(t, dir)
			_, err := OpenWriter(t.Context(), folder(dir), WriterOptions{})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "open lake ") {
				t.Errorf("writer: %v, want %q", err, test.want)
			}
			if l, err := Open(t.Context(), folder(dir)); (err == nil) != test.reads {
				t.Errorf("reader: %v", err)
			} else if err == nil {
				_ = l.Close()
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("files (-before +after)\n%s", diff)
			}
			var version *VersionError
			if _, err := Open(t.Context(), folder(dir)); (test.name == "a later version") != errors.As(err, &version) {
				t.Errorf("error of a reader: %T", err)
			}
		})
	}
	if _, err := Open(t.Context(), folder(t.TempDir())); err == nil || !errors.As(err, new(*NotFoundError)) {
		t.Errorf("no lake: %v", err)
	}
}

func TestIdentityFiles(t *testing.T) {
	want := sections{-5: {{ID: [16]byte{1}, Hash: 1 << 63}}, 0: nil, 7: {{Hash: 2}, {ID: [16]byte{15: 255}}}}
	path := filepath.Join(t.TempDir(), "x.ids")
	writeIDs(t, path, want)
	got := sections{0: nil}
	add := func(section int64, id Identity) { got[section] = append(got[section], id) }
	if err := readIDs(t.Context(), fileAt(path), add); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-written +read)\n%s", diff)
	}
	x, err := openIDs(t.Context(), fileAt(path))
	if err != nil {
		t.Fatal(err)
	}
	defer x.f.Close()
	for section, ids := range want {
		for _, id := range append(ids, Identity{ID: [16]byte{99}}) {
			var found []Identity
			if err := x.find(section, id.ID, func(id Identity) { found = append(found, id) }); err != nil {
				t.Fatal(err)
			}
			if known := id.ID[0] != 99; known != slices.Contains(found, id) || !known && found != nil {
				t.Errorf("section %d: %x is found as %v", section, id.ID, found)
			}
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(int64, Identity) {}
	for n := range data {
		if err := os.WriteFile(path, data[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		err := readIDs(t.Context(), fileAt(path), nothing)
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("cut to %d of %d bytes: %v", n, len(data), err)
		}
	}
	for _, change := range []func([]byte) []byte{
		func(d []byte) []byte { return append(d, 0) },
		func(d []byte) []byte { d[0]++; return d },
		func(d []byte) []byte { copy(d[8:], "\xff\xff\xff\xff"); return d },
	} {
		if err := os.WriteFile(path, change(slices.Clone(data)), 0o644); err != nil {
			t.Fatal(err)
		}
		if readIDs(t.Context(), fileAt(path), nothing) == nil {
			t.Error("a damaged file was read")
		}
	}
}

// A file that changed, or of which more was read, is listed again: what was
// noted last counts, also once the lists of a shard have been joined.
func TestSourcesKeepTheNewestVersion(t *testing.T) {
	w := openWriter(t, t.TempDir())
	defer closeWriter(t, w)
	const versions = 3*maxSourceLists + 2
	for v := range uint64(versions) {
		begun := int64(v*7) % 5
		commit(t, w, Batch{Sources: map[string][]LogFile{"x": {
			{Identity{ID: [16]byte{7}, Hash: v}, begun},
			{Identity{ID: [16]byte{8, byte(v)}, Hash: 1}, 0},
		}}})
		known := map[[16]byte]LogFile{}
		if err := w.Sources(t.Context(), "x", func(f LogFile) { known[f.ID] = f }); err != nil {
			t.Fatal(err)
		}
		if last := known[[16]byte{7}]; last.Hash != v || last.Begun != begun || len(known) != int(v)+2 {
			t.Fatalf("after %d commits: %+v, %d files", v+1, last, len(known))
		}
	}
	if lists := len(w.manifest.Sources["x"]); lists > maxSourceLists {
		t.Errorf("%d lists", lists)
	}
}

// A commit that cannot be written leaves the lake, and nothing else behind.
func TestFailedCommit(t *testing.T) {
	for _, obstacle := range []string{"ids/part-00000002-0000.ids", "sources/files-00000002-0000.ids", "quarantine/refused-00000002.jsonl.new", "staging"} {
		t.Run(obstacle, func(t *testing.T) {
			dir := t.TempDir()
			w := openWriter(t, dir)
			commit(t, w, batchOf(t, 1))
			path := filepath.Join(dir, stateDir, obstacle)
			if obstacle == "staging" { // a file where a folder should be
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, nil, 0o644); err != nil {
					t.Fatal(err)
				}
			} else if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			b := batchOf(t, 2, 30)
			b.Quarantine = []byte("{}\n")
			err := w.Commit(t.Context(), b)
			if err == nil || !strings.HasPrefix(err.Error(), "write to lake ") {
				t.Fatalf("commit: %v", err)
			}
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			closeWriter(t, w)
			requireLake(t, dir, 1)
			w = openWriter(t, dir)
			commit(t, w, batchOf(t, 2, 30))
			closeWriter(t, w)
			requireLake(t, dir, 1, 2, 30)
		})
	}
}

func TestManifestIsJSONForPeople(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	commit(t, w, batchOf(t, 1, 30))
	closeWriter(t, w)
	text, err := os.ReadFile(filepath.Join(dir, stateDir, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil || !strings.HasSuffix(string(text), "}\n") || strings.Count(string(text), "\n") < 10 {
		t.Errorf("%v\n%s", err, text)
	}
}
