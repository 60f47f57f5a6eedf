package lake

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// readPart reads a part into blocks, one for each row group, without the
// identities of its rows. When the context is cancelled it returns the error of
// the context.
func readPart(ctx context.Context, part stored) (blocks []*Block, err error) {
	in, err := part.openParquet(ctx)
	if err != nil {
		return nil, fmt.Errorf("read part %q: %w", part.location(), err)
	}
	defer in.Close() // only read
	if got, want := in.MetaData().Schema.NumColumns(), len(Columns()); got != want {
		return nil, fmt.Errorf("read part %q: %d columns, want %d", part.location(), got, want)
	}
	for i := range in.NumRowGroups() {
		block, err := readGroup(ctx, in.RowGroup(i))
		if err = in.from.explain(err); err != nil {
			return nil, fmt.Errorf("read part %q: %w", part.location(), err)
		}
		blocks = append(blocks, block)
	}
	return blocks, nil
}

func readGroup(ctx context.Context, group *file.RowGroupReader) (*Block, error) {
	b := NewBlock(nil)
	rows := int(group.NumRows())
	levels := make([]int16, rows)
	for i := range group.NumColumns() {
		column, err := group.Column(i)
		if err != nil {
			return nil, err
		}
		switch column := column.(type) {
		case *file.ByteArrayColumnChunkReader:
			err = b.text[i-1].read(ctx, column, levels)
		case *file.BooleanColumnChunkReader:
			b.bools[i-1-numText], err = readBools(ctx, column, levels)
		case *file.Int64ColumnChunkReader:
			err = b.readInts(ctx, column, i == 0, levels)
		}
		if err != nil {
			return nil, err
		}
	}
	b.measure()
	return b, nil
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

// readInts reads the times, or else the masks of explicit nulls.
func (b *Block) readInts(ctx context.Context, r *file.Int64ColumnChunkReader, times bool, levels []int16) error {
	values := make([]int64, readBatch)
	return inBatches(ctx, levels, func(batch []int16) (int64, error) {
		n, _, err := r.ReadBatch(int64(len(batch)), values, batch, nil)
		if times {
			b.time = append(b.time, values[:n]...)
			return n, err
		}
		next := 0
		for _, level := range batch[:n] {
			b.nulls = append(b.nulls, uint64(values[next])*uint64(level))
			next += int(level)
		}
		return n, err
	})
}
