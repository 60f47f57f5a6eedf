package ingest_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/recordtest"
)

// sourced is an archive whose log files' plain text is known.
type sourced struct {
	files map[string]string // as they are stored, by name
	plain map[string]string // by the value of the column log_file
	made  int               // records
	want  int64             // events of the lake
}

// add puts a file into the archive. member is where its records are, if it is
// an archive itself.
func (a *sourced) add(file, member, stored, plain string) {
	a.files[file] = stored
	if member != "" {
		file += "!" + member
	}
	a.plain[file] = plain
}

// newSourced makes an archive of random records in many forms.
func newSourced(t *testing.T, random *rand.Rand) *sourced {
	t.Helper()
	a := &sourced{files: map[string]string{}, plain: map[string]string{}}
	text := func(form int) string {
		var list []string
		for range 1 + random.IntN(20) {
			a.made++
			list = append(list, recordtest.Record(random, a.made))
		}
		a.made++
		unsound := fmt.Sprintf(`{"eventTime":"2026-01-11T10:00:00Z","eventName":"\ud800 %d"}`, a.made) // half of a pair
		list = append(list, unsound)
		random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		switch form {
		case 0:
			return " \n" + strings.Join(list, "\r\n\n") + "\n"
		case 1:
			return "[ " + strings.Join(list, " ,\n") + "]"
		case 2:
			return `{"version":1, "Records" : [null, ` + strings.Join(list, ", ") + ",7]}\n"
		}
		return delivered(list...)
	}
	for form := range 4 {
		name := func(end string) string { return fmt.Sprintf("%d%s", form, end) }
		plain := text(form)
		a.add(name(".json"), "", plain, plain)
		a.add(name(".again.json"), "", plain, plain) // all duplicates but for those without an id
		plain = text(form)
		a.add(name(".json.gz"), "", zipped(t, plain), plain)
		plain = text(form)
		a.add(name(".double.gz"), "", zipped(t, zipped(t, plain)), plain)
		plain, other := text(form), text(form)
		zip := zippedUp(t, member{"x/a.json", plain}, member{"b.json.gz", zipped(t, other)})
		a.add(name(".zip"), "x/a.json", zip, plain)
		a.add(name(".zip"), "b.json.gz", zip, other)
		plain = text(form)
		a.add(name(".tgz"), "in.tar!c.json", zipped(t, tarred(t, member{"in.tar", tarred(t, member{"c.json", plain})})), plain)
		plain = text(form)
		a.add(name(".cut.gz"), "", zipped(t, plain)[:len(zipped(t, plain))-4], plain) // without all of its checksum
	}
	return a
}

// TestPlaceInOddTexts checks the offsets of records that are not in their file
// as they are.
func TestPlaceInOddTexts(t *testing.T) {
	a := rec("a", 0)
	quoted := strconv.Quote(a)
	wide := []byte("\xff\xfe")
	for _, unit := range utf16.Encode([]rune("\n" + a)) {
		wide = binary.LittleEndian.AppendUint16(wide, unit)
	}
	for name, test := range map[string]struct{ stored, before string }{
		"UTF-8 with a mark":  {"\xef\xbb\xbf" + a, "\xef\xbb\xbf"},
		"UTF-16 with a mark": {string(wide), "\xef\xbb\xbf\n"},
		"string":             {"[" + quoted + "]", "["},
		"member of an event": {`{"Events":[{"CloudTrailEvent":` + quoted + "}]}", `{"Events":[`},
		"CSV":                {"eventJson\n" + `"` + strings.ReplaceAll(a, `"`, `""`) + `"`, "eventJson\n"},
	} {
		root, dir := t.TempDir(), t.TempDir()
		write(t, root, map[string]string{"x.json": test.stored})
		ingested(t, root, dir)
		requireRecords(t, dir, a)
		places, err := query(t, dir).Query(t.Context(), engine.Statement{SQL: "SELECT log_offset FROM lake.rows"})
		if err != nil {
			t.Fatal(err)
		}
		place, err := places.Next()
		if err != nil || place[0] != int64(len(test.before)) {
			t.Errorf("%s: the offset is %v, want %d, %v", name, place, len(test.before), err)
		}
		if err := places.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Each event says where it stands: at its offset in the plain text of its log
// file is its record, and the hash is that of the file as it was delivered.
// Nothing changes that, neither compaction nor repair.
func TestEventsSayWhereTheyWereFound(t *testing.T) {
	recordtest.Rounds(t, 1, func(t *testing.T, random *rand.Rand) {
		a := newSourced(t, random)
		root, dir := t.TempDir(), filepath.Join(t.TempDir(), "lake")
		duplicates := int64(0)
		names := slices.Sorted(maps.Keys(a.files))
		for batch := range slices.Chunk(names, 1+len(names)/5) { // several parts of a day, to be compacted
			for _, name := range batch {
				write(t, root, map[string]string{name: a.files[name]})
			}
			r := ingested(t, root, dir)
			a.want += r.Events.Stored
			duplicates += r.Events.Duplicates
		}
		if a.want < int64(a.made) || duplicates == 0 {
			t.Errorf("%d events and %d duplicates stored of %d records", a.want, duplicates, a.made)
		}
		a.requireSources(t, dir)
		damageParts(t, dir)
		report, err := ingest.Repair(t.Context(), options(t, root, dir))
		if err != nil || !report.Repaired() || report.Found == 0 {
			t.Fatalf("repair: %+v, %v", report, err)
		}
		a.requireSources(t, dir)
	})
}

// damageParts changes a byte in each part of a lake.
func damageParts(t *testing.T, dir string) {
	t.Helper()
	parts, err := filepath.Glob(filepath.Join(dir, "year=*", "*", "*", "*.parquet"))
	if err != nil || len(parts) == 0 {
		t.Fatal(parts, err)
	}
	for _, part := range parts {
		data, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		damageFile(t, part, data, len(data)/2, false)
	}
}

// requireSources fails the test unless the lake has as many events as were
// stored, and each says where it stands.
func (a *sourced) requireSources(t *testing.T, dir string) {
	t.Helper()
	const inOrder = "ORDER BY log_file, log_offset"
	all := records(t, dir, inOrder, nil)
	defer all.Close()
	places, err := query(t, dir).Query(t.Context(), engine.Statement{SQL: "SELECT log_file, log_offset, log_file_sha256, digest FROM lake.rows " + inOrder})
	if err != nil {
		t.Fatal(err)
	}
	defer places.Close()
	rows := int64(0)
	for ; ; rows++ {
		place, err := places.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		stored, err := all.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		a.requireSource(t, place, stored)
	}
	if rows != a.want {
		t.Errorf("%d events in the lake, want %d", rows, a.want)
	}
}

func (a *sourced) requireSource(t *testing.T, place []any, stored []byte) {
	t.Helper()
	logFile, _ := place[0].(string)
	offset, known := place[1].(int64)
	plain := a.plain[logFile]
	if !known || offset < 0 || offset >= int64(len(plain)) {
		t.Fatalf("%s has the offset %v in %d bytes", logFile, place[1], len(plain))
	}
	file, _, _ := strings.Cut(logFile, "!")
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(a.files[file]))); place[2] != want {
		t.Errorf("%s has the hash %v, want %s", logFile, place[2], want)
	}
	if place[3] != nil {
		t.Errorf("%s has the digest %v", logFile, place[3])
	}
	var rec event.Record
	n, err := rec.Decode([]byte(plain[offset:]))
	if err != nil {
		t.Fatalf("no record at offset %d of %s: %v", offset, logFile, err)
	}
	if was := plain[offset:][:n]; plain[offset] != '{' || normal(t, []byte(was)) != normal(t, stored) {
		t.Errorf("at offset %d of %s is\n%s\nthe lake has\n%s", offset, logFile, was, stored)
	}
}
