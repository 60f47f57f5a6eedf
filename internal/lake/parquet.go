package lake

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// groupRows is the length of a row group: long enough for a column to compress
// well, short enough for a reader to skip much and to work in parallel.
const groupRows = 64 << 10

// parquetSchema is the schema of a part: every column is optional but the
// first.
func parquetSchema() (*schema.GroupNode, error) {
	var nodes schema.FieldList
	for i, c := range Columns() {
		repetition := parquet.Repetitions.Optional
		if i == 0 {
			repetition = parquet.Repetitions.Required
		}
		physical, logical := parquet.Types.ByteArray, schema.LogicalType(schema.StringLogicalType{})
		switch c.Kind {
		case Timestamp:
			physical, logical = parquet.Types.Int64, schema.NewTimestampLogicalType(false, schema.TimeUnitMicros)
		case Boolean:
			physical, logical = parquet.Types.Boolean, schema.NoLogicalType{}
		case Integer:
			physical, logical = parquet.Types.Int64, schema.NewIntLogicalType(64, true)
		}
		node, err := schema.NewPrimitiveNodeLogical(c.Name, repetition, logical, physical, 0, -1)
		if err != nil {
			return nil, fmt.Errorf("define column %q: %w", c.Name, err)
		}
		nodes = append(nodes, node)
	}
	return schema.NewGroupNode("event", parquet.Repetitions.Required, nodes, -1)
}

func parquetProperties() *parquet.WriterProperties {
	options := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(1),
		parquet.WithDataPageVersion(parquet.DataPageV1),
		parquet.WithCreatedBy("trailkeeper"),
		parquet.WithMaxRowGroupLength(groupRows),
		parquet.WithMaxStatsSize(256),
	}
	for _, c := range Columns() {
		if c.distinct || c.Kind == Timestamp {
			options = append(options, parquet.WithDictionaryFor(c.Name, false))
		}
		if c.Kind == JSON {
			options = append(options, parquet.WithStatsFor(c.Name, false))
		}
	}
	return parquet.NewWriterProperties(options...)
}

// place is one row among several blocks.
type place struct{ block, row uint32 }

// order sorts the rows of blocks by account, region and time, rows alike in
// the order they came.
func order(blocks []*Block) []place {
	type key struct {
		cluster int
		time    int64
		at      place
	}
	ranks := clusterRanks(blocks)
	var keys []key
	var name []byte
	for b, block := range blocks {
		for i := range block.time {
			name = block.cluster(name[:0], i)
			keys = append(keys, key{ranks[string(name)], block.time[i], place{uint32(b), uint32(i)}})
		}
	}
	slices.SortFunc(keys, func(x, y key) int {
		return cmp.Or(cmp.Compare(x.cluster, y.cluster), cmp.Compare(x.time, y.time),
			cmp.Compare(x.at.block, y.at.block), cmp.Compare(x.at.row, y.at.row))
	})
	places := make([]place, len(keys))
	for i, k := range keys {
		places[i] = k.at
	}
	return places
}

// cluster appends the account and region of row i.
func (b *Block) cluster(dst []byte, i int) []byte {
	dst = append(dst, b.text[colAccount].get(i)...)
	dst = append(dst, 0)
	return append(dst, b.text[colAWSRegion].get(i)...)
}

// clusterRanks numbers the pairs of account and region in their order.
func clusterRanks(blocks []*Block) map[string]int {
	ranks := map[string]int{}
	var name []byte
	for _, b := range blocks {
		for i := range b.time {
			name = b.cluster(name[:0], i)
			if _, ok := ranks[string(name)]; !ok {
				ranks[string(name)] = 0
			}
		}
	}
	for rank, name := range slices.Sorted(maps.Keys(ranks)) {
		ranks[name] = rank
	}
	return ranks
}

// partWriter writes sorted rows as one Parquet file.
type partWriter struct {
	blocks []*Block
	places []place

	texts  []parquet.ByteArray
	ints   []int64
	bools  []bool
	levels []int16
}

// writeParquet writes the rows of blocks to w, sorted.
func writeParquet(w io.Writer, blocks []*Block) error {
	root, err := parquetSchema()
	if err != nil {
		return err
	}
	out, err := file.NewParquetWriterWithError(w, root, file.WithWriterProps(parquetProperties()))
	if err != nil {
		return err
	}
	p := partWriter{blocks: blocks}
	for places := range slices.Chunk(order(blocks), groupRows) {
		p.places = places
		group, err := out.AppendRowGroupChecked()
		if err != nil {
			return err
		}
		if err := p.group(group); err != nil {
			return err
		}
	}
	return out.Close()
}

func (p *partWriter) group(group file.SerialRowGroupWriter) error {
	for column := range group.NumColumns() {
		w, err := group.NextColumn()
		if err != nil {
			return err
		}
		switch w := w.(type) {
		case *file.ByteArrayColumnChunkWriter:
			p.gatherText(column - 1)
			_, err = w.WriteBatch(p.texts, p.levels, nil)
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
	}
	return group.Close()
}

func (p *partWriter) gatherText(column int) {
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

// writePart writes blocks as a new Parquet file at path and makes it durable.
// It returns the size of the file.
func writePart(path string, blocks []*Block) (size int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := f.Close(); err == nil && closeErr != nil {
			err = closeErr
		}
	}()
	// The Parquet writer closes what it can close; the file is to be synced first.
	if err := writeParquet(struct{ io.Writer }{f}, blocks); err != nil {
		return 0, fmt.Errorf("write part %q: %w", path, err)
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
