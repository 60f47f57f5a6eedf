package report

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/cerpac/trailkeeper/internal/result"
)

// parquetLeaf buffers the values of one column of a Parquet file, with their levels.
type parquetLeaf struct {
	put   func(value any) error // adds a value that is not NULL
	write func(column file.ColumnChunkWriter, definitions, repetitions []int16) error

	definitions, repetitions []int16
	bytes                    int // approximate size of the buffer
}

func (l *parquetLeaf) level(repetition, definition int16) {
	l.repetitions, l.definitions = append(l.repetitions, repetition), append(l.definitions, definition)
	l.bytes += 4
}

func (l *parquetLeaf) add(value any, repetition, definition int16) error {
	l.level(repetition, definition)
	return l.put(value)
}

// flush writes the buffered values and empties the buffer.
func (l *parquetLeaf) flush(column file.ColumnChunkWriter) error {
	err := l.write(column, l.definitions, l.repetitions)
	l.definitions, l.repetitions, l.bytes = l.definitions[:0], l.repetitions[:0], 0
	return err
}

// batchWriter is a column of a Parquet file with values of one physical type.
type batchWriter[T any] interface {
	WriteBatch(values []T, definitions, repetitions []int16) (int64, error)
}

// gather returns a leaf whose values convert returns, of about size bytes each.
func gather[T any, W batchWriter[T]](convert func(any) (T, error), size func(T) int) *parquetLeaf {
	var values []T
	l := &parquetLeaf{}
	l.put = func(value any) error {
		v, err := convert(value)
		if err != nil {
			return err
		}
		values = append(values, v)
		l.bytes += size(v)
		return nil
	}
	l.write = func(column file.ColumnChunkWriter, definitions, repetitions []int16) error {
		to, ok := column.(W)
		if !ok {
			return fmt.Errorf("write Parquet column: unexpected type %T", column)
		}
		_, err := to.WriteBatch(values, definitions, repetitions)
		clear(values)
		values = values[:0]
		return err
	}
	return l
}

// exactly converts values of one Go type unchanged.
func exactly[T any](value any) (T, error) {
	v, ok := value.(T)
	if !ok {
		return v, misfit(value)
	}
	return v, nil
}

func misfit(value any) error {
	return fmt.Errorf("%s cannot be written as its type; cast the column to VARCHAR", result.Text(value))
}

func fixedSize[T any](n int) func(T) int { return func(T) int { return n } }

func ints32(convert func(any) (int32, error)) *parquetLeaf {
	return gather[int32, *file.Int32ColumnChunkWriter](convert, fixedSize[int32](4))
}

func ints64(convert func(any) (int64, error)) *parquetLeaf {
	return gather[int64, *file.Int64ColumnChunkWriter](convert, fixedSize[int64](8))
}

func byteArrays(convert func(any) (parquet.ByteArray, error)) *parquetLeaf {
	return gather[parquet.ByteArray, *file.ByteArrayColumnChunkWriter](convert, func(b parquet.ByteArray) int { return len(b) + 24 })
}

func arrays16(convert func(any) (parquet.FixedLenByteArray, error)) *parquetLeaf {
	return gather[parquet.FixedLenByteArray, *file.FixedLenByteArrayColumnChunkWriter](convert, fixedSize[parquet.FixedLenByteArray](16+24))
}

// newParquetLeaf returns a column for a scalar type by its SQL name. Types without a
// Parquet equivalent become text, nested ones without names JSON.
func newParquetLeaf(name, sqlType string, repetition parquet.Repetition) (*parquetLeaf, schema.Node, error) {
	leaf, physical, logical, length := scalarLeaf(sqlType)
	node, err := schema.NewPrimitiveNodeLogical(name, repetition, logical, physical, length, -1)
	return leaf, node, err
}

func scalarLeaf(sqlType string) (leaf *parquetLeaf, physical parquet.Type, logical schema.LogicalType, length int) {
	if bits, signed, isInt := intType(sqlType); isInt {
		if bits == 64 {
			return ints64(toInt64), parquet.Types.Int64, schema.NewIntLogicalType(64, signed), 0
		}
		return ints32(toInt32), parquet.Types.Int32, schema.NewIntLogicalType(bits, signed), 0
	}
	if precision, scale, isDecimal := decimalType(sqlType); isDecimal {
		return arrays16(toDecimal), parquet.Types.FixedLenByteArray, schema.NewDecimalLogicalType(precision, scale), 16
	}
	if unit, utc, isTimestamp := timestampType(sqlType); isTimestamp {
		return ints64(toTimestamp(unit)), parquet.Types.Int64, schema.NewTimestampLogicalType(utc, unit), 0
	}
	switch {
	case sqlType == "BOOLEAN":
		return gather[bool, *file.BooleanColumnChunkWriter](exactly[bool], fixedSize[bool](1)), parquet.Types.Boolean, schema.NoLogicalType{}, 0
	case sqlType == "FLOAT":
		return gather[float32, *file.Float32ColumnChunkWriter](exactly[float32], fixedSize[float32](4)), parquet.Types.Float, schema.NoLogicalType{}, 0
	case sqlType == "DOUBLE":
		return gather[float64, *file.Float64ColumnChunkWriter](exactly[float64], fixedSize[float64](8)), parquet.Types.Double, schema.NoLogicalType{}, 0
	case sqlType == "DATE":
		return ints32(toDays), parquet.Types.Int32, schema.DateLogicalType{}, 0
	case sqlType == "UUID":
		return arrays16(toUUID), parquet.Types.FixedLenByteArray, schema.UUIDLogicalType{}, 16
	case sqlType == "BLOB":
		return byteArrays(toBytes), parquet.Types.ByteArray, schema.NoLogicalType{}, 0
	case sqlType == "JSON" || sqlType == "UNION" || strings.HasSuffix(sqlType, ")"):
		return byteArrays(toJSON), parquet.Types.ByteArray, schema.JSONLogicalType{}, 0
	}
	return byteArrays(toText), parquet.Types.ByteArray, schema.StringLogicalType{}, 0
}

func intType(sqlType string) (bits int8, signed, is bool) {
	name, unsigned := strings.CutPrefix(sqlType, "U")
	switch name {
	case "TINYINT":
		bits = 8
	case "SMALLINT":
		bits = 16
	case "INTEGER":
		bits = 32
	case "BIGINT":
		bits = 64
	default:
		return 0, false, false
	}
	return bits, !unsigned, true
}

// decimalType parses a decimal type. Integers of 128 bits count as one: SUM returns
// them, and Parquet has no wider integer than BIGINT.
func decimalType(sqlType string) (precision, scale int32, is bool) {
	if sqlType == "HUGEINT" || sqlType == "UHUGEINT" {
		return 38, 0, true
	}
	n, _ := fmt.Sscanf(sqlType, "DECIMAL(%d,%d)", &precision, &scale)
	return precision, scale, n == 2
}

func timestampType(sqlType string) (unit schema.TimeUnitType, utc, is bool) {
	switch sqlType {
	case "TIMESTAMP":
		return schema.TimeUnitMicros, false, true
	case "TIMESTAMP WITH TIME ZONE":
		return schema.TimeUnitMicros, true, true
	case "TIMESTAMP_S", "TIMESTAMP_MS":
		return schema.TimeUnitMillis, false, true
	case "TIMESTAMP_NS":
		return schema.TimeUnitNanos, false, true
	}
	return 0, false, false
}

func toInt64(value any) (int64, error) {
	switch v := value.(type) {
	case int64:
		return v, nil
	case uint64:
		return int64(v), nil // the same bits; the column's type is unsigned
	}
	return 0, misfit(value)
}

func toInt32(value any) (int32, error) {
	v, err := toInt64(value)
	return int32(v), err // of at most 32 bits, by its type
}

func toTimestamp(unit schema.TimeUnitType) func(any) (int64, error) {
	return func(value any) (int64, error) {
		at, ok := value.(result.Timestamp)
		if !ok { // infinity
			return 0, misfit(value)
		}
		switch unit {
		case schema.TimeUnitMillis:
			return at.UnixMilli(), nil
		case schema.TimeUnitNanos:
			return at.UnixNano(), nil
		}
		return at.UnixMicro(), nil
	}
}

func toDays(value any) (int32, error) {
	day, ok := value.(result.Date)
	if !ok { // infinity
		return 0, misfit(value)
	}
	const secondsOfDay = 24 * 60 * 60
	midnight := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
	return int32(midnight.Unix() / secondsOfDay), nil
}

// toDecimal encodes an unscaled number of at most 38 digits in 16 bytes, big-endian, in
// two's complement.
func toDecimal(value any) (parquet.FixedLenByteArray, error) {
	n, isInteger := value.(*big.Int)
	if d, isDecimal := value.(result.Decimal); isDecimal {
		n, isInteger = d.Unscaled, true
	}
	if !isInteger || len(new(big.Int).Abs(n).String()) > 38 {
		return nil, misfit(value)
	}
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return n.FillBytes(make([]byte, 16)), nil
}

func toUUID(value any) (parquet.FixedLenByteArray, error) {
	bytes, err := hex.DecodeString(strings.ReplaceAll(result.Text(value), "-", ""))
	if err != nil || len(bytes) != 16 {
		return nil, misfit(value)
	}
	return bytes, nil
}

func toBytes(value any) (parquet.ByteArray, error) {
	v, err := exactly[[]byte](value)
	return v, err
}

func toText(value any) (parquet.ByteArray, error) { return parquet.ByteArray(result.Text(value)), nil }

func toJSON(value any) (parquet.ByteArray, error) {
	if text, isJSON := value.(result.JSON); isJSON {
		return parquet.ByteArray(text), nil
	}
	return result.AppendJSON(nil, value), nil
}
