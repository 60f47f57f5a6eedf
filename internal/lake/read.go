package lake

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// readPart reads a part of a version of the schema into blocks, one for each row
// group, without the identities of its rows. Columns that the part lacks are
// NULL, see [Block.derive]. When the context is cancelled it returns the error
// of the context.
func readPart(ctx context.Context, part stored, version int) (blocks []*Block, err error) {
	in, err := part.openParquet(ctx)
	if err != nil {
		return nil, fmt.Errorf("read part %q: %w", part.location(), err)
	}
	defer in.Close() // only read
	columns, err := columnsIn(in.Reader, version)
	if err != nil {
		return nil, fmt.Errorf("read part %q: %w", part.location(), err)
	}
	for i := range in.NumRowGroups() {
		block, err := readGroup(ctx, in.RowGroup(i), columns)
		if err = in.from.explain(err); err != nil {
			return nil, fmt.Errorf("read part %q: %w", part.location(), err)
		}
		blocks = append(blocks, block)
	}
	return blocks, nil
}

// readCurrent reads a part of any schema into blocks of the current one.
func readCurrent(ctx context.Context, part stored, version int) ([]*Block, error) {
	blocks, err := readPart(ctx, part, version)
	if err != nil || version >= Schema {
		return blocks, err
	}
	for _, b := range blocks {
		if err := b.derive(ctx); err != nil {
			return nil, fmt.Errorf("read part %q: %w", part.location(), err)
		}
	}
	return blocks, nil
}

// columnsIn returns the columns of a file, in the file's order. They are those of
// a version of the schema, told by their names.
func columnsIn(in *file.Reader, version int) (columns []Column, err error) {
	known := map[string]Column{}
	for _, c := range Columns() {
		if c.Since <= version {
			known[c.Name] = c
		}
	}
	names := in.MetaData().Schema
	for i := range names.NumColumns() {
		name := names.Column(i).ColumnPath()[0]
		c, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("column %q is not one of schema %d, or is there twice", name, version)
		}
		delete(known, name)
		columns = append(columns, c)
	}
	for name := range known {
		return nil, fmt.Errorf("there is no column %q, which schema %d has", name, version)
	}
	return columns, nil
}

func readGroup(ctx context.Context, group *file.RowGroupReader, columns []Column) (*Block, error) {
	b := NewBlock(nil)
	rows := int(group.NumRows())
	levels := make([]int16, rows)
	for i, c := range columns {
		column, err := group.Column(i)
		if err != nil {
			return nil, err
		}
		switch column := column.(type) {
		case *file.ByteArrayColumnChunkReader:
			switch c.cell.in {
			case inLists:
				err = b.lists[c.cell.index].readLists(ctx, column, rows)
			case inText:
				err = b.text[c.cell.index].read(ctx, column, levels)
			}
		case *file.BooleanColumnChunkReader:
			if c.cell.in == inBools {
				b.bools[c.cell.index], err = readBools(ctx, column, levels)
			}
		case *file.Int64ColumnChunkReader:
			err = b.readInts(ctx, column, c.cell.in, levels)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := b.complete(rows); err != nil {
		return nil, err
	}
	b.measure()
	return b, nil
}

// complete fills columns that were not in the file with NULL. A column of a
// first schema that was not read, as its type was another one, is an error.
func (b *Block) complete(rows int) error {
	fill := func(c *textColumn) {
		if len(c.codes) == 0 {
			c.codes = make([]uint32, rows)
		}
	}
	for _, c := range Columns() {
		if c.Since == 1 && b.length(c.cell) != rows {
			return fmt.Errorf("column %q is of another type", c.Name)
		}
	}
	for i := range b.text {
		fill(&b.text[i])
	}
	for i := range b.lists {
		fill(&b.lists[i])
	}
	for i := range b.bools {
		for len(b.bools[i]) < rows {
			b.bools[i] = append(b.bools[i], -1)
		}
	}
	for len(b.offsets) < rows {
		b.offsets = append(b.offsets, unknownOffset)
	}
	for len(b.verified) < rows {
		b.verified = append(b.verified, unverified)
	}
	return nil
}

// length returns the number of values in a column.
func (b *Block) length(at cell) int {
	switch at.in {
	case inTime:
		return len(b.time)
	case inText:
		return len(b.text[at.index].codes)
	case inBools:
		return len(b.bools[at.index])
	case inNulls:
		return len(b.nulls)
	case inOffsets:
		return len(b.offsets)
	case inVerified:
		return len(b.verified)
	}
	return len(b.lists[at.index].codes)
}

// readBatch is the number of rows read at a time. The values alias a page of
// the file and are copied before the next read.
const readBatch = 1024

// inBatches fills levels batch by batch. read gets room for the definition
// levels of a batch and returns the number of rows it read. The context is
// checked before each batch.
func inBatches(ctx context.Context, levels []int16, read func(batch []int16) (int64, error)) error {
	for done := 0; done < len(levels); {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := read(levels[done:min(done+readBatch, len(levels))])
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("column ends after %d of %d rows", done, len(levels))
		}
		done += int(n)
	}
	return nil
}

func (c *textColumn) read(ctx context.Context, r *file.ByteArrayColumnChunkReader, levels []int16) error {
	values := make([]parquet.ByteArray, readBatch)
	return inBatches(ctx, levels, func(batch []int16) (int64, error) {
		n, _, err := r.ReadBatchInPage(int64(len(batch)), values, batch, nil)
		next := 0
		for _, level := range batch[:n] {
			if level == 0 {
				c.addNull()
				continue
			}
			c.add(values[next])
			next++
		}
		return n, err
	})
}

func readBools(ctx context.Context, r *file.BooleanColumnChunkReader, levels []int16) (out []int8, err error) {
	values := make([]bool, readBatch)
	err = inBatches(ctx, levels, func(batch []int16) (int64, error) {
		n, _, err := r.ReadBatch(int64(len(batch)), values, batch, nil)
		next := 0
		for _, level := range batch[:n] {
			out = append(out, boolCell(values[next], level == 1))
			next += int(level)
		}
		return n, err
	})
	return out, err
}

// readInts reads a column of times, masks of explicit nulls, or offsets.
func (b *Block) readInts(ctx context.Context, r *file.Int64ColumnChunkReader, of storage, levels []int16) error {
	values := make([]int64, readBatch)
	into, null := &b.offsets, int64(unknownOffset)
	if of == inVerified {
		into, null = &b.verified, unverified
	}
	return inBatches(ctx, levels, func(batch []int16) (int64, error) {
		n, _, err := r.ReadBatch(int64(len(batch)), values, batch, nil)
		if of == inTime {
			b.time = append(b.time, values[:n]...)
			return n, err
		}
		next := 0
		for _, level := range batch[:n] {
			switch {
			case of == inNulls:
				b.nulls = append(b.nulls, uint64(values[next])*uint64(level))
			case level == 0:
				*into = append(*into, null)
			default:
				*into = append(*into, values[next])
			}
			next += int(level)
		}
		return n, err
	})
}

// readLists reads a list column of a row group.
func (c *textColumn) readLists(ctx context.Context, r *file.ByteArrayColumnChunkReader, rows int) error {
	return eachList(ctx, r, rows, func(_ int, list []byte) error {
		c.addOrNull(list)
		return nil
	})
}

// eachList calls f with the number and the list of each row of a row group; nil
// is NULL. The list is valid until f returns.
func eachList(ctx context.Context, r *file.ByteArrayColumnChunkReader, rows int, f func(row int, list []byte) error) error {
	values := make([]parquet.ByteArray, readBatch)
	levels, starts := make([]int16, readBatch), make([]int16, readBatch)
	list := []byte{}
	row := -1 // the one being read
	null := false
	end := func() error {
		switch {
		case row < 0:
			return nil
		case null:
			return f(row, nil)
		}
		return f(row, list)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, _, err := r.ReadBatchInPage(readBatch, values, levels, starts)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		next := 0
		for k, level := range levels[:n] {
			if starts[k] == 0 {
				if err := end(); err != nil {
					return err
				}
				row, list, null = row+1, list[:0], level == listNull
			}
			if row < 0 || row >= rows {
				return fmt.Errorf("a list column has other rows than the %d of its row group", rows)
			}
			if level == listItem {
				list = appendItem(list, string(values[next]))
				next++
			}
		}
	}
	if row+1 != rows {
		return fmt.Errorf("column ends after %d of %d rows", row+1, rows)
	}
	return end()
}
