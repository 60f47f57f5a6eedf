package duckdb

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/cerpac/trailkeeper/internal/result"
	"github.com/cerpac/trailkeeper/internal/trino"
)

func compileDecimal(t bindings.LogicalType) (binder, string, error) {
	scale := int(bindings.DecimalScale(t))
	name := fmt.Sprintf("DECIMAL(%d,%d)", bindings.DecimalWidth(t), scale)
	decimal := func(unscaled *big.Int) any { return result.Decimal{Unscaled: unscaled, Scale: scale} }
	switch internal := bindings.DecimalInternalType(t); internal {
	case bindings.TypeSmallInt:
		return fixed(func(v int16) any { return decimal(big.NewInt(int64(v))) }), name, nil
	case bindings.TypeInteger:
		return fixed(func(v int32) any { return decimal(big.NewInt(int64(v))) }), name, nil
	case bindings.TypeBigInt:
		return fixed(func(v int64) any { return decimal(big.NewInt(v)) }), name, nil
	case bindings.TypeHugeInt:
		return fixed(func(v hugeInt) any { return decimal(v.big()) }), name, nil
	default:
		return nil, name, fmt.Errorf("its type %s is stored in an unknown way (DuckDB type %d)", name, internal)
	}
}

func compileEnum(t bindings.LogicalType) (binder, string, error) {
	values := make([]string, bindings.EnumDictionarySize(t))
	for i := range values {
		values[i] = bindings.EnumDictionaryValue(t, bindings.IdxT(i))
	}
	switch internal := bindings.EnumInternalType(t); internal {
	case bindings.TypeUTinyInt:
		return fixed(func(v uint8) any { return values[v] }), "ENUM", nil
	case bindings.TypeUSmallInt:
		return fixed(func(v uint16) any { return values[v] }), "ENUM", nil
	case bindings.TypeUInteger:
		return fixed(func(v uint32) any { return values[v] }), "ENUM", nil
	default:
		return nil, "ENUM", fmt.Errorf("its type ENUM is stored in an unknown way (DuckDB type %d)", internal)
	}
}

// listEntry is the position of one row's list in the child vector.
type listEntry struct{ offset, length uint64 }

func compileList(t bindings.LogicalType) (binder, string, error) {
	child := bindings.ListTypeChildType(t)
	defer bindings.DestroyLogicalType(&child)
	bindElement, name, err := compile(child)
	if err != nil {
		return nil, "", err
	}
	return func(vector bindings.Vector) reader {
		element := bindElement(bindings.ListVectorGetChild(vector))
		return fixed(func(entry listEntry) any {
			return elements(element, int(entry.offset), int(entry.length))
		})(vector)
	}, name + "[]", nil
}

func compileArray(t bindings.LogicalType) (binder, string, error) {
	child := bindings.ArrayTypeChildType(t)
	defer bindings.DestroyLogicalType(&child)
	bindElement, name, err := compile(child)
	if err != nil {
		return nil, "", err
	}
	size := int(bindings.ArrayTypeArraySize(t))
	return func(vector bindings.Vector) reader {
		element, valid := bindElement(bindings.ArrayVectorGetChild(vector)), validity(vector)
		return func(row int) any {
			if !valid(row) {
				return nil
			}
			return elements(element, row*size, size)
		}
	}, fmt.Sprintf("%s[%d]", name, size), nil
}

func elements(element reader, offset, length int) []any {
	list := make([]any, length)
	for i := range list {
		list[i] = element(offset + i)
	}
	return list
}

func compileStruct(t bindings.LogicalType) (binder, string, error) {
	count := int(bindings.StructTypeChildCount(t))
	if count == 1 && bindings.StructTypeChildName(t, 0) == trino.AddressField {
		return addressText, "VARCHAR", nil
	}
	names, binders, types := make([]string, count), make([]binder, count), make([]string, count)
	for i := range count {
		names[i] = bindings.StructTypeChildName(t, bindings.IdxT(i))
		child := bindings.StructTypeChildType(t, bindings.IdxT(i))
		bind, name, err := compile(child)
		bindings.DestroyLogicalType(&child)
		if err != nil {
			return nil, "", err
		}
		binders[i], types[i] = bind, quoteName(names[i])+" "+name
	}
	if slices.Equal(names, trino.ZonedFields()) {
		return zonedTime(binders), "TIMESTAMP WITH TIME ZONE", nil
	}
	return func(vector bindings.Vector) reader {
		readers, valid := bindChildren(vector, binders, 0), validity(vector)
		return func(row int) any {
			if !valid(row) {
				return nil
			}
			fields := make(result.Struct, count)
			for i, read := range readers {
				fields[i] = result.Field{Name: names[i], Value: read(row)}
			}
			return fields
		}
	}, "STRUCT(" + strings.Join(types, ", ") + ")", nil
}

// zonedTime reads a time of Trino in a zone: an instant, the zone, and the
// local time, whose difference is the offset.
func zonedTime(fields []binder) binder {
	return func(vector bindings.Vector) reader {
		readers, valid := bindChildren(vector, fields, 0), validity(vector)
		return func(row int) any {
			if !valid(row) {
				return nil
			}
			at, finite := readers[0](row).(result.Timestamp)
			clock, known := readers[2](row).(result.Timestamp)
			if !finite || !known {
				return readers[0](row)
			}
			return result.Timestamp{Time: at.In(time.FixedZone("", int(clock.Sub(at.Time).Seconds())))}
		}
	}
}

// addressText reads an IPADDRESS of Trino.
func addressText(vector bindings.Vector) reader {
	return fixed(func(v uhugeInt) any {
		var bytes [16]byte
		binary.BigEndian.PutUint64(bytes[:8], v.upper)
		binary.BigEndian.PutUint64(bytes[8:], v.lower)
		return netip.AddrFrom16(bytes).Unmap().String()
	})(bindings.StructVectorGetChild(vector, 0))
}

// quoteName quotes the name of a field so that the type can be parsed again.
func quoteName(name string) string {
	plain := name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// bindChildren binds the children of a struct-like vector from the first one on.
func bindChildren(vector bindings.Vector, binders []binder, first int) []reader {
	readers := make([]reader, len(binders))
	for i, bind := range binders {
		readers[i] = bind(bindings.StructVectorGetChild(vector, bindings.IdxT(first+i)))
	}
	return readers
}

// compileMap reads a map, which is stored as a list of (key, value) structs.
func compileMap(t bindings.LogicalType) (binder, string, error) {
	keyType, valueType := bindings.MapTypeKeyType(t), bindings.MapTypeValueType(t)
	defer bindings.DestroyLogicalType(&keyType)
	defer bindings.DestroyLogicalType(&valueType)
	bindKey, keyName, err := compile(keyType)
	if err != nil {
		return nil, "", err
	}
	bindValue, valueName, err := compile(valueType)
	if err != nil {
		return nil, "", err
	}
	return func(vector bindings.Vector) reader {
		entries := bindings.ListVectorGetChild(vector)
		pair := bindChildren(entries, []binder{bindKey, bindValue}, 0)
		return fixed(func(entry listEntry) any {
			m := make(result.Map, entry.length)
			for i := range m {
				row := int(entry.offset) + i
				m[i] = result.Entry{Key: pair[0](row), Value: pair[1](row)}
			}
			return m
		})(vector)
	}, "MAP(" + keyName + ", " + valueName + ")", nil
}

// compileUnion reads the member that is set; a union is stored as a struct
// whose first field selects the member.
func compileUnion(t bindings.LogicalType) (binder, string, error) {
	binders := make([]binder, bindings.UnionTypeMemberCount(t))
	for i := range binders {
		member := bindings.UnionTypeMemberType(t, bindings.IdxT(i))
		bind, _, err := compile(member)
		bindings.DestroyLogicalType(&member)
		if err != nil {
			return nil, "", err
		}
		binders[i] = bind
	}
	return func(vector bindings.Vector) reader {
		tag := fixed(func(v uint8) any { return v })(bindings.StructVectorGetChild(vector, 0))
		members := bindChildren(vector, binders, 1)
		return func(row int) any {
			chosen, set := tag(row).(uint8)
			if !set {
				return nil
			}
			return members[chosen](row)
		}
	}, "UNION", nil
}
