package ingest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// identityCost is roughly the memory of an identity, in bytes.
const identityCost = 48

// lookupCost is roughly the number of identities that can be loaded in the time
// of one lookup in the lake's files.
const lookupCost = 200

// keeper gives access to the lake's identities of an hour. It may be called
// during a commit, and answers as before or after it.
type keeper interface {
	Count(ctx context.Context, hour int64) (int64, error)
	Existing(ctx context.Context, hour int64, add func(lake.Identity)) error
	Find(ctx context.Context, hour int64, id [16]byte, add func(lake.Identity)) error
}

// index holds the identities of the events in the lake and in the buffers, by
// the hour of the event: two deliveries of an event have the same time.
//
// Identities in the buffers stay in memory until they are committed. Those in
// the lake are looked up there, unless an hour is asked for so often that
// loading it is cheaper; then it is loaded, and the least recently used hours
// are dropped to make room.
//
// An hour may be locked before the index, never the other way round; several
// hours are only locked with TryLock.
type index struct {
	lake  keeper
	limit int64 // of size
	clock atomic.Int64

	mu    sync.Mutex
	size  int64 // identities of the lake that are loaded
	hours map[int64]*hourIndex
}

type hourIndex struct {
	number int64
	used   atomic.Int64 // when, by the index's clock

	mu      sync.Mutex
	pending *bodies // of events not committed yet, and of some that are
	batch   int     // the last that added to pending
	stored  *bodies // of the lake's events; nil when not loaded
	counted bool
	count   int64 // events in the lake, when counted
	asked   int64 // lookups in the lake since
}

func newIndex(k keeper, limitBytes int64) *index {
	return &index{lake: k, limit: limitBytes / identityCost, hours: map[int64]*hourIndex{}}
}

// hour returns the hour with a number. It is always the same object.
func (x *index) hour(number int64) *hourIndex {
	x.mu.Lock()
	defer x.mu.Unlock()
	h := x.hours[number]
	if h == nil {
		h = &hourIndex{number: number, pending: newBodies()}
		x.hours[number] = h
	}
	return h
}

// add adds an event to an hour for a batch, unless it is a duplicate.
func (x *index) add(ctx context.Context, h *hourIndex, id lake.Identity, batch int) (verdict, error) {
	h.used.Store(x.clock.Add(1))
	h.mu.Lock()
	defer h.mu.Unlock()
	v := h.pending.judge(id)
	if v == duplicate {
		return v, nil
	}
	inLake, err := x.judge(ctx, h, id)
	if err != nil || inLake == duplicate {
		return inLake, err
	}
	h.pending.add(id)
	h.batch = max(h.batch, batch)
	return max(v, inLake), nil
}

// judge returns what the lake knows of an event. The caller holds h.
func (x *index) judge(ctx context.Context, h *hourIndex, id lake.Identity) (verdict, error) {
	if !h.counted {
		n, err := x.lake.Count(ctx, h.number)
		if err != nil {
			return fresh, err
		}
		h.counted, h.count = true, n
		if n == 0 {
			h.stored = newBodies()
		}
	}
	if h.stored != nil {
		return h.stored.judge(id), nil
	}
	h.asked++
	if h.asked*lookupCost >= h.count && x.reserve(h.count) {
		return x.load(ctx, h, id)
	}
	found := newBodies()
	err := x.lake.Find(ctx, h.number, id.ID, found.add)
	return found.judge(id), err
}

// load loads an hour, for which room is reserved, and judges the event by it.
func (x *index) load(ctx context.Context, h *hourIndex, id lake.Identity) (verdict, error) {
	loaded := newBodies()
	if err := x.lake.Existing(ctx, h.number, loaded.add); err != nil {
		return fresh, err
	}
	h.stored = loaded
	x.resize(loaded.len() - h.count)
	h.count = loaded.len()
	return loaded.judge(id), nil
}

func (x *index) resize(by int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.size += by
}

// reserve makes room for n identities by dropping hours that are not in use.
func (x *index) reserve(n int64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if n > x.limit {
		return false
	}
	if x.size+n > x.limit {
		oldest := slices.SortedFunc(maps.Values(x.hours), func(a, b *hourIndex) int { return cmp.Compare(a.used.Load(), b.used.Load()) })
		for _, h := range oldest {
			if x.size+n <= x.limit {
				break
			}
			if h.mu.TryLock() {
				x.size -= h.forget()
				h.mu.Unlock()
			}
		}
	}
	if x.size+n > x.limit {
		return false
	}
	x.size += n
	return true
}

// forget drops the loaded identities of the lake and returns their number.
func (h *hourIndex) forget() int64 {
	if h.stored == nil {
		return 0
	}
	n := h.stored.len()
	h.stored, h.count, h.asked = nil, max(n, h.count), 0
	return n
}

// committed records that the lake holds all batches up to this one, so that
// their pending identities can be found there.
func (x *index) committed(batch int) {
	x.mu.Lock()
	hours := slices.Collect(maps.Values(x.hours))
	x.mu.Unlock()
	for _, h := range hours {
		h.mu.Lock()
		if h.batch <= batch && h.pending.len() > 0 {
			x.settle(h)
		}
		h.mu.Unlock()
	}
}

// settle moves pending identities of an hour to the loaded ones, as far as
// there is room. The caller holds h.
func (x *index) settle(h *hourIndex) {
	n := h.pending.len()
	switch {
	case h.stored == nil:
		h.count += n
	case x.reserve(n):
		before := h.stored.len()
		h.stored.addAll(h.pending)
		x.resize(h.stored.len() - before - n)
		h.count = h.stored.len()
	default:
		x.resize(-h.forget())
		h.count += n
	}
	h.pending = newBodies()
}
