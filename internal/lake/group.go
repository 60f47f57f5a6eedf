package lake

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// partWriter writes sorted rows as one Parquet file.
type partWriter struct {
	blocks []*Block
	places []place
	out    *summer

	texts   []parquet.ByteArray
	indices []int32
	valid   []bool
	ints    []int64
	bools   []bool
	levels  []int16
	starts  []int16 // repetition levels
}

func (p *partWriter) group(group file.SerialRowGroupWriter) error {
	for _, column := range Columns() {
		w, err := group.NextColumn()
		if err != nil {
			return err
		}
		if err := p.column(w, column.cell); err != nil {
			return fmt.Errorf("write column %q: %w", column.Name, err)
		}
		if err := w.Close(); err != nil {
			return err
		}
		p.out.cut()
	}
	return group.Close()
}

func (p *partWriter) column(w file.ColumnChunkWriter, at cell) (err error) {
	switch w := w.(type) {
	case *file.ByteArrayColumnChunkWriter:
		if at.in == inLists {
			p.gatherLists(at.index)
			_, err = w.WriteBatch(p.texts, p.levels, p.starts)
			return err
		}
		return p.writeText(w, at.index)
	case *file.BooleanColumnChunkWriter:
		p.gatherBools(at.index)
		_, err = w.WriteBatch(p.bools, p.levels, nil)
	case *file.Int64ColumnChunkWriter:
		p.gatherInts(at.in)
		_, err = w.WriteBatch(p.ints, p.levels, nil)
	}
	return err
}

func (p *partWriter) gatherBools(column int) {
	p.bools, p.levels = p.bools[:0], p.levels[:0]
	for _, at := range p.places {
		value := p.blocks[at.block].bools[column][at.row]
		if value < 0 {
			p.levels = append(p.levels, 0)
			continue
		}
		p.levels = append(p.levels, 1)
		p.bools = append(p.bools, value == 1)
	}
}

// gatherInts gathers a column of times, masks of explicit nulls, or offsets.
func (p *partWriter) gatherInts(of storage) {
	p.ints, p.levels = p.ints[:0], p.levels[:0]
	for _, at := range p.places {
		value, ok := p.blocks[at.block].integer(of, int(at.row))
		if !ok {
			p.levels = append(p.levels, 0)
			continue
		}
		p.ints = append(p.ints, value)
		p.levels = append(p.levels, 1)
	}
	if of == inTime {
		clear(p.levels) // a required column has no levels
	}
}

// integer returns a value of a column of integers; ok is false when it is NULL.
func (b *Block) integer(of storage, row int) (value int64, ok bool) {
	switch of {
	case inTime:
		return b.time[row], true
	case inNulls:
		return int64(b.nulls[row]), b.nulls[row] != 0
	case inVerified:
		return b.verified[row], b.verified[row] != unverified
	}
	return b.offsets[row], b.offsets[row] != unknownOffset
}

// The definition levels of a list column.
const (
	listNull  = 0
	listEmpty = 1
	listItem  = 2
)

// gatherLists gathers the items of a list column, and with each the definition
// level and the repetition level, which is 0 where a row begins.
func (p *partWriter) gatherLists(column int) {
	p.texts, p.levels, p.starts = p.texts[:0], p.levels[:0], p.starts[:0]
	for _, at := range p.places {
		list := p.blocks[at.block].lists[column].get(int(at.row))
		if len(list) == 0 {
			level := int16(listEmpty)
			if list == nil {
				level = listNull
			}
			p.levels, p.starts = append(p.levels, level), append(p.starts, 0)
			continue
		}
		start := int16(0)
		eachItem(list, func(item []byte) {
			p.texts, p.levels, p.starts = append(p.texts, item), append(p.levels, listItem), append(p.starts, start)
			start = 1
		})
	}
}

// maxDictionary is the maximum size of a column chunk's dictionary, in bytes.
// Above it the values are written plainly.
const maxDictionary = 1 << 20

func (p *partWriter) writeText(w *file.ByteArrayColumnChunkWriter, column int) error {
	if !nearlyDistinct(column) {
		if words, ok := p.dictionary(column); ok {
			return p.writeWords(w, words)
		}
		w.FallbackToPlain()
	}
	p.texts, p.levels = p.texts[:0], p.levels[:0]
	for _, at := range p.places {
		value := p.blocks[at.block].text[column].get(int(at.row))
		if value == nil {
			p.levels = append(p.levels, 0)
			continue
		}
		p.levels = append(p.levels, 1)
		p.texts = append(p.texts, value)
	}
	_, err := w.WriteBatch(p.texts, p.levels, nil)
	return err
}

// dictionary gathers the distinct values of a column in the rows of the group,
// and in p.indices and p.levels which of them each row has. ok is false when
// the dictionary grows too large.
func (p *partWriter) dictionary(column int) (words []parquet.ByteArray, ok bool) {
	p.indices, p.levels = p.indices[:0], p.levels[:0]
	known := map[string]int32{}
	local := make([][]int32, len(p.blocks)) // by block and code, one more than the index
	size := 0
	for _, at := range p.places {
		c := &p.blocks[at.block].text[column]
		code := c.codes[at.row]
		if code == 0 {
			p.levels = append(p.levels, 0)
			p.indices = append(p.indices, 0)
			continue
		}
		if local[at.block] == nil {
			local[at.block] = make([]int32, c.distinct()+1)
		}
		index := local[at.block][code]
		if index == 0 {
			value := c.value(code)
			index = known[string(value)]
			if index == 0 {
				words = append(words, value)
				index = int32(len(words))
				known[string(value)] = index
				if size += len(value) + 4; size > maxDictionary {
					return nil, false
				}
			}
			local[at.block][code] = index
		}
		p.levels = append(p.levels, 1)
		p.indices = append(p.indices, index-1)
	}
	return words, true
}

// dictionaryEncoder is the part of the Parquet library's dictionary encoder for
// callers that already have the dictionary.
type dictionaryEncoder interface {
	PutDictionary(values arrow.Array) error
}

// writeWords writes a column chunk as a dictionary and the indices in it.
func (p *partWriter) writeWords(w *file.ByteArrayColumnChunkWriter, words []parquet.ByteArray) error {
	encoder, ok := w.CurrentEncoder().(dictionaryEncoder)
	if !ok {
		return fmt.Errorf("column %q has no dictionary", w.Descr().Name())
	}
	text := array.NewBinaryBuilder(memory.DefaultAllocator, arrow.BinaryTypes.Binary)
	defer text.Release()
	for _, word := range words {
		text.Append(word)
	}
	dictionary := text.NewArray()
	defer dictionary.Release()
	if err := encoder.PutDictionary(dictionary); err != nil {
		return err
	}
	if stats, ok := w.PageStatistics().(*metadata.ByteArrayStatistics); ok {
		nulls := 0
		for _, level := range p.levels {
			nulls += 1 - int(level)
		}
		stats.Update(words, int64(nulls))
		stats.IncNumValues(int64(len(p.levels) - nulls - len(words)))
	}
	p.valid = p.valid[:0]
	for _, level := range p.levels {
		p.valid = append(p.valid, level == 1)
	}
	numbers := array.NewInt32Builder(memory.DefaultAllocator)
	defer numbers.Release()
	numbers.AppendValues(p.indices, p.valid)
	indices := numbers.NewArray()
	defer indices.Release()
	return w.WriteDictIndices(indices, p.levels, nil)
}
