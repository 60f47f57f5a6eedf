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
}

func (p *partWriter) group(group file.SerialRowGroupWriter) error {
	for column := range group.NumColumns() {
		w, err := group.NextColumn()
		if err != nil {
			return err
		}
		switch w := w.(type) {
		case *file.ByteArrayColumnChunkWriter:
			err = p.writeText(w, column-1)
		case *file.BooleanColumnChunkWriter:
			p.gatherBools(column - 1 - numText)
			_, err = w.WriteBatch(p.bools, p.levels, nil)
		case *file.Int64ColumnChunkWriter:
			p.gatherInts(column == 0)
			_, err = w.WriteBatch(p.ints, p.levels, nil)
		}
		if err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		p.out.cut()
	}
	return group.Close()
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

// gatherInts gathers the times, or else the masks of explicit nulls.
func (p *partWriter) gatherInts(times bool) {
	p.ints, p.levels = p.ints[:0], p.levels[:0]
	for _, at := range p.places {
		block := p.blocks[at.block]
		switch {
		case times:
			p.ints = append(p.ints, block.time[at.row])
			p.levels = append(p.levels, 0)
		case block.nulls[at.row] == 0:
			p.levels = append(p.levels, 0)
		default:
			p.ints = append(p.ints, int64(block.nulls[at.row]))
			p.levels = append(p.levels, 1)
		}
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
