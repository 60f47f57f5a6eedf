package lake

import (
	"time"

	"github.com/cerpac/trailkeeper/event"
)

const (
	blockRows  = 2048
	blockBytes = 8 << 20
)

// Block is a run of rows held in memory, by column, in the order they came.
// Use NewBlock to make one.
type Block struct {
	time  []int64 // microseconds since 1970, UTC
	text  [numText]textColumn
	bools [numBool][]int8 // -1 NULL, 0 false, 1 true
	nulls []uint64
	lists [numList]textColumn // see appendItem

	offsets  []int64 // in the log file, -1 NULL
	verified []int64 // microseconds since 1970, UTC, -1 NULL

	ids  []Identity
	size int

	people  []person         // by code of the column user_identity
	actors  map[actor]uint32 // codes of the column principal
	scratch []byte           // the JSON column being encoded
	extra   []byte           // the column extra being encoded
}

// actor holds the codes of the columns that name a principal.
type actor struct{ identity, region uint32 }

// actor returns the codes of a row.
func (b *Block) actor(row int) actor {
	return actor{b.text[colUserIdentity].codes[row], b.text[colAWSRegion].codes[row]}
}

// person holds the values of the columns derived from one userIdentity.
type person struct {
	codes [numText - firstDerived]uint32 // of the columns from firstDerived on
	mfa   int8
	id    string // accountId
}

// NewBlock returns an empty block with room for rows like those of like, which
// may be nil.
func NewBlock(like *Block) *Block {
	b := &Block{actors: map[actor]uint32{}}
	for i := range b.text {
		b.text[i].plain = nearlyDistinct(i)
	}
	if like == nil {
		return b
	}
	rows := like.Rows()
	b.time = make([]int64, 0, rows)
	b.nulls = make([]uint64, 0, rows)
	b.ids = make([]Identity, 0, rows)
	b.offsets = make([]int64, 0, rows)
	b.verified = make([]int64, 0, rows)
	for i := range b.text {
		b.text[i].grow(&like.text[i])
	}
	for i := range b.lists {
		b.lists[i].grow(&like.lists[i])
	}
	for i := range b.bools {
		b.bools[i] = make([]int8, 0, rows)
	}
	return b
}

// Rows returns the number of rows.
func (b *Block) Rows() int { return len(b.time) }

// Size returns the size of the block in memory, in bytes.
func (b *Block) Size() int { return b.size }

// Full reports whether the next row should go to another block.
func (b *Block) Full() bool { return len(b.time) >= blockRows || b.size >= blockBytes }

// Reset empties the block and keeps its memory.
func (b *Block) Reset() {
	b.time, b.nulls, b.ids, b.people, b.size = b.time[:0], b.nulls[:0], b.ids[:0], b.people[:0], 0
	b.offsets, b.verified = b.offsets[:0], b.verified[:0]
	clear(b.actors)
	for i := range b.text {
		b.text[i].reset()
	}
	for i := range b.lists {
		b.lists[i].reset()
	}
	for i := range b.bools {
		b.bools[i] = b.bools[i][:0]
	}
}

// rowOverhead is what a row takes besides its text: codes, time, booleans,
// nulls, offset, time of proof and identity.
const rowOverhead = 4*(numText+numList) + 8 + numBool + 8 + 8 + 8 + 24

// measure updates the size.
func (b *Block) measure() {
	b.size = len(b.time) * rowOverhead
	for i := range b.text {
		b.size += len(b.text[i].data)
	}
	for i := range b.lists {
		b.size += len(b.lists[i].data)
	}
}

// Append adds a record as a row and returns the number of bytes by which the
// block grew. at is the record's time and id its identity from [Identify]. What
// no column can hold exactly goes to extra, so that [Row.AppendJSON] returns
// the same JSON value.
func (b *Block) Append(r *event.Record, at time.Time, id Identity, from Source) int {
	e := encoder{block: b, record: r}
	e.time(at)
	e.strings()
	e.json()
	e.identity(from)
	e.source(from)
	e.booleans()
	e.rest()
	e.derived()
	b.ids = append(b.ids, id)
	before := b.size
	b.measure()
	return b.size - before
}

// row returns row i of the block, aliasing it.
func (b *Block) row(i int) (r Row) {
	r.Time = time.UnixMicro(b.time[i]).UTC()
	for c := range b.text {
		r.text[c] = b.text[c].get(i)
	}
	for c := range b.bools {
		r.bools[c] = b.bools[c][i]
	}
	for c := range b.lists {
		r.lists[c] = b.lists[c].get(i)
	}
	r.nulls = b.nulls[i]
	return r
}

// copyRow appends a row of another block, without its identity.
func (b *Block) copyRow(from *Block, row int) {
	b.time = append(b.time, from.time[row])
	for i := range b.text {
		b.text[i].addOrNull(from.text[i].get(row))
	}
	for i := range b.lists {
		b.lists[i].addOrNull(from.lists[i].get(row))
	}
	for i := range b.bools {
		b.bools[i] = append(b.bools[i], from.bools[i][row])
	}
	b.nulls = append(b.nulls, from.nulls[row])
	b.offsets = append(b.offsets, from.offsets[row])
	b.verified = append(b.verified, from.verified[row])
	b.measure()
}
