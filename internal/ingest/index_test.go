package ingest

import (
	"math/rand/v2"
	"testing"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// The index gives the same verdicts whether it keeps all hours or forgets them
// as soon as the lake has what it knew of them.
func TestIndexForgetsSafely(t *testing.T) {
	type event struct {
		hour int64
		id   lake.Identity
	}
	random := rand.New(rand.NewPCG(1, 2))
	known := map[event]bool{}
	ids := map[[2]int64]bool{}
	stored := map[int64][]lake.Identity{} // by hour: what is committed
	var batch []event
	loads := 0
	x := newIndex(func(hour int64, add func(lake.Identity)) error {
		loads++
		for _, id := range stored[hour] {
			add(id)
		}
		return nil
	}, 20*identityCost)
	number := 0
	for range 20_000 {
		n := random.Int64N(50)
		e := event{hour: random.Int64N(30), id: lake.Identity{ID: [16]byte{byte(n)}, Hash: random.Uint64N(3)}}
		want := fresh
		switch name := [2]int64{e.hour, n}; {
		case known[e]:
			want = duplicate
		case ids[name]:
			want = conflict
		}
		known[e], ids[[2]int64{e.hour, n}] = true, true
		got, err := x.add(e.hour, e.id, number)
		if err != nil || got != want {
			t.Fatalf("%+v: verdict %d, %v, want %d", e, got, err, want)
		}
		if got != duplicate {
			batch = append(batch, e)
		}
		if random.IntN(40) == 0 {
			// A commit ends while the next batch gathers, as it does in a run.
			for _, e := range batch {
				stored[e.hour] = append(stored[e.hour], e.id)
			}
			batch = nil
			number++
			x.committed(number - 1)
		}
	}
	if loads < 100 {
		t.Errorf("the index loaded %d hours only: it forgets nothing", loads)
	}
}
