package ingest

import (
	"cmp"
	"slices"
	"sync"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// verdict is what the index says of an event.
type verdict int

const (
	fresh     verdict = iota // no event with its id is known
	duplicate                // the same event is known
	conflict                 // its id is known, with another body
)

// identityCost is about what an identity takes in memory.
const identityCost = 48

// index knows the identities of the events in the lake and on the shelves, in
// shards by the hour of the event: two deliveries of an event tell the same
// time. Hours are loaded from the lake when an event falls in them, and
// forgotten again, oldest first, when they take too much memory.
type index struct {
	load  func(hour int64, add func(lake.Identity)) error
	limit int64 // bytes

	mu    sync.Mutex
	hours map[int64]*hourIndex
}

type hourIndex struct {
	mu     sync.Mutex
	loaded bool
	first  map[[16]byte]uint64   // the body of the first event with an id
	more   map[[16]byte][]uint64 // the bodies of others
	batch  int                   // the last batch that added to it
}

func newIndex(load func(int64, func(lake.Identity)) error, limit int64) *index {
	return &index{load: load, limit: limit, hours: map[int64]*hourIndex{}}
}

// add notes an event that goes into the batch, unless it is a duplicate.
func (x *index) add(hour int64, id lake.Identity, batch int) (verdict, error) {
	x.mu.Lock()
	h := x.hours[hour]
	if h == nil {
		h = &hourIndex{first: map[[16]byte]uint64{}, more: map[[16]byte][]uint64{}, batch: batch}
		x.hours[hour] = h
	}
	h.mu.Lock() // before x is free: committed must not forget h now
	x.mu.Unlock()
	defer h.mu.Unlock()
	if !h.loaded {
		if err := x.load(hour, func(id lake.Identity) { h.add(id) }); err != nil {
			return fresh, err
		}
		h.loaded = true
	}
	v := h.add(id)
	if v != duplicate {
		h.batch = max(h.batch, batch)
	}
	return v, nil
}

func (h *hourIndex) add(id lake.Identity) verdict {
	hash, known := h.first[id.ID]
	switch {
	case !known:
		h.first[id.ID] = id.Hash
		return fresh
	case hash == id.Hash || slices.Contains(h.more[id.ID], id.Hash):
		return duplicate
	}
	h.more[id.ID] = append(h.more[id.ID], id.Hash)
	return conflict
}

// committed says that the lake holds all batches up to this one. Hours that
// got nothing since can be loaded again, so they may be forgotten.
func (x *index) committed(batch int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var size int64
	var old []int64
	for hour, h := range x.hours {
		h.mu.Lock()
		size += int64(len(h.first)) * identityCost
		if h.batch <= batch {
			old = append(old, hour)
		}
		h.mu.Unlock()
	}
	slices.SortFunc(old, func(a, b int64) int { return cmp.Compare(x.hours[a].batch, x.hours[b].batch) })
	for _, hour := range old {
		if size <= x.limit {
			return
		}
		size -= int64(len(x.hours[hour].first)) * identityCost
		delete(x.hours, hour)
	}
}
