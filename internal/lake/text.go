package lake

import (
	"bytes"

	"github.com/zeebo/xxh3"
)

// textColumn holds the values of a text column. Each distinct value is kept
// once, found by hash, and rows refer to it by code; code 0 is NULL and code n
// the value n-1. A column whose values nearly all differ keeps every value
// instead: then plain is set before the first is added, and nothing is hashed.
type textColumn struct {
	data  []byte   // the values, end to end
	ends  []uint32 // where each ends
	codes []uint32 // by row

	plain bool
	last  uint32   // the code of the last value that was not NULL
	slots []uint32 // codes by hash; empty slots are 0. Its length is a power of two
	hash  []uint32 // of each value
}

// grow makes room for as many values as another column holds.
func (c *textColumn) grow(like *textColumn) {
	c.data = make([]byte, 0, len(like.data)+len(like.data)/8)
	c.ends = make([]uint32, 0, len(like.ends)+len(like.ends)/8)
	c.codes = make([]uint32, 0, len(like.codes))
	if !like.plain {
		c.slots = make([]uint32, len(like.slots))
		c.hash = make([]uint32, 0, cap(c.ends))
	}
}

func (c *textColumn) reset() {
	c.data, c.ends, c.codes, c.hash, c.last = c.data[:0], c.ends[:0], c.codes[:0], c.hash[:0], 0
	clear(c.slots)
}

// value returns the value for a code, nil for NULL.
func (c *textColumn) value(code uint32) []byte {
	if code == 0 {
		return nil
	}
	start := uint32(0)
	if code > 1 {
		start = c.ends[code-2]
	}
	end := c.ends[code-1]
	if start == end {
		return []byte{} // a slice of no data at all would be nil
	}
	return c.data[start:end:end]
}

// get returns the value of a row, nil when it is NULL.
func (c *textColumn) get(row int) []byte { return c.value(c.codes[row]) }

// distinct returns the number of stored values.
func (c *textColumn) distinct() int { return len(c.ends) }

func (c *textColumn) addNull() { c.codes = append(c.codes, 0) }

// addOrNull appends a row whose value is nil when it is NULL.
func (c *textColumn) addOrNull(value []byte) {
	if value == nil {
		c.addNull()
	} else {
		c.add(value)
	}
}

// add appends a row and returns the code of its value.
func (c *textColumn) add(value []byte) uint32 {
	code := c.code(value)
	c.codes = append(c.codes, code)
	return code
}

// code returns the code of a value and stores the value if it is new.
func (c *textColumn) code(value []byte) uint32 {
	if c.plain {
		return c.keep(value)
	}
	if c.last != 0 && bytes.Equal(c.value(c.last), value) {
		return c.last
	}
	if len(c.ends) >= len(c.slots)/2 {
		c.rehash()
	}
	h := uint32(xxh3.Hash(value))
	mask := uint32(len(c.slots) - 1)
	for slot := h & mask; ; slot = (slot + 1) & mask {
		code := c.slots[slot]
		if code == 0 {
			code = c.keep(value)
			c.slots[slot] = code
			c.hash = append(c.hash, h)
			c.last = code
			return code
		}
		if c.hash[code-1] == h && bytes.Equal(c.value(code), value) {
			c.last = code
			return code
		}
	}
}

func (c *textColumn) keep(value []byte) uint32 {
	c.data = append(c.data, value...)
	c.ends = append(c.ends, uint32(len(c.data)))
	return uint32(len(c.ends))
}

func (c *textColumn) rehash() {
	c.slots = make([]uint32, max(16, 2*len(c.slots)))
	mask := uint32(len(c.slots) - 1)
	for i, h := range c.hash {
		slot := h & mask
		for c.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		c.slots[slot] = uint32(i + 1)
	}
}
