package duckdb

import (
	"fmt"
	"math"
	"slices"
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

// maxPaths is the maximum number of DuckDB's paths that one path is written as.
// Each of them repeats the condition.
const maxPaths = 8

// onlyElements is the part of predicate.Spread that is not the value itself.
const onlyElements predicate.StepKind = "elements"

// Where returns the condition that some value at the path passes the test.
func (Dialect) Where(path predicate.Path, test predicate.Test) (string, error) {
	steps := path.Steps()
	switch {
	case len(steps) == 0 || steps[0].Kind == predicate.Element:
		return "false", nil // a record is no value and no array
	case steps[0].Kind != predicate.Member || steps[0].Name == lake.RecordMember:
		return "", errNoColumn(path)
	}
	if err := expressible(path, test); err != nil {
		return "", err
	}
	return whereBelow(path, steps, test)
}

// whereBelow is Where for a path that begins with a member.
func whereBelow(path predicate.Path, steps []predicate.Step, test predicate.Test) (string, error) {
	if len(steps) > 1 && steps[1].Kind == predicate.Spread {
		// The member itself is not only where its elements are.
		itself, err := whereBelow(path, slices.Delete(slices.Clone(steps), 1, 2), test)
		if err != nil {
			return "", err
		}
		inside := slices.Clone(steps)
		inside[1].Kind = onlyElements
		each, err := whereBelow(path, inside, test)
		return "(" + itself + ") OR " + each, err
	}
	f, column, held := columnOf(steps)
	switch {
	case held && column.Kind == lake.JSON && len(steps) > 1:
		return within(column.Name, steps[1:], test)
	case !held || len(steps) > 1:
		return within("extra", steps, test)
	}
	extra, err := jsonPath(steps)
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
	case steps[0].Kind != predicate.Member || steps[0].Name == lake.RecordMember || held && len(steps) == 1,
		len(steps) > 1 && steps[1].Kind == predicate.Spread:
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
	case test.Op == predicate.OpTimePart:
		return fmt.Errorf("write condition on %q as SQL: it asks for a part of a time", path)
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
	variable := fmt.Sprintf("x%d", v.depth)
	return atEach(v.expression, steps, variable, func(value jsonAt) (string, error) {
		if value.column == variable {
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
	paths, err := jsonPaths(steps)
	if err != nil {
		return "", err
	}
	conditions := make([]string, len(paths))
	for i, path := range paths {
		at := jsonAt{column, path.text}
		if path.several {
			at = jsonAt{variable, "$"}
		}
		condition, err := asked(at)
		if err != nil {
			return "", err
		}
		if path.several {
			condition = fmt.Sprintf("len(list_filter(json_extract(%s, %s), lambda %s: %s)) > 0", column, quote(path.text), variable, condition)
		}
		conditions[i] = condition
	}
	if len(conditions) == 1 {
		return conditions[0], nil
	}
	return "(" + strings.Join(conditions, ") OR (") + ")", nil
}

// duckPath is a path in DuckDB's syntax. It leads to several values if it has a
// wildcard.
type duckPath struct {
	text    string
	several bool
}

// jsonPaths returns the DuckDB paths to the values at steps.
func jsonPaths(steps []predicate.Step) ([]duckPath, error) {
	paths := []duckPath{{"$", false}}
	for _, s := range steps {
		ways, err := jsonSteps(s)
		if err != nil {
			return nil, err
		}
		if len(paths)*len(ways) > maxPaths {
			return nil, fmt.Errorf("write condition as SQL: a path with wildcards is more than %d paths of DuckDB", maxPaths)
		}
		var longer []duckPath
		for _, way := range ways {
			for _, path := range paths {
				longer = append(longer, duckPath{path.text + way.text, path.several || way.several})
			}
		}
		paths = longer
	}
	return paths, nil
}

// jsonSteps returns what DuckDB's paths have for a step.
func jsonSteps(s predicate.Step) ([]duckPath, error) {
	switch s.Kind {
	case predicate.Element:
		return []duckPath{{"[" + strconv.Itoa(s.Index) + "]", false}}, nil
	case predicate.Member:
		if s.Name == "" || strings.ContainsAny(s.Name, "\"\\\x00") {
			return nil, fmt.Errorf("write condition as SQL: the name %q cannot stand in a path", s.Name)
		}
		return []duckPath{{`."` + s.Name + `"`, false}}, nil
	case predicate.Each:
		return []duckPath{{"[*]", true}, {".*", true}}, nil
	case predicate.Spread:
		return []duckPath{{"", false}, {"[*]", true}}, nil
	case onlyElements:
		return []duckPath{{"[*]", true}}, nil
	}
	return nil, fmt.Errorf("write condition as SQL: no path of DuckDB has a step of kind %q", s.Kind)
}

// jsonPath returns steps without wildcards as a DuckDB path.
func jsonPath(steps []predicate.Step) (string, error) {
	paths, err := jsonPaths(steps)
	if err != nil {
		return "", err
	}
	return paths[0].text, nil
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
