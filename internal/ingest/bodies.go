package ingest

import (
	"slices"

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
	more  map[[16]byte][]uint64
}

func newBodies() *bodies { return &bodies{first: map[[16]byte]uint64{}} }

func (b *bodies) len() int64 { return int64(len(b.first)) }

func (b *bodies) judge(id lake.Identity) verdict {
	hash, known := b.first[id.ID]
	switch {
	case !known:
		return fresh
	case hash == id.Hash || slices.Contains(b.more[id.ID], id.Hash):
		return duplicate
	}
	return conflict
}

// add notes a body unless it is noted.
func (b *bodies) add(id lake.Identity) {
	switch b.judge(id) {
	case fresh:
		b.first[id.ID] = id.Hash
	case conflict:
		if b.more == nil {
			b.more = map[[16]byte][]uint64{}
		}
		b.more[id.ID] = append(b.more[id.ID], id.Hash)
	}
}

// addAll notes all that other has noted.
func (b *bodies) addAll(other *bodies) {
	for id, hash := range other.first {
		b.add(lake.Identity{ID: id, Hash: hash})
	}
	for id, hashes := range other.more {
		for _, hash := range hashes {
			b.add(lake.Identity{ID: id, Hash: hash})
		}
	}
}
