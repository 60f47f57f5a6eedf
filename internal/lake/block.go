package lake

import "github.com/cerpac/trailkeeper/event"

const (
	blockRows  = 2048
	blockBytes = 8 << 20
	nullBit    = 1 << 31
)

// Block is a run of rows held in memory, by column, in the order they came.
type Block struct {
	time  []int64 // microseconds since 1970, UTC
	text  [numText]textColumn
	bools [numBool][]int8 // -1 NULL, 0 false, 1 true
	nulls []uint64
	ids   []Identity
	size  int

	who     event.Identity
	scratch []byte
}

// textColumn holds values end to end. ends[i] is where value i ends, with
// nullBit set when it is NULL.
type textColumn struct {
	data []byte
	ends []uint32
}

func (c *textColumn) add(value []byte) {
	c.data = append(c.data, value...)
	c.ends = append(c.ends, uint32(len(c.data)))
}

func (c *textColumn) addNull() {
	c.ends = append(c.ends, uint32(len(c.data))|nullBit)
}

// get returns value i, nil when it is NULL.
func (c *textColumn) get(i int) []byte {
	end := c.ends[i]
	if end&nullBit != 0 {
		return nil
	}
	start := uint32(0)
	if i > 0 {
		start = c.ends[i-1] &^ nullBit
	}
	return c.data[start:end:end]
}

// Rows returns how many rows the block holds.
func (b *Block) Rows() int { return len(b.time) }

// Size returns how many bytes the block's values take.
func (b *Block) Size() int { return b.size }

// Full reports whether the next row should go to another block.
func (b *Block) Full() bool { return len(b.time) >= blockRows || b.size >= blockBytes }

// NewBlock returns an empty block with room for rows like those of another.
func NewBlock(like *Block) *Block {
	b := &Block{}
	rows := like.Rows()
	b.time = make([]int64, 0, rows)
	b.nulls = make([]uint64, 0, rows)
	b.ids = make([]Identity, 0, rows)
	for i := range b.text {
		room := len(like.text[i].data)
		b.text[i].data = make([]byte, 0, room+room/8)
		b.text[i].ends = make([]uint32, 0, rows)
	}
	for i := range b.bools {
		b.bools[i] = make([]int8, 0, rows)
	}
	return b
}

// Reset empties the block and keeps its memory.
func (b *Block) Reset() {
	b.time, b.nulls, b.ids, b.size = b.time[:0], b.nulls[:0], b.ids[:0], 0
	for i := range b.text {
		b.text[i].data, b.text[i].ends = b.text[i].data[:0], b.text[i].ends[:0]
	}
	for i := range b.bools {
		b.bools[i] = b.bools[i][:0]
	}
}

// rowOverhead is what a row takes besides its text: ends, time, booleans,
// nulls and identity.
const rowOverhead = 4*numText + 8 + numBool + 8 + 24
