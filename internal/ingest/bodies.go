package ingest

import (
	"github.com/cerpac/trailkeeper/internal/lake"
)

// verdict is what is known of an event.
type verdict int

const (
	fresh     verdict = iota // no event with its id is known
	conflict                 // its id is known, with another body
	duplicate                // the same event is known
)

// bodies are the hashes of bodies by event id. An id nearly always has one.
type bodies struct {
	first map[[16]byte]uint64
	more  map[lake.Identity]bool // the other bodies of ids that have several
}

func newBodies() *bodies { return &bodies{first: map[[16]byte]uint64{}} }

func (b *bodies) len() int64 { return int64(len(b.first) + len(b.more)) }

func (b *bodies) judge(id lake.Identity) verdict {
	hash, known := b.first[id.ID]
	switch {
	case !known:
		return fresh
	case hash == id.Hash || b.more[id]:
		return duplicate
	}
	return conflict
}

// add adds a body unless it is already there.
func (b *bodies) add(id lake.Identity) {
	switch b.judge(id) {
	case fresh:
		b.first[id.ID] = id.Hash
	case conflict:
		if b.more == nil {
			b.more = map[lake.Identity]bool{}
		}
		b.more[id] = true
	}
}

// addAll adds all bodies of other.
func (b *bodies) addAll(other *bodies) {
	for id, hash := range other.first {
		b.add(lake.Identity{ID: id, Hash: hash})
	}
	for id := range other.more {
		b.add(id)
	}
}
