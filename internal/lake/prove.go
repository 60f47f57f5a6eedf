package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/zeebo/xxh3"

	"github.com/cerpac/trailkeeper/event"
)

// ProofError reports that what was about to be stored differs from what was
// read. The cause is a fault of this program or of the machine. It is found
// before the commit, so the lake is unchanged.
type ProofError struct {
	EventID string // "" if the event is not known
	LogFile string
	Cause   string
}

func (e *ProofError) Error() string {
	if e.EventID == "" && e.LogFile == "" {
		return "prove part: " + e.Cause
	}
	return fmt.Sprintf("prove event %q of %q: %s", e.EventID, e.LogFile, e.Cause)
}

// proveRows checks that each row still matches its record: the hash of the
// record rebuilt from the row must equal the hash of the record as it was read,
// and the derived columns must be what follows from the other ones. Rows read
// back from a part have no identities and are not checked.
func proveRows(ctx context.Context, blocks []*Block) error {
	var h rowHasher
	for _, b := range blocks {
		if len(b.ids) == 0 {
			continue
		}
		columns, derived := b.hashColumns(), newDerivedProof(b)
		for i, id := range b.ids {
			if i%readBatch == 0 {
				if err := ctx.Err(); err != nil {
					return err
				}
			}
			var err error
			if b.text[colExtra].codes[i] != 0 || columns.hash(b, i) != id.Hash {
				err = h.prove(b.row(i), id)
			}
			if err == nil {
				err = derived.prove(i)
			}
			if err != nil {
				return &ProofError{string(b.text[colEventID].get(i)), string(b.text[colLogFile].get(i)), err.Error()}
			}
		}
	}
	return nil
}

// columnHashes are the hashes of the values of a block's columns, by column and
// code. Columns whose values nearly all differ are hashed row by row.
type columnHashes struct {
	values [firstDerived][]uint64
	text   []byte
	second int64  // the last time that was hashed, in microseconds
	time   uint64 // its hash
}

func (b *Block) hashColumns() *columnHashes {
	h := &columnHashes{second: -1}
	for column := range firstDerived {
		c := &b.text[column]
		if c.plain {
			continue
		}
		h.values[column] = make([]uint64, c.distinct()+1)
		for code := range c.distinct() {
			h.values[column][code+1] = h.value(column, c.value(uint32(code+1)))
		}
	}
	return h
}

// value hashes a value of a column as bodyHash hashes the member.
func (h *columnHashes) value(column int, value []byte) uint64 {
	f := fieldOf(column)
	if column >= firstJSON {
		return xxh3.HashSeed(value, uint64(f))
	}
	h.text = event.AppendQuoted(h.text[:0], value)
	return hashColumn(h.text, f)
}

// hash computes the hash that bodyHash gives the record of a row without extra.
func (h *columnHashes) hash(b *Block, row int) (sum uint64) {
	if at := b.time[row]; at != h.second {
		h.text = append(event.AppendTime(append(h.text[:0], '"'), time.UnixMicro(at)), '"')
		h.second, h.time = at, xxh3.HashSeed(h.text, uint64(event.EventTime))
	}
	sum = h.time
	for column := range firstDerived {
		c := &b.text[column]
		switch code := c.codes[row]; {
		case code == 0:
		case c.plain:
			sum += h.value(column, c.value(code))
		default:
			sum += h.values[column][code]
		}
	}
	for column, f := range [...]event.Field{boolReadOnly: event.ReadOnly, boolManagement: event.ManagementEvent} {
		switch b.bools[column][row] {
		case 0:
			sum += xxh3.HashStringSeed("false", uint64(f))
		case 1:
			sum += xxh3.HashStringSeed("true", uint64(f))
		}
	}
	for nulls := b.nulls[row]; nulls != 0; nulls &= nulls - 1 {
		sum += xxh3.HashStringSeed("null", uint64(bits.TrailingZeros64(nulls)))
	}
	return sum
}

// rowHasher computes the hash that bodyHash gives the record of a row, without
// writing and parsing the record.
type rowHasher struct {
	extra event.Record
	text  []byte
}

// prove returns an error unless a row gives back the record of an identity.
func (h *rowHasher) prove(r Row, id Identity) error {
	sum, err := h.hash(&r)
	if err == nil && sum != id.Hash {
		err = errors.New("the row gives back another record")
	}
	return err
}

func (h *rowHasher) hash(r *Row) (sum uint64, err error) {
	whole, err := r.decodeExtra(&h.extra)
	if err != nil {
		return 0, err
	}
	if whole != nil {
		var record event.Record
		if n, err := record.Decode(whole); err != nil || n != len(whole) {
			return 0, errors.New("the text kept of it is no record")
		}
		return bodyHash(&record), nil
	}
	for f := range event.Field(event.NumFields) {
		if h.extra.Get(f).Present() {
			continue // counted with the others below
		}
		if h.text = r.appendColumn(h.text[:0], f, &h.extra); len(h.text) > 0 {
			sum += hashColumn(h.text, f)
		}
	}
	return sum + bodyHash(&h.extra), nil
}

// hashColumn returns the hash that bodyHash computes for a member whose value
// is in a column, as canonical JSON.
func hashColumn(text []byte, f event.Field) uint64 {
	if f == event.EventID || f == event.AggregatedEventID {
		id := [16]byte{}
		if len(text) > 2 && bytes.ContainsAny(text, "ABCDEF") && parseUUID(&id, text[1:len(text)-1]) {
			text = bytes.ToLower(text)
		}
	}
	return xxh3.HashSeed(text, uint64(f))
}

// provePart reads a part back from the store and compares every value with the
// rows that it was written from.
func provePart(ctx context.Context, part stored, blocks []*Block, places []place) error {
	in, err := part.openParquet(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return &ProofError{Cause: err.Error()}
	}
	defer in.Close() // only read
	if got := in.NumRows(); got != int64(len(places)) {
		return &ProofError{Cause: fmt.Sprintf("%d of %d rows are in the file", got, len(places))}
	}
	c := comparer{blocks: blocks, texts: make([]parquet.ByteArray, readBatch), ints: make([]int64, readBatch), bools: make([]bool, readBatch)}
	for g := range in.NumRowGroups() {
		group := in.RowGroup(g)
		rows := int(group.NumRows())
		if rows > len(places) {
			return &ProofError{Cause: "the row groups hold more rows than the file"}
		}
		c.places = places[:rows]
		places = places[rows:]
		if err := c.group(ctx, group); err != nil {
			return in.from.explain(err)
		}
	}
	if len(places) > 0 {
		return &ProofError{Cause: fmt.Sprintf("the row groups lack %d rows of the file", len(places))}
	}
	return nil
}

// comparer compares the row groups of a file with the rows they were written from.
type comparer struct {
	blocks []*Block
	places []place // of the row group
	levels []int16

	texts []parquet.ByteArray
	ints  []int64
	bools []bool
}

func (c *comparer) group(ctx context.Context, group *file.RowGroupReader) error {
	c.levels = append(c.levels[:0], make([]int16, len(c.places))...)
	for i, of := range Columns() {
		column, err := group.Column(i)
		if err == nil {
			err = c.column(ctx, of, column)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, proof := errors.AsType[*ProofError](err); err != nil && !proof {
			err = &ProofError{Cause: err.Error()}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// column compares a column chunk, batch by batch.
func (c *comparer) column(ctx context.Context, of Column, column file.ColumnChunkReader) error {
	if of.cell.in == inLists {
		return c.lists(ctx, of, column)
	}
	done := 0
	return inBatches(ctx, c.levels, func(batch []int16) (int64, error) {
		n, same, err := c.read(of.cell, column, batch)
		if err != nil {
			return n, err
		}
		next := 0
		for k, level := range batch[:n] {
			if of.cell.in == inTime {
				level = 1 // a required column has no levels
			}
			if p := c.places[done+k]; !same(p, next, level) {
				return n, c.differs(p, of.Name)
			}
			next += int(level)
		}
		done += int(n)
		return n, nil
	})
}

func (c *comparer) lists(ctx context.Context, of Column, column file.ColumnChunkReader) error {
	texts, ok := column.(*file.ByteArrayColumnChunkReader)
	if !ok {
		return fmt.Errorf("column %s is of type %T", of.Name, column)
	}
	return eachList(ctx, texts, len(c.places), func(row int, list []byte) error {
		p := c.places[row]
		if !sameText(c.blocks[p.block].lists[of.cell.index].get(int(p.row)), list) {
			return c.differs(p, of.Name)
		}
		return nil
	})
}

// read reads a batch of a column. same reports whether a row has the value that
// was read for it: value number next, if its level is 1.
func (c *comparer) read(at cell, column file.ColumnChunkReader, levels []int16) (n int64, same func(p place, next int, level int16) bool, err error) {
	size := int64(len(levels))
	switch column := column.(type) {
	case *file.ByteArrayColumnChunkReader:
		n, _, err = column.ReadBatchInPage(size, c.texts, levels, nil)
		same = func(p place, next int, level int16) bool { return c.sameText(p, at.index, next, level) }
	case *file.BooleanColumnChunkReader:
		n, _, err = column.ReadBatch(size, c.bools, levels, nil)
		same = func(p place, next int, level int16) bool { return c.sameBool(p, at.index, next, level) }
	case *file.Int64ColumnChunkReader:
		n, _, err = column.ReadBatch(size, c.ints, levels, nil)
		same = func(p place, next int, level int16) bool { return c.sameInt(p, at.in, next, level) }
	default:
		err = fmt.Errorf("a column is of type %T", column)
	}
	return n, same, err
}

func (c *comparer) differs(p place, column string) *ProofError {
	b := c.blocks[p.block]
	return &ProofError{
		string(b.text[colEventID].get(int(p.row))), string(b.text[colLogFile].get(int(p.row))),
		fmt.Sprintf("column %s was written in another way than it is read", column),
	}
}

func (c *comparer) sameText(p place, column, next int, level int16) bool {
	want := c.blocks[p.block].text[column].get(int(p.row))
	if want == nil || level == 0 {
		return want == nil && level == 0
	}
	return bytes.Equal(want, c.texts[next])
}

func (c *comparer) sameBool(p place, column, next int, level int16) bool {
	return c.blocks[p.block].bools[column][p.row] == boolCell(level == 1 && c.bools[next], level == 1)
}

func (c *comparer) sameInt(p place, of storage, next int, level int16) bool {
	want, ok := c.blocks[p.block].integer(of, int(p.row))
	return ok == (level == 1) && (!ok || want == c.ints[next])
}
