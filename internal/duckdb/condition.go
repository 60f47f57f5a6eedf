package duckdb

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/predicate"
)

// Dialect writes searches of records in DuckDB's SQL, over the stored columns of
// a lake. A member of a record is searched where the lake stores it: a string in
// its own column, an object in a JSON column, and what a column cannot hold in
// extra.
type Dialect struct{}

// Records returns the statement for the stored columns of the rows that the
// clauses select, such as "WHERE event_name = $name ORDER BY event_time". The
// clauses can use these columns, year, month and day, and those columns of the
// view events that are derived.
func (Dialect) Records(clauses string) engine.Statement {
	from := "lake.rows"
	if usesDerived(clauses) {
		from = "lake.derived"
	}
	var names []string
	for _, c := range lake.RecordColumns() {
		names = append(names, c.Name)
	}
	sql := "SELECT " + strings.Join(names, ", ") + " FROM " + from + " " + clauses
	return engine.Statement{SQL: sql, Dialect: engine.DuckDB}
}

// maxEach is the maximum number of steps of a path to each member or element.
// Every such step doubles the condition.
const maxEach = 3

// Where returns the condition that some value at the path passes the test.
func (Dialect) Where(path predicate.Path, test predicate.Test) (string, error) {
	steps := path.Steps()
	switch {
	case len(steps) == 0 || steps[0].Kind == predicate.Element:
		return "false", nil // a record is no value and no array
	case steps[0].Kind == predicate.Each || steps[0].Name == lake.RecordMember:
		return "", errNoColumn(path)
	}
	if err := expressible(path, test); err != nil {
		return "", err
	}
	f, column, held := columnOf(steps)
	switch {
	case held && column.Kind == lake.JSON && len(steps) > 1:
		return within(column.Name, steps[1:], test)
	case !held || len(steps) > 1:
		return within("extra", steps, test)
	}
	extra, err := jsonPath(steps, 0)
	if err != nil {
		return "", err
	}
	m := memberColumn{f, column.Name, jsonAt{"extra", extra}}
	return m.where(column.Kind, test), nil
}

// Some returns the condition that the inner one is true of some value at the path.
func (Dialect) Some(path predicate.Path, inner func(predicate.Dialect) (string, error)) (string, error) {
	steps := path.Steps()
	if len(steps) == 0 || steps[0].Kind == predicate.Element {
		return "false", nil
	}
	_, column, held := columnOf(steps)
	switch {
	case steps[0].Kind == predicate.Each || steps[0].Name == lake.RecordMember || held && len(steps) == 1:
		return "", errNoColumn(path)
	case held && column.Kind == lake.JSON:
		return jsonValue{column.Name, 0}.some(steps[1:], inner)
	}
	return jsonValue{"extra", 0}.some(steps, inner)
}

func errNoColumn(path predicate.Path) error {
	return fmt.Errorf("write condition on %q as SQL: no column has it", path)
}

// expressible returns an error if no SQL asks the test.
func expressible(path predicate.Path, test predicate.Test) error {
	switch {
	case test.Op == predicate.OpWithin && !test.Network.Addr().Is4():
		return fmt.Errorf("write condition on %q as SQL: network %q is not one of IPv4", path, test.Network)
	case math.IsNaN(test.Number):
		return fmt.Errorf("write condition on %q as SQL: it compares to what is no number", path)
	}
	return nil
}

// columnOf returns the documented member that a path begins with, and its column.
func columnOf(steps []predicate.Step) (f event.Field, c lake.Column, held bool) {
	f, documented := event.FieldNamed(steps[0].Name)
	if documented {
		c, held = lake.ColumnOf(f)
	}
	return f, c, held
}

// jsonValue is a dialect for conditions on one JSON value, the result of an SQL
// expression.
type jsonValue struct {
	expression string
	depth      int // number of the values that it is inside of, to name its variables
}

// Where returns the condition that some value at the path passes the test.
func (v jsonValue) Where(path predicate.Path, test predicate.Test) (string, error) {
	if err := expressible(path, test); err != nil {
		return "", err
	}
	return within(v.expression, path.Steps(), test)
}

// Some returns the condition that the inner one is true of some value at the path.
func (v jsonValue) Some(path predicate.Path, inner func(predicate.Dialect) (string, error)) (string, error) {
	return v.some(path.Steps(), inner)
}

func (v jsonValue) some(steps []predicate.Step, inner func(predicate.Dialect) (string, error)) (string, error) {
	return atEach(v.expression, steps, fmt.Sprintf("x%d", v.depth), func(value jsonAt) (string, error) {
		if value.path == "$" {
			return inner(jsonValue{value.column, v.depth + 1})
		}
		one := jsonValue{"json_extract(" + value.column + ", " + quote(value.path) + ")", v.depth + 1}
		condition, err := inner(one)
		return value.exists() + " AND (" + condition + ")", err
	})
}

// within returns the condition that a value at the steps below a JSON column
// passes.
func within(column string, steps []predicate.Step, test predicate.Test) (string, error) {
	return atEach(column, steps, "x", func(value jsonAt) (string, error) { return value.where(test), nil })
}

// atEach returns the condition that asked is true of a value at the steps below a
// JSON column. It names a value out of several by variable.
func atEach(column string, steps []predicate.Step, variable string, asked func(jsonAt) (string, error)) (string, error) {
	each := 0
	for _, s := range steps {
		if s.Kind == predicate.Each {
			each++
		}
	}
	if each > maxEach {
		return "", fmt.Errorf("write condition as SQL: more than %d wildcards in a path", maxEach)
	}
	if each == 0 {
		path, err := jsonPath(steps, 0)
		if err != nil {
			return "", err
		}
		return asked(jsonAt{column, path})
	}
	condition, err := asked(jsonAt{variable, "$"})
	if err != nil {
		return "", err
	}
	var variants []string
	for variant := range 1 << each {
		path, err := jsonPath(steps, variant)
		if err != nil {
			return "", err
		}
		variants = append(variants, fmt.Sprintf("len(list_filter(json_extract(%s, %s), lambda %s: %s)) > 0",
			column, quote(path), variable, condition))
	}
	return strings.Join(variants, " OR "), nil
}

// jsonPath returns steps as a DuckDB path. The bits of variant, from the lowest
// on, select for each step to each whether it means members or elements.
func jsonPath(steps []predicate.Step, variant int) (string, error) {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range steps {
		switch {
		case s.Kind == predicate.Element:
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		case s.Kind == predicate.Member && (s.Name == "" || strings.ContainsAny(s.Name, "\"\\\x00")):
			return "", fmt.Errorf("write condition as SQL: the name %q cannot stand in a path", s.Name)
		case s.Kind == predicate.Member:
			b.WriteString(`."` + s.Name + `"`)
		default:
			b.WriteString([]string{"[*]", ".*"}[variant&1])
			variant >>= 1
		}
	}
	return b.String(), nil
}

// memberColumn is a documented member of the record that has a column.
type memberColumn struct {
	field  event.Field
	column string
	extra  jsonAt // its position in extra, when its column cannot hold it
}

// where returns the condition that the member passes a test.
func (m memberColumn) where(kind lake.Kind, test predicate.Test) string {
	condition := ""
	switch kind {
	case lake.JSON:
		condition = jsonAt{m.column, "$"}.where(test)
	case lake.Text:
		condition = m.textWhere(test)
	default:
		condition = fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", m.extra.exists(), m.extra.where(test), m.ownWhere(kind, test))
	}
	if passesNull(test) {
		condition = "(" + condition + ") OR " + m.isNull()
	}
	return condition
}

func passesNull(test predicate.Test) bool {
	switch test.Op {
	case predicate.OpExists, predicate.OpNull:
		return !test.Negated
	case predicate.OpTrue, predicate.OpFalse:
		return test.Negated
	}
	return false
}

// isNull returns the condition that the member is present with the value null.
func (m memberColumn) isNull() string {
	is := fmt.Sprintf("explicit_nulls & %d <> 0", uint64(1)<<m.field)
	if m.field == event.EventID {
		is += " AND event_id IS NULL" // or else an aggregated event has the other id
	}
	return is
}

// textWhere is where for a member whose column holds a string, or the text of a
// number.
func (m memberColumn) textWhere(test predicate.Test) string {
	switch test.Op {
	case predicate.OpNumberEqual, predicate.OpLess, predicate.OpAtMost, predicate.OpMore, predicate.OpAtLeast,
		predicate.OpTrue, predicate.OpFalse, predicate.OpNull:
		return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", m.inExtra(), m.extra.where(test), textWhere(m.column, test))
	case predicate.OpExists:
		return fmt.Sprintf("(%s) OR (%s)", textWhere(m.column, test), m.extra.where(test))
	}
	condition := "(" + textWhere(m.column, test) + ")"
	for _, value := range []string{"true", "false"} {
		if test.Fits(value) { // which the column does not hold
			condition += fmt.Sprintf(" OR %s = 'BOOLEAN' AND %s = '%s'", m.extra.kind(), m.extra.text(), value)
		}
	}
	return condition
}

// inExtra returns the condition that the member is in extra, and is not the
// eventID of a record that is identified otherwise.
func (m memberColumn) inExtra() string {
	if m.field == event.EventID {
		return m.extra.exists() + " AND json_type(extra, '$.\"eventId\"') IS DISTINCT FROM 'VARCHAR'"
	}
	return m.extra.exists()
}

// ownWhere is where for booleans and the time, which have their own column
// types.
func (m memberColumn) ownWhere(kind lake.Kind, test predicate.Test) string {
	if kind == lake.Timestamp {
		return textWhere(fmt.Sprintf("CASE WHEN coalesce(%s, false) OR json_exists(extra, '$.\"timeWindow\"') IS TRUE THEN NULL "+
			"ELSE strftime(event_time, '%%Y-%%m-%%dT%%H:%%M:%%SZ') END", m.isNull()), test)
	}
	switch test.Op {
	case predicate.OpTrue, predicate.OpFalse:
		is := fmt.Sprintf("%s = %t", m.column, test.Op == predicate.OpTrue)
		return unless(test.Negated, is, m.column+" IS NOT NULL")
	}
	return textWhere("CAST("+m.column+" AS VARCHAR)", test)
}
