package ingest_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/ingest"
)

// randomArchive is an archive of which some files are damaged.
type randomArchive struct {
	files   map[string]string
	damaged map[string]bool
	whole   map[string]bool // records, normalized, in files without damage
	all     map[string]bool // records in any file, as they were before the damage
}

func newRandomArchive(t *testing.T, random *rand.Rand) randomArchive {
	t.Helper()
	a := randomArchive{files: map[string]string{}, damaged: map[string]bool{}, whole: map[string]bool{}, all: map[string]bool{}}
	for i := range 1 + random.IntN(12) {
		name := key([]string{one, two}[random.IntN(2)], []string{east, london}[random.IntN(2)], random.IntN(60), fmt.Sprint(i))
		if random.IntN(4) == 0 {
			name = fmt.Sprintf("flat-%d.json", i)
		}
		var records []string
		for range 1 + random.IntN(30) {
			// Few ids and few bodies, so that duplicates and conflicts are many.
			records = append(records, rec(fmt.Sprint(random.IntN(40)), random.IntN(30), fmt.Sprintf(`,"n":%d`, random.IntN(2))))
		}
		text := delivered(records...)
		switch random.IntN(4) {
		case 0:
			text = strings.Join(records, "\n") + "\n"
		case 1:
			text = zipped(t, text)
		}
		for _, r := range records {
			a.all[normal(t, []byte(r))] = true
		}
		if len(text) > 2 && random.IntN(3) == 0 {
			text = damage(random, text)
			a.damaged[name] = true
		} else {
			for _, r := range records {
				a.whole[normal(t, []byte(r))] = true
			}
		}
		a.files[name] = text
	}
	return a
}

// damage cuts a text, puts something into it, or overwrites a byte.
func damage(random *rand.Rand, text string) string {
	at := random.IntN(len(text))
	switch random.IntN(4) {
	case 0:
		return text[:at]
	case 1:
		return text[:at] + []string{"\xff", "null,", "}", "\n{", "\x00", `"`}[random.IntN(6)] + text[at:]
	case 2:
		return text + "rest"
	}
	return text[:at] + string(rune(random.IntN(128))) + text[at+1:]
}

// Whatever the damage, the account adds up, records of undamaged files are in
// the lake, once each, and a second run and another number of workers make no
// difference.
func TestRandomDamage(t *testing.T) {
	for round := range exhaustive.Or(12, 200) {
		random := rand.New(rand.NewPCG(2026, uint64(round)))
		a := newRandomArchive(t, random)
		root, dir := t.TempDir(), t.TempDir()
		write(t, root, a.files)
		r := ingested(t, root, dir, workers(1))
		got := exported(t, dir)
		distinct := slices.Compact(slices.Clone(got))
		if len(distinct) != len(got) || int64(len(got)) != r.Events.Stored {
			t.Errorf("round %d: %d records, %d distinct, %d stored", round, len(got), len(distinct), r.Events.Stored)
		}
		for _, text := range slices.Sorted(maps.Keys(a.whole)) {
			if _, found := slices.BinarySearch(got, text); !found {
				t.Errorf("round %d: %s of an undamaged file is not in the lake", round, text)
			}
		}
		if bad := r.Files.Failed + r.Events.Rejected; len(a.damaged) == 0 && bad > 0 {
			t.Errorf("round %d: %d complaints about files without damage: %+v", round, bad, r.Problems)
		}
		for _, p := range r.Problems {
			if !a.damaged[p.File] {
				t.Errorf("round %d: %+v, a file without damage", round, p)
			}
		}
		again := ingested(t, root, dir, workers(8))
		if again.Events.Stored != 0 || again.Files.Failed != r.Files.Failed {
			t.Errorf("round %d: second run: %+v %+v, first %+v", round, again.Files, again.Events, r.Files)
		}
		other := t.TempDir()
		parallel := ingested(t, root, other, workers(8))
		if diff := cmp.Diff(got, exported(t, other)); diff != "" {
			t.Errorf("round %d: records with 1 worker and 8 (-1 +8)\n%s", round, diff)
		}
		if parallel.Files != r.Files || parallel.Events != r.Events {
			t.Errorf("round %d: 1 worker %+v %+v, 8 workers %+v %+v", round, r.Files, r.Events, parallel.Files, parallel.Events)
		}
		if t.Failed() {
			return
		}
	}
}

func workers(n int) func(*ingest.Options) {
	return func(o *ingest.Options) { o.Workers = n }
}
