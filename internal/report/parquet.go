package report

import (
	"bufio"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/cerpac/trailkeeper/internal/result"
)

const (
	// groupRows and groupBytes limit a row group, which is buffered in memory.
	groupRows  = 64 << 10
	groupBytes = 32 << 20
)

// writeParquet writes a Parquet file with the types of the columns. All columns are
// optional. After an error the footer is missing, so no reader accepts the file.
func writeParquet(out *bufio.Writer, rows result.Reader) (int64, error) {
	table, err := newParquetTable(rows.Columns())
	if err != nil {
		return 0, err
	}
	properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCreatedBy("trailkeeper"),
		parquet.WithDataPageVersion(parquet.DataPageV1))
	// The struct hides out's Close method, so that the writer does not close it.
	w, err := file.NewParquetWriterWithError(struct{ io.Writer }{out}, table.root, file.WithWriterProps(properties))
	if err != nil {
		return 0, err
	}
	count, err := each(rows, func(row []any) error {
		for i, value := range row {
			if err := table.columns[i].add(value, 0, 0); err != nil {
				return fmt.Errorf("write column %q as Parquet: %w", table.columns[i].name, err)
			}
		}
		table.rows++
		if table.rows < groupRows && table.size() < groupBytes {
			return nil
		}
		return table.flush(w)
	})
	if err != nil {
		return count, err
	}
	if err := table.flush(w); err != nil {
		return count, err
	}
	return count, w.Close()
}

// parquetTable is the schema and, by column, the buffered rows of the next row group.
type parquetTable struct {
	root    *schema.GroupNode
	columns []*parquetColumn
	leaves  []*parquetLeaf // in the order of the schema
	rows    int
}

func newParquetTable(columns []result.Column) (*parquetTable, error) {
	t := &parquetTable{}
	var fields schema.FieldList
	for i, name := range uniqueNames(columns) {
		column := &parquetColumn{name: name}
		if err := column.is(columns[i].Type, 0); err != nil {
			return nil, fmt.Errorf("write column %q as Parquet: %w", name, err)
		}
		fields = append(fields, column.node)
		t.columns = append(t.columns, column)
		t.leaves = append(t.leaves, column.leaves()...)
	}
	var err error
	t.root, err = schema.NewGroupNode("row", parquet.Repetitions.Required, fields, -1)
	return t, err
}

func (t *parquetTable) size() (bytes int) {
	for _, leaf := range t.leaves {
		bytes += leaf.bytes
	}
	return bytes
}

// flush writes the buffered rows as a row group.
func (t *parquetTable) flush(w *file.Writer) error {
	if t.rows == 0 {
		return nil
	}
	group, err := w.AppendRowGroupChecked()
	if err != nil {
		return err
	}
	for _, leaf := range t.leaves {
		column, err := group.NextColumn()
		if err != nil {
			return err
		}
		if err := leaf.flush(column); err != nil {
			return err
		}
		if err := column.Close(); err != nil {
			return err
		}
	}
	t.rows = 0
	return group.Close()
}
