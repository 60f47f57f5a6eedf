package ingest

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// memory is a lake that keeps identities only.
type memory struct {
	hours                map[int64][]lake.Identity
	counts, loads, finds int
}

func (m *memory) Count(_ context.Context, hour int64) (int64, error) {
	m.counts++
	return int64(len(m.hours[hour])), nil
}

func (m *memory) Existing(_ context.Context, hour int64, add func(lake.Identity)) error {
	m.loads++
	for _, id := range m.hours[hour] {
		add(id)
	}
	return nil
}

func (m *memory) Find(_ context.Context, hour int64, id [16]byte, add func(lake.Identity)) error {
	m.finds++
	for _, known := range m.hours[hour] {
		if known.ID == id {
			add(known)
		}
	}
	return nil
}

// The index gives the same verdicts whether it keeps all hours, some, or none,
// and never keeps more of the lake than it may.
func TestIndexForgetsSafely(t *testing.T) {
	for _, limit := range []int64{0, 20, 200, 1 << 20} {
		m := indexAgainstOracle(t, limit)
		if (limit > 0 && limit < 1000) != (m.loads > 0) || (limit < 100) != (m.finds > 0) {
			t.Errorf("with room for %d: %d loads, %d lookups", limit, m.loads, m.finds)
		}
	}
}

func indexAgainstOracle(t *testing.T, limit int64) *memory {
	type event struct {
		hour int64
		id   lake.Identity
	}
	random := rand.New(rand.NewPCG(1, 2))
	known := map[event]bool{}
	ids := map[[2]int64]bool{}
	stored := &memory{hours: map[int64][]lake.Identity{}}
	var batch []event
	x := newIndex(stored, limit*identityCost)
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
		got, err := x.add(t.Context(), x.hour(e.hour), e.id, number)
		if err != nil || got != want {
			t.Fatalf("%+v: verdict %d, %v, want %d", e, got, err, want)
		}
		if got != duplicate {
			batch = append(batch, e)
		}
		if random.IntN(40) == 0 {
			// A commit ends while the next batch gathers, as it does in a run.
			for _, e := range batch {
				stored.hours[e.hour] = append(stored.hours[e.hour], e.id)
			}
			batch = nil
			number++
			x.committed(number - 1)
		}
		held := int64(0)
		for _, h := range x.hours {
			if h.stored != nil {
				held += h.stored.len()
			}
		}
		if held != x.size || held > limit {
			t.Fatalf("%d identities are loaded, %d counted, with room for %d", held, x.size, limit)
		}
	}
	return stored
}
