package duckdb

import (
	"fmt"
	"math/big"
	"time"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/cerpac/trailkeeper/internal/result"
)

// A reader returns the value of one row of a bound vector; a binder makes a
// reader for the vector of a chunk. Types are examined once per result,
// pointers once per chunk, and only values once per row.
type (
	reader func(row int) any
	binder func(bindings.Vector) reader
)

// compile returns the binder for a column of the type, and the type's SQL name.
func compile(t bindings.LogicalType) (binder, string, error) {
	id := bindings.GetTypeId(t)
	if scalar, found := scalars[id]; found {
		if id == bindings.TypeVarchar && bindings.LogicalTypeGetAlias(t) == "JSON" {
			return text(func(s string) any { return result.JSON(s) }), "JSON", nil
		}
		return scalar.bind, scalar.name, nil
	}
	switch id {
	case bindings.TypeDecimal:
		return compileDecimal(t)
	case bindings.TypeEnum:
		return compileEnum(t)
	case bindings.TypeList:
		return compileList(t)
	case bindings.TypeArray:
		return compileArray(t)
	case bindings.TypeStruct:
		return compileStruct(t)
	case bindings.TypeMap:
		return compileMap(t)
	case bindings.TypeUnion:
		return compileUnion(t)
	}
	return nil, "", fmt.Errorf("its type (DuckDB type %d) has no output form", id)
}

// scalars are the types that are read the same way in any position.
var scalars = map[bindings.Type]struct {
	name string
	bind binder
}{
	bindings.TypeSQLNull:     {`"NULL"`, func(bindings.Vector) reader { return func(int) any { return nil } }},
	bindings.TypeBoolean:     {"BOOLEAN", fixed(func(v bool) any { return v })},
	bindings.TypeTinyInt:     {"TINYINT", fixed(func(v int8) any { return int64(v) })},
	bindings.TypeSmallInt:    {"SMALLINT", fixed(func(v int16) any { return int64(v) })},
	bindings.TypeInteger:     {"INTEGER", fixed(func(v int32) any { return int64(v) })},
	bindings.TypeBigInt:      {"BIGINT", fixed(func(v int64) any { return v })},
	bindings.TypeUTinyInt:    {"UTINYINT", fixed(func(v uint8) any { return uint64(v) })},
	bindings.TypeUSmallInt:   {"USMALLINT", fixed(func(v uint16) any { return uint64(v) })},
	bindings.TypeUInteger:    {"UINTEGER", fixed(func(v uint32) any { return uint64(v) })},
	bindings.TypeUBigInt:     {"UBIGINT", fixed(func(v uint64) any { return v })},
	bindings.TypeHugeInt:     {"HUGEINT", fixed(func(v hugeInt) any { return v.big() })},
	bindings.TypeUHugeInt:    {"UHUGEINT", fixed(func(v uhugeInt) any { return v.big() })},
	bindings.TypeFloat:       {"FLOAT", fixed(func(v float32) any { return v })},
	bindings.TypeDouble:      {"DOUBLE", fixed(func(v float64) any { return v })},
	bindings.TypeVarchar:     {"VARCHAR", text(func(s string) any { return s })},
	bindings.TypeBlob:        {"BLOB", text(func(s string) any { return []byte(s) })},
	bindings.TypeBit:         {"BIT", text(func(s string) any { return result.Literal(bitText(s)) })},
	bindings.TypeUUID:        {"UUID", fixed(func(v hugeInt) any { return result.Literal(v.uuid()) })},
	bindings.TypeDate:        {"DATE", fixed(dateValue)},
	bindings.TypeTime:        {"TIME", fixed(func(v int64) any { return result.Literal(clockText(v)) })},
	bindings.TypeTimeTZ:      {"TIME WITH TIME ZONE", fixed(timeTZValue)},
	bindings.TypeTimestamp:   {"TIMESTAMP", fixed(func(v int64) any { return moment(v, time.Microsecond) })},
	bindings.TypeTimestampTZ: {"TIMESTAMP WITH TIME ZONE", fixed(func(v int64) any { return moment(v, time.Microsecond) })},
	bindings.TypeTimestampS:  {"TIMESTAMP_S", fixed(func(v int64) any { return moment(v, time.Second) })},
	bindings.TypeTimestampMS: {"TIMESTAMP_MS", fixed(func(v int64) any { return moment(v, time.Millisecond) })},
	bindings.TypeTimestampNS: {"TIMESTAMP_NS", fixed(func(v int64) any { return moment(v, time.Nanosecond) })},
	bindings.TypeInterval:    {"INTERVAL", fixed(func(v interval) any { return result.Literal(v.text()) })},
}

// fixed reads values of a fixed size, laid out one after the other.
func fixed[T any](convert func(T) any) binder {
	var zero T
	size := unsafe.Sizeof(zero)
	return func(vector bindings.Vector) reader {
		data, valid := bindings.VectorGetData(vector), validity(vector)
		return func(row int) any {
			if !valid(row) {
				return nil
			}
			return convert(*(*T)(unsafe.Add(data, uintptr(row)*size)))
		}
	}
}

// engineString is DuckDB's 16-byte string: up to 12 bytes are stored in place
// of prefix and pointer.
type engineString struct {
	length uint32
	prefix [4]byte
	data   *byte
}

const inlineLength = 12

func text(convert func(string) any) binder {
	return func(vector bindings.Vector) reader {
		data, valid := bindings.VectorGetData(vector), validity(vector)
		return func(row int) any {
			if !valid(row) {
				return nil
			}
			s := (*engineString)(unsafe.Add(data, uintptr(row)*unsafe.Sizeof(engineString{})))
			bytes := s.data
			if s.length <= inlineLength {
				bytes = &s.prefix[0]
			}
			// string() copies: the chunk is freed before the value.
			return convert(string(unsafe.Slice(bytes, s.length)))
		}
	}
}

// validity returns a function that reports whether a row is not NULL. A vector
// without NULLs has no mask.
func validity(vector bindings.Vector) func(row int) bool {
	mask := bindings.VectorGetValidity(vector)
	if mask == nil {
		return func(int) bool { return true }
	}
	return func(row int) bool {
		word := *(*uint64)(unsafe.Add(mask, row/64*8))
		return word>>(row%64)&1 == 1
	}
}

type hugeInt struct {
	lower uint64
	upper int64
}

func (h hugeInt) big() *big.Int {
	n := new(big.Int).Lsh(big.NewInt(h.upper), 64)
	return n.Add(n, new(big.Int).SetUint64(h.lower))
}

// uuid formats the value as a UUID; the engine flips the top bit so that UUIDs
// sort like their text.
func (h hugeInt) uuid() string {
	upper := uint64(h.upper) ^ 1<<63
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", upper>>32, upper>>16&0xffff, upper&0xffff, h.lower>>48, h.lower&(1<<48-1))
}

type uhugeInt struct{ lower, upper uint64 }

func (h uhugeInt) big() *big.Int {
	n := new(big.Int).Lsh(new(big.Int).SetUint64(h.upper), 64)
	return n.Add(n, new(big.Int).SetUint64(h.lower))
}
