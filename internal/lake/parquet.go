package lake

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// groupRows is the length of a row group: long enough for a column to compress
// well, short enough for a reader to skip much and to work in parallel.
const groupRows = 64 << 10

// parquetSchema returns the schema of a part: every column but the first is
// optional.
func parquetSchema() (*schema.GroupNode, error) {
	var nodes schema.FieldList
	for _, c := range Columns() {
		node, err := c.node()
		if err != nil {
			return nil, fmt.Errorf("define column %q: %w", c.Name, err)
		}
		nodes = append(nodes, node)
	}
	return schema.NewGroupNode("event", parquet.Repetitions.Required, nodes, -1)
}

// node returns the column of a Parquet schema.
func (c Column) node() (schema.Node, error) {
	repetition := parquet.Repetitions.Optional
	physical, logical := parquet.Types.ByteArray, schema.LogicalType(schema.StringLogicalType{})
	switch c.Kind {
	case JSON: // read as JSON by DuckDB and as a string by the others
		logical = schema.JSONLogicalType{}
	case Timestamp:
		if c.cell.in == inTime {
			repetition = parquet.Repetitions.Required
		}
		physical, logical = parquet.Types.Int64, schema.NewTimestampLogicalType(false, schema.TimeUnitMicros)
	case Boolean:
		physical, logical = parquet.Types.Boolean, schema.NoLogicalType{}
	case Integer:
		physical, logical = parquet.Types.Int64, schema.NewIntLogicalType(64, true)
	case TextList:
		element, err := schema.NewPrimitiveNodeLogical("element", parquet.Repetitions.Required, logical, physical, 0, -1)
		if err != nil {
			return nil, err
		}
		return schema.ListOfWithName(c.Name, element, repetition, -1)
	}
	return schema.NewPrimitiveNodeLogical(c.Name, repetition, logical, physical, 0, -1)
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
		if c.Kind == Timestamp || c.Kind == Integer || c.cell.in == inText && nearlyDistinct(c.cell.index) {
			options = append(options, parquet.WithDictionaryFor(c.Name, false))
		}
		if c.Kind == JSON {
			options = append(options, parquet.WithStatsFor(c.Name, false))
		}
	}
	return parquet.NewWriterProperties(options...)
}

// writeParquet writes the rows of blocks to w in the order of places, with
// checksums. It returns the number of bytes.
func writeParquet(w io.Writer, blocks []*Block, order []place) (sum *Checksum, size int64, err error) {
	root, err := parquetSchema()
	if err != nil {
		return nil, 0, err
	}
	sums := &summer{w: w}
	// Close of the Parquet writer would close w.
	out, err := file.NewParquetWriterWithError(struct{ io.Writer }{sums}, root, file.WithWriterProps(parquetProperties()))
	if err != nil {
		return nil, 0, err
	}
	p := partWriter{blocks: blocks, out: sums}
	for places := range slices.Chunk(order, groupRows) {
		p.places = places
		group, err := out.AppendRowGroupChecked()
		if err != nil {
			return nil, 0, err
		}
		if err := p.group(group); err != nil {
			return nil, 0, err
		}
	}
	at, err := sums.table()
	if err != nil {
		return nil, 0, err
	}
	if err := out.Close(); err != nil {
		return nil, 0, err
	}
	return &Checksum{at, hexSum(sums.hash.Sum64())}, sums.at, nil
}

// writePart writes blocks as a new Parquet file, sorted, and proves that it can be
// read back. It returns the size of the file and its checksum.
func writePart(ctx context.Context, to Store, name string, blocks []*Block) (size int64, sum *Checksum, err error) {
	places := order(blocks)
	part := stored{to, name}
	err = to.Put(ctx, name, func(w io.Writer) (err error) {
		if sum, size, err = writeParquet(untilCancelled{ctx, w}, blocks, places); err != nil {
			return fmt.Errorf("write part %q: %w", part.location(), err)
		}
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	return size, sum, provePart(ctx, part, blocks, places)
}

// untilCancelled writes to a file until the context is cancelled.
type untilCancelled struct {
	ctx  context.Context
	file io.Writer
}

func (w untilCancelled) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.file.Write(p)
}
