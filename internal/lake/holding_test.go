package lake

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/exhaustive"
)

// Parts that a lake says cannot hold an event do not hold it, however its id is
// spelled and whatever became of the lists.
func TestHolding(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	w := openWriter(t, dir)
	names := map[string][]string{} // ids by day
	number := func() string {
		return fmt.Sprintf("%08x-0000-4000-8000-%012x", random.Uint32(), random.Uint64()>>16)
	}
	for day := range 5 {
		date := fmt.Sprintf("2026-01-%02d", 10+day)
		b := Batch{Days: map[string][]*Block{date: {NewBlock(nil)}}}
		for n := range 400 {
			id := number()
			if n%9 == 0 {
				id = fmt.Sprintf("other %d/%d", day, n)
			}
			names[date] = append(names[date], id)
			fill(t, b.Days[date][0], "x", fmt.Sprintf(`{"eventTime":"%sT%02d:00:00Z","eventName":"E","eventID":%q}`, date, n%3, id))
		}
		commit(t, w, b)
	}
	closeWriter(t, w)
	l, err := Open(t.Context(), folder(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	days := func(ids ...string) (list []string) {
		t.Helper()
		parts, err := l.Holding(t.Context(), l.Parts(), ids)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			list = append(list, p.Day)
		}
		return list
	}
	for date, ids := range names {
		for n := 0; n < len(ids); n += exhaustive.Or(23, 1) {
			if diff := cmp.Diff([]string{date}, days(ids[n], number())); diff != "" {
				t.Fatalf("%q (-want +got)\n%s", ids[n], diff)
			}
		}
	}
	if got := days(number(), "other"); got != nil {
		t.Errorf("days %v hold what nobody stored", got)
	}
	if got := days(names["2026-01-10"][0], names["2026-01-13"][1]); len(got) != 2 {
		t.Errorf("two ids of two days are in %v", got)
	}

	// A list that proves nothing leaves its part among them.
	for i, p := range l.Parts() {
		path := filepath.Join(dir, idsPath(p.Name))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		switch i {
		case 0:
			err = os.Remove(path)
		case 1:
			err = os.WriteFile(path, text[:len(text)/2], 0o600)
		case 2:
			text[len(text)-20] ^= 1
			err = os.WriteFile(path, text, 0o600)
		case 3:
			other := sections{5: {{ID: [16]byte{1}}}} // a sound list of another number of events
			writeIDs(t, path, other)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	largest := "ffffffff-ffff-ffff-ffff-ffffffffffff" // asks for the last block
	got := days(largest)
	for _, p := range l.Parts()[:4] {
		if !slices.Contains(got, p.Day) {
			t.Errorf("%v lacks %s, whose list is damaged", got, p.Day)
		}
	}
	if len(got) != 4 {
		t.Errorf("%v has a day whose list is sound", got)
	}
}

// An ID is found wherever it is among others, also if all begin alike.
func TestFindAmongSkewed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ids")
	random := rand.New(rand.NewPCG(3, 4))
	s := sections{}
	for n := range exhaustive.Or(20, 400) {
		bits := random.IntN(64)
		for range random.IntN(6 * blockIDs) {
			id := Identity{Hash: random.Uint64()}
			for k, b := range fmt.Appendf(nil, "%016x", random.Uint64()>>bits) {
				id.ID[k] = b // most begin alike, some are there more than once
			}
			s[int64(n)] = append(s[int64(n)], id)
		}
	}
	writeIDs(t, path, s)
	x, err := openIDs(t.Context(), fileAt(path))
	if err != nil {
		t.Fatal(err)
	}
	defer x.f.Close()
	for section, ids := range s {
		want := map[[16]byte]int{{}: 0, {0xff}: 0}
		for _, id := range ids {
			want[id.ID]++
		}
		for id, times := range want {
			got := 0
			if err := x.find(section, id, func(found Identity) {
				if found.ID == id {
					got++
				}
			}); err != nil || got != times {
				t.Fatalf("found %q %d times of %d: %v", id, got, times, err)
			}
		}
	}
}
