package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/lake"
)

// ingested runs an ingest that must succeed, and checks that its account adds
// up.
func ingested(t testing.TB, root, dir string, change ...func(*ingest.Options)) *ingest.Report {
	t.Helper()
	report, err := ingest.Run(t.Context(), options(t, root, dir, change...))
	if err != nil {
		t.Fatal(err)
	}
	requireReconciled(t, report)
	return report
}

func options(t testing.TB, root, dir string, change ...func(*ingest.Options)) ingest.Options {
	t.Helper()
	source, err := dirarchive.New(root)
	if err != nil {
		t.Fatal(err)
	}
	source.FollowSymlinks = true
	opts := ingest.Options{Source: source, Lake: folderstore.New(dir, 0), TempDir: lake.TempDir(dir), Memory: ingest.MinMemory}
	for _, f := range change {
		f(&opts)
	}
	return opts
}

func requireReconciled(t testing.TB, r *ingest.Report) {
	t.Helper()
	if sum := r.Files.Read + r.Files.Unchanged + r.Files.Skipped + r.Files.Failed; sum != r.Files.Listed {
		t.Errorf("files do not add up to %d: %+v", sum, r.Files)
	}
	if sum := r.Events.Stored + r.Events.Duplicates + r.Events.Rejected; sum != r.Events.Read {
		t.Errorf("events do not add up to %d: %+v", sum, r.Events)
	}
	for what, pair := range map[string][2]int64{
		"skipped":  {r.Files.Skipped, total(r.Reasons.Skipped)},
		"failed":   {r.Files.Failed, total(r.Reasons.Failed)},
		"rejected": {r.Events.Rejected, total(r.Reasons.Rejected)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%d %s, but %d reasons", pair[0], what, pair[1])
		}
	}
	if r.Committed.Stored != r.Events.Stored || r.Committed.Files != r.Files.Read || r.Committed.Duplicates != r.Events.Duplicates {
		t.Errorf("committed %+v of files %+v and events %+v", r.Committed, r.Files, r.Events)
	}
}

func total(reasons map[string]int64) (n int64) {
	for _, count := range reasons {
		n += count
	}
	return n
}

// query opens the lake's parts for SQL.
func query(t testing.TB, dir string) *duckdb.DB {
	t.Helper()
	l, err := lake.Open(t.Context(), folderstore.New(dir, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var parts []duckdb.Part
	rows := int64(0)
	for _, p := range l.Parts() {
		parts = append(parts, duckdb.Part{Path: p.Path(), Schema: p.Schema})
		rows += p.Rows
	}
	if rows != l.Totals.Stored {
		t.Errorf("the parts have %d rows, the totals say %d", rows, l.Totals.Stored)
	}
	db, err := duckdb.Open(duckdb.Options{Parts: parts, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// records returns the records that clauses of SQL select.
func records(t testing.TB, dir, clauses string, params map[string]any) *lake.Records {
	t.Helper()
	statement := duckdb.Dialect{}.Records(clauses)
	statement.Params = params
	rows, err := query(t, dir).Query(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	return lake.NewRecords(rows)
}

// exported are the records of a lake, normalized and sorted.
func exported(t testing.TB, dir string) (list []string) {
	t.Helper()
	rows := records(t, dir, "", nil)
	defer rows.Close()
	var text []byte
	for {
		var err error
		text, err = rows.Append(text[:0])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, normal(t, text))
	}
	slices.Sort(list)
	return list
}

// normal spells a JSON value in one way, with the digits of its numbers.
func normal(t testing.TB, text []byte) string {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("decode %s: %v", text, err)
	}
	spelled, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(spelled)
}

func normals(t testing.TB, texts ...string) (records []string) {
	t.Helper()
	for _, text := range texts {
		records = append(records, normal(t, []byte(text)))
	}
	slices.Sort(records)
	return records
}

// requireRecords fails the test unless the lake gives back exactly these
// records.
func requireRecords(t testing.TB, dir string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(normals(t, want...), exported(t, dir)); diff != "" {
		t.Fatalf("records of the lake (-want +got)\n%s", diff)
	}
}

// rec is a record of an hour after the start of 2026-01-11.
func rec(id string, hour int, more ...string) string {
	at := time.Date(2026, 1, 11, hour, 0, 0, 0, time.UTC).Format(time.RFC3339)
	return fmt.Sprintf(`{"eventVersion":"1.11","eventTime":%q,"eventName":"Call","eventID":%q%s}`, at, id, strings.Join(more, ""))
}

// delivered wraps records as CloudTrail does, without compression.
func delivered(records ...string) string {
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

func zipped(t testing.TB, text string) string { return string(archivetest.Gzip(t, []byte(text))) }

// write makes files of an archive. Each write of a file has a modification
// time of its own.
func write(t testing.TB, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		last := time.Time{}
		if info, err := os.Stat(path); err == nil {
			last = info.ModTime()
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if !last.IsZero() { // the clock of the file system may be coarse
			if err := os.Chtimes(path, last.Add(time.Second), last.Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// key is the name of a log file delivered at an hour of 2026-01-11.
func key(account, region string, hour int, unique string) string {
	at := time.Date(2026, 1, 11, hour, 0, 0, 0, time.UTC)
	return archive.Key{Account: account, Kind: archive.Logs, Region: region, Delivered: at, Unique: unique, Ext: ".json"}.String()
}

const (
	one, two     = "111111111111", "222222222222"
	east, london = "us-east-1", "eu-west-2"
)

func TestIncremental(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	write(t, root, map[string]string{
		key(one, east, 1, "a"): delivered(rec("1", 0), rec("2", 1)),
		"README.txt":           "not a log file",
		"AWSLogs/" + one + "/CloudTrail-Digest/x.json": `{"digestStartTime":"x","digestS3Object":"y"}`,
	})
	r := ingested(t, root, dir)
	if r.Files.Read != 1 || r.Files.Skipped != 2 || r.Events.Stored != 2 || r.Lake.Files != 1 {
		t.Errorf("first run: %+v", r)
	}
	before := tree(t, dir)

	r = ingested(t, root, dir)
	if r.Files.Read != 0 || r.Files.Unchanged < 1 || r.Bytes.Stored != 0 || r.Events.Read != 0 || r.Lake.Stored != 2 {
		t.Errorf("second run: %+v", r)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("a run with nothing to do changed the lake (-before +after)\n%s", diff)
	}

	write(t, root, map[string]string{ // a new file, and one that grew
		key(two, london, 2, "b"): delivered(rec("3", 2)),
		key(one, east, 1, "a"):   delivered(rec("1", 0), rec("2", 1), rec("4", 30)),
	})
	r = ingested(t, root, dir)
	if r.Files.Read != 2 || r.Events.Stored != 2 || r.Events.Duplicates != 2 || r.Events.Conflicts != 0 {
		t.Errorf("third run: %+v", r)
	}
	requireRecords(t, dir, rec("1", 0), rec("2", 1), rec("3", 2), rec("4", 30))

	r = ingested(t, root, dir)
	if r.Files.Read != 0 {
		t.Errorf("fourth run: %+v", r)
	}
}

// tree maps the files of a folder to their contents.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			files[strings.TrimPrefix(path, dir)] = string(data)
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestExactlyOnce(t *testing.T) {
	other := rec("1", 0, `,"errorCode":"AccessDenied"`)
	spaced := strings.ReplaceAll(rec("1", 0), ",", " ,\n ")
	root, dir := t.TempDir(), t.TempDir()
	write(t, root, map[string]string{
		key(one, east, 1, "a"): delivered(rec("1", 0), rec("1", 0), other, spaced),
		key(two, east, 1, "b"): delivered(other, rec("1", 0), rec("2", -50)), // a late event
		"nameless.json":        delivered(rec("", 3), rec("", 3), `{"eventVersion":"1.0","eventTime":"2026-01-11T04:00:00Z","eventName":"Old"}`, `{"eventVersion":"1.0","eventTime":"2026-01-11T04:00:00Z","eventName":"Old"}`),
	})
	r := ingested(t, root, dir)
	if r.Events.Read != 11 || r.Events.Stored != 7 || r.Events.Duplicates != 4 || r.Events.Conflicts != 1 {
		t.Errorf("%+v", r.Events)
	}
	old := `{"eventVersion":"1.0","eventTime":"2026-01-11T04:00:00Z","eventName":"Old"}`
	requireRecords(t, dir, rec("1", 0), other, rec("2", -50), rec("", 3), rec("", 3), old, old)
	l, err := lake.Open(t.Context(), folderstore.New(dir, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // only read from
	var days []string
	for _, p := range l.Parts() {
		days = append(days, p.Day)
	}
	if diff := cmp.Diff([]string{"2026-01-08", "2026-01-11"}, slices.Compact(days)); diff != "" {
		t.Errorf("days (-want +got)\n%s", diff)
	}

	// All of it again under other names, and from another folder.
	again := t.TempDir()
	write(t, again, map[string]string{"x.json": delivered(other, rec("1", 0), rec("2", -50), spaced)})
	r = ingested(t, again, dir)
	if r.Events.Duplicates != 4 || r.Events.Stored != 0 {
		t.Errorf("again: %+v", r.Events)
	}
}

func TestFilters(t *testing.T) {
	root := t.TempDir()
	files, all := map[string]string{}, 0
	for _, account := range []string{one, two} {
		for _, region := range []string{east, london} {
			for hour := range 4 {
				files[key(account, region, 10*hour, "x")] = delivered(rec(fmt.Sprint(account, region, hour), 10*hour))
				all++
			}
		}
	}
	files["flat.json"] = delivered(rec("flat", 0))
	write(t, root, files)
	at := func(hour int) time.Time { return time.Date(2026, 1, 11, hour, 0, 0, 0, time.UTC) }
	dir := t.TempDir()
	want := int64(0)
	for _, test := range []struct {
		filter archive.Filter
		stored int64
		reason string
	}{
		{archive.Filter{Accounts: []string{one}, Regions: []string{east}, Since: at(10), Until: at(11)}, 1, "account not told by its name"},
		{archive.Filter{Accounts: []string{one}, Regions: []string{east}}, 3, "account not told by its name"},
		{archive.Filter{Regions: []string{london}, Until: at(20)}, 4, "region not told by its name"},
		{archive.Filter{Since: at(20)}, 6, "delivery time not told by its name"},
		{archive.Filter{Accounts: []string{"333333333333"}}, 0, "account not told by its name"},
		{archive.Filter{}, 3, ""},
	} {
		r := ingested(t, root, dir, func(o *ingest.Options) { o.Filter = test.filter })
		want += test.stored
		if r.Events.Stored != test.stored || r.Lake.Stored != want || r.Events.Duplicates != 0 {
			t.Errorf("%+v: %+v, lake %+v; want %d more", test.filter, r.Events, r.Lake, test.stored)
		}
		if test.reason != "" && r.Reasons.Skipped[test.reason] == 0 {
			t.Errorf("%+v: no file skipped because %s: %v", test.filter, test.reason, r.Reasons.Skipped)
		}
	}
	if want != int64(all)+1 {
		t.Errorf("the filters should leave nothing out: %d of %d", want, all+1)
	}
}

// A run that is cancelled keeps what it has read, and the next completes it.
func TestCancelled(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	files, all := map[string]string{}, []string(nil)
	for i := range 200 {
		text := rec(fmt.Sprint(i), i%48)
		files[key(one, east, i%48, fmt.Sprint(i))] = delivered(text)
		all = append(all, text)
	}
	write(t, root, files)
	source, err := dirarchive.New(root)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	opened := 0
	r, err := ingest.Run(ctx, ingest.Options{Lake: folderstore.New(dir, 0), Workers: 1, Grace: time.Hour, Source: opening{source, func() {
		if opened++; opened == 100 {
			cancel()
		}
	}}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if r.Committed.Files != 99 || r.Committed.Stored != 99 || r.Lake.Stored != 99 {
		t.Errorf("kept %+v, lake %+v", r.Committed, r.Lake)
	}
	r = ingested(t, root, dir)
	if r.Events.Stored != 101 || r.Files.Unchanged != 99 || r.Events.Duplicates != 0 {
		t.Errorf("the next run: %+v %+v", r.Files, r.Events)
	}
	requireRecords(t, dir, all...)
}

// A run that is cancelled and has no time left to commit keeps nothing of what
// it has not committed, and says so; the next completes it.
func TestCancelledCommit(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	text := rec("1", 1)
	write(t, root, map[string]string{key(one, east, 1, "a"): delivered(text), key(one, east, 2, "b"): delivered("null")})
	source, err := dirarchive.New(root)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	opened := 0
	r, err := ingest.Run(ctx, ingest.Options{Lake: folderstore.New(dir, 0), Workers: 1, Grace: -1, Source: opening{source, func() {
		if opened++; opened == 2 {
			cancel()
		}
	}}})
	if !errors.Is(err, context.Canceled) || r.Events.Stored != 0 || r.Committed.Stored != 0 || r.Lake.Stored != 0 {
		t.Errorf("cancelled: %v, %+v, committed %+v", err, r.Events, r.Committed)
	}
	if r = ingested(t, root, dir); r.Events.Stored != 1 || r.Events.Duplicates != 0 || r.Events.Rejected != 1 {
		t.Errorf("the next run: %+v", r.Events)
	}
	requireRecords(t, dir, text)
}

// A run that is cancelled while it waits for bytes of a file ends all the same.
func TestCancelledWaiting(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	write(t, root, map[string]string{key(one, east, 1, "a"): delivered(rec("1", 1))})
	source, err := dirarchive.New(root)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = ingest.Run(ctx, ingest.Options{Lake: folderstore.New(dir, 0), Workers: 1, Source: stalled{source, cancel}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while waiting: %v", err)
	}
}

// stalled has files of which no byte ever comes. It calls a function when one is
// waited for.
type stalled struct {
	archive.Source
	waiting func()
}

func (s stalled) Open(context.Context, archive.Object) (io.ReadCloser, error) {
	r, _ := io.Pipe()
	return stalledFile{r, s.waiting}, nil
}

type stalledFile struct {
	*io.PipeReader
	waiting func()
}

func (f stalledFile) Read(p []byte) (int, error) {
	f.waiting()
	return f.PipeReader.Read(p)
}

// opening calls a function before it opens a file.
type opening struct {
	archive.Source
	before func()
}

func (o opening) Open(ctx context.Context, object archive.Object) (io.ReadCloser, error) {
	o.before()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return o.Source.Open(ctx, object)
}

func TestTooLittleMemory(t *testing.T) {
	_, err := ingest.Run(t.Context(), ingest.Options{Lake: folderstore.New(t.TempDir(), 0), Memory: ingest.MinMemory - 1})
	if !errors.Is(err, ingest.ErrMemory) {
		t.Errorf("%v", err)
	}
}
