package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/cerpac/trailkeeper/event"
)

// Salvage looks for rows whose column extra is not a JSON object. Some older
// versions wrote such rows, and query engines abort a statement that reads one.
// It returns the part to read: p itself if there is no such row, otherwise a
// copy in another store, of the current schema and without the rows that it returns as
// damaged.
func (p Part) Salvage(ctx context.Context, copies Store) (sound Part, damaged []*RowError, err error) {
	whole, err := extraSound(ctx, p.file)
	if err != nil {
		return p, nil, p.unreadable(err)
	}
	if whole {
		return p, nil, nil
	}
	blocks, err := readPart(ctx, p.file, p.Schema)
	if err != nil {
		return p, nil, p.unreadable(err)
	}
	kept, damaged, err := soundRows(ctx, blocks)
	if err != nil {
		return p, nil, err
	}
	err = copies.Put(ctx, p.published(), func(w io.Writer) error {
		_, _, err := writeParquet(w, kept, order(kept))
		return err
	})
	p.file, p.Schema = stored{copies, p.published()}, Schema
	return p, damaged, err
}

// soundRows returns the rows that give back a record, and the errors of the
// others.
func soundRows(ctx context.Context, blocks []*Block) (kept []*Block, damaged []*RowError, err error) {
	var text []byte
	for _, block := range blocks {
		sound := NewBlock(nil)
		for i := range block.Rows() {
			row := block.row(i)
			var bad *RowError
			if text, err = row.AppendJSON(text[:0]); errors.As(err, &bad) {
				damaged = append(damaged, bad)
			} else {
				sound.copyRow(block, i)
			}
		}
		if err := sound.derive(ctx); err != nil {
			return nil, nil, err
		}
		kept = append(kept, sound)
	}
	return kept, damaged, nil
}

// unreadable returns the error to report for a part that could not be read:
// damage, no access, or a cancelled context.
func (p Part) unreadable(err error) error {
	if unread(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &PartError{p.Path(), cmp.Or(errors.Unwrap(err), err).Error()}
}

// extraSound reports whether the column extra of a part holds only
// JSON objects. It reads only that column.
func extraSound(ctx context.Context, part stored) (sound bool, err error) {
	in, err := part.openParquet(ctx)
	if err != nil {
		return false, fmt.Errorf("read part %q: %w", part.location(), err)
	}
	defer in.Close() // only read
	sound = true
	var extra event.Record
	for g := range in.NumRowGroups() {
		group := in.RowGroup(g)
		column, err := group.Column(in.MetaData().Schema.ColumnIndexByName(textColumns()[colExtra].Name))
		if err != nil {
			return false, fmt.Errorf("read part %q: %w", part.location(), err)
		}
		texts, ok := column.(*file.ByteArrayColumnChunkReader)
		if !ok {
			return false, fmt.Errorf("read part %q: column extra is not text", part.location())
		}
		values := make([]parquet.ByteArray, readBatch)
		err = inBatches(ctx, make([]int16, group.NumRows()), func(batch []int16) (int64, error) {
			n, read, err := texts.ReadBatchInPage(int64(len(batch)), values, batch, nil)
			for _, value := range values[:read] {
				size, decodeErr := extra.Decode(value)
				sound = sound && decodeErr == nil && size == len(value)
			}
			return n, err
		})
		if err = in.from.explain(err); err != nil {
			return false, fmt.Errorf("read part %q: %w", part.location(), err)
		}
	}
	return sound, nil
}
