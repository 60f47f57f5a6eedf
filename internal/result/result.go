// Package result is the answer of a query, from any engine: named columns, and rows of
// typed values read one at a time.
//
// Engines produce a Reader; renderers consume it. Neither knows the other.
package result

import (
	"io"
	"math/big"
	"time"
)

// Column is one column of a result.
type Column struct {
	Name string
	Type string // the engine's own name of the type, for people
}

// Reader returns the rows of a result in order. It is used by one goroutine.
type Reader interface {
	Columns() []Column
	// Next returns the next row, or io.EOF after the last one. The slice is
	// reused by the following call; the values in it are not.
	Next() ([]any, error)
	// Close releases what the query holds. It may be called before the last row.
	Close() error
}

// The values of a row are nil for SQL NULL, bool, int64, uint64, *big.Int,
// float32, float64, string, []byte, []any for a list or array, and the types below.
type (
	// JSON is a valid JSON text, to be passed on unchanged.
	JSON string

	// Timestamp is a time, in UTC or with the offset of another zone.
	Timestamp struct{ time.Time }

	// Date is a calendar day; only year, month and day count.
	Date struct{ time.Time }

	// Literal is a value that has one textual form only, such as an
	// interval, a time of day, a UUID or an infinite timestamp.
	Literal string

	// Struct is a record with named fields in the order of its type.
	Struct []Field

	// Map holds entries in the order the engine returns them; its keys are any value.
	Map []Entry
)

// Field is one member of a Struct.
type Field struct {
	Name  string
	Value any
}

// Entry is one member of a Map.
type Entry struct{ Key, Value any }

// Decimal is the exact number Unscaled / 10^Scale.
type Decimal struct {
	Unscaled *big.Int
	Scale    int
}

// String writes the number with exactly Scale digits after the point.
func (d Decimal) String() string {
	if d.Scale == 0 {
		return d.Unscaled.String()
	}
	digits := new(big.Int).Abs(d.Unscaled).String()
	for len(digits) <= d.Scale {
		digits = "0" + digits
	}
	point := len(digits) - d.Scale
	text := digits[:point] + "." + digits[point:]
	if d.Unscaled.Sign() < 0 {
		text = "-" + text
	}
	return text
}

// Of returns a Reader of rows held in memory.
func Of(columns []Column, rows ...[]any) Reader { return &inMemory{columns, rows} }

type inMemory struct {
	columns []Column
	rows    [][]any
}

func (m *inMemory) Columns() []Column { return m.columns }

func (m *inMemory) Next() ([]any, error) {
	if len(m.rows) == 0 {
		return nil, io.EOF
	}
	row := m.rows[0]
	m.rows = m.rows[1:]
	return row, nil
}

func (m *inMemory) Close() error { return nil }
