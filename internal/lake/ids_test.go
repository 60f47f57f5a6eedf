package lake

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/exhaustive"
)

// manySections has sections of no block, one, and several, and an ID with more
// bodies than a block holds.
func manySections() sections {
	s := sections{-3: nil, 0: {{ID: [16]byte{9}, Hash: 5}}}
	for i := range 2*blockIDs + 7 {
		s[4] = append(s[4], Identity{ID: [16]byte{byte(i), byte(i >> 3)}, Hash: uint64(i)})
		s[5] = append(s[5], Identity{ID: [16]byte{7}, Hash: uint64(i)})
	}
	return s
}

// answers are what each and find say of a file, or the first error.
func answers(ctx context.Context, path string) (got map[string][]Identity, err error) {
	x, err := openIDs(ctx, fileAt(path))
	if err != nil {
		return nil, err
	}
	defer x.f.Close()
	got = map[string][]Identity{}
	for section := range int64(10) {
		section -= 4
		add := func(name string) func(Identity) {
			return func(id Identity) { got[name] = append(got[name], id) }
		}
		if err := x.each(section, add(fmt.Sprint("each ", section))); err != nil {
			return nil, err
		}
		for _, id := range [][16]byte{{}, {7}, {9}, {100, 12}, {255, 31}, {255, 255}} {
			if err := x.find(section, id, add(fmt.Sprint("find ", section, id))); err != nil {
				return nil, err
			}
		}
	}
	for _, found := range got {
		slices.SortFunc(found, func(a, b Identity) int { return int(int64(a.Hash) - int64(b.Hash)) })
	}
	return got, nil
}

func TestFindAcrossBlocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ids")
	s := manySections()
	writeIDs(t, path, s)
	got, err := answers(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got[fmt.Sprint("find ", 5, [16]byte{7})]); n != len(s[5]) {
		t.Errorf("found %d of %d bodies of an ID", n, len(s[5]))
	}
	if n := len(got[fmt.Sprint("find ", 4, [16]byte{100, 12})]); n != 1 {
		t.Errorf("found an ID %d times", n)
	}
}

// Whatever byte is changed, and wherever a stretch is zeroed, a file answers as
// before or with an error that names it.
func TestDamagedIdentities(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ids")
	writeIDs(t, path, manySections())
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := answers(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	step := exhaustive.Or(31, 1)
	for at := 0; at < len(good); at += step {
		flipped, zeroed := slices.Clone(good), slices.Clone(good)
		flipped[at] ^= 1 << (at % 8)
		clear(zeroed[at:min(at+400, len(good))])
		for what, data := range map[string][]byte{"flipped": flipped, "zeroed": zeroed} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := answers(t.Context(), path)
			var damaged *DamagedError
			if err == nil || !errors.As(err, &damaged) || damaged.Path != path {
				t.Fatalf("%s at %d: %v, %d answers", what, at, err, len(got))
			}
		}
	}
	if diff := cmp.Diff(want, func() any { os.WriteFile(path, good, 0o600); got, _ := answers(t.Context(), path); return got }()); diff != "" {
		t.Errorf("the file as it was (-want +got)\n%s", diff)
	}
}

// writeOldIDs writes an identity file as the version before did.
func writeOldIDs(t testing.TB, path string, s sections) {
	t.Helper()
	order := slices.Sorted(maps.Keys(s))
	data := binary.LittleEndian.AppendUint32([]byte(idsMagicOld), uint32(len(order)))
	for _, n := range order {
		data = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(data, uint64(n)), uint32(len(s[n])))
	}
	for _, n := range order {
		slices.SortFunc(s[n], byID)
		for _, id := range s[n] {
			data = binary.LittleEndian.AppendUint64(append(data, id.ID[:]...), id.Hash)
		}
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOldIdentityFiles(t *testing.T) {
	dir := t.TempDir()
	older, newer := filepath.Join(dir, "old.ids"), filepath.Join(dir, "new.ids")
	writeOldIDs(t, older, manySections())
	writeIDs(t, newer, manySections())
	want, err := answers(t.Context(), newer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := answers(t.Context(), older)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-new +old)\n%s", diff)
	}
}

// identitiesOf are what a Writer knows of the events of a lake.
func identitiesOf(t testing.TB, dir string) (ids []string, rebuilt []string, err error) {
	t.Helper()
	w, err := OpenWriter(t.Context(), folder(dir), WriterOptions{})
	if err != nil {
		return nil, nil, err
	}
	defer closeWriter(t, w)
	for n := range 48 {
		hour := Hour(time.Date(2026, 1, 11, n, 0, 0, 0, time.UTC))
		if _, err := w.Count(t.Context(), hour); err != nil {
			return nil, nil, err
		}
		var found []string
		for _, ask := range []func(func(Identity)) error{
			func(add func(Identity)) error {
				return w.Find(t.Context(), hour, identify(t, sample(n)).ID, add)
			},
			func(add func(Identity)) error { return w.Existing(t.Context(), hour, add) },
		} {
			if err := ask(func(id Identity) { found = append(found, fmt.Sprint(n, id)) }); err != nil {
				return nil, nil, err
			}
		}
		slices.Sort(found)
		ids = append(ids, slices.Compact(found)...)
	}
	return ids, w.Rebuilt(), nil
}

func identify(t testing.TB, text string) Identity {
	t.Helper()
	return Identify(decodeRecord(t, []byte(text)), Source{LogFile: "x"})
}

// An identity file that is damaged or gone is made anew from its part, with the
// identities it had.
func TestIdentitiesAreMadeAnew(t *testing.T) {
	good := t.TempDir()
	w := openWriter(t, good)
	commit(t, w, batchOf(t, 1, 2, 5, 30))
	closeWriter(t, w)
	want, rebuilt, err := identitiesOf(t, good)
	if err != nil || len(rebuilt) > 0 || len(want) != 4 {
		t.Fatalf("%v, %q, %q", err, rebuilt, want)
	}
	name := filepath.Join(stateDir, "ids", "part-00000001-0000.ids")
	data, err := os.ReadFile(filepath.Join(good, name))
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "old.ids")
	writeOldIDs(t, old, sections{0: {{}}, 7: {{}, {}}, 8: {{}}}) // of a wrong number of events
	wrong, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	damages := [][]byte{nil, {}, data[:len(data)-1], make([]byte, len(data)), wrong}
	for at := 0; at < len(data); at += 3 {
		changed := slices.Clone(data)
		changed[at] ^= 0x40
		damages = append(damages, changed)
	}
	for i, damage := range damages {
		dir := copyTree(t, good)
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if damage == nil {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		got, rebuilt, err := identitiesOf(t, dir)
		if err != nil {
			t.Fatalf("damage %d: %v", i, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("damage %d (-want +got)\n%s", i, diff)
		}
		if !slices.Equal(rebuilt, []string{path}) {
			t.Errorf("damage %d: made anew %q, want %q", i, rebuilt, path)
		}
		if after, err := os.ReadFile(path); err != nil || !slices.Equal(after, data) {
			t.Errorf("damage %d: the new file differs, %v", i, err)
		}
	}
}

// The place of an event without an eventID is in no part: its identity cannot
// be made anew, and nothing is taken for granted.
func TestIdentitiesThatCannotBeMadeAnew(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	b := batchOf(t, 1)
	fill(t, b.Days[firstDay][0], "y", `{"eventTime":"2026-01-11T01:00:00Z"}`)
	commit(t, w, b)
	closeWriter(t, w)
	path := filepath.Join(dir, stateDir, "ids", "part-00000001-0000.ids")
	if err := os.Truncate(path, 30); err != nil {
		t.Fatal(err)
	}
	_, _, err := identitiesOf(t, dir)
	var damaged *DamagedError
	if !errors.As(err, &damaged) || damaged.Path != path || !errors.Is(err, errNoEventID) {
		t.Errorf("%v", err)
	}
}

// A damaged list of log files is named before anything is concluded from it.
func TestDamagedSources(t *testing.T) {
	good := t.TempDir()
	w := openWriter(t, good)
	commit(t, w, batchOf(t, 1, 2))
	closeWriter(t, w)
	name := filepath.Join(stateDir, "sources", "files-00000001-0000.ids")
	data, err := os.ReadFile(filepath.Join(good, name))
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(data); at += 3 {
		changed := slices.Clone(data)
		changed[at] ^= 4
		dir := copyTree(t, good)
		if err := os.WriteFile(filepath.Join(dir, name), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		w := openWriter(t, dir)
		err := w.Sources(t.Context(), firstDay, func(LogFile) {})
		closeWriter(t, w)
		if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, name)) {
			t.Fatalf("byte %d changed: %v", at, err)
		}
	}
}
