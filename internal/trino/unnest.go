package trino

import "strings"

// spread is UNNEST of a value whose elements have fields, which become columns:
// UNNEST(list) WITH ORDINALITY AS t(a, b, n).
type spread struct {
	entries     string   // the function that converts a map to a list
	fields      []string // of the elements
	names       []string // names of the columns, as written
	numbered    bool     // WITH ORDINALITY adds a column
	open, close int      // indexes of the parentheses of the names; 0 without any
}

// unnest spreads the fields of the rows of resources over columns, and a map
// over its key and value, as Trino does.
func (r *rewriter) unnest(at int) {
	commas, end := r.commas(at + 1)
	if len(commas) > 0 {
		return
	}
	next, numbered := r.words(end+1, "WITH", "ORDINALITY")
	s := spread{numbered: numbered}
	named := r.names(&s, next)
	switch {
	case r.token(end - 1).named("resources"):
		s.fields = []string{"arn", "accountid", "type"}
	case named:
		s.fields, s.entries = []string{"key", "value"}, "map_entries"
	}
	if !named && !s.numbered && s.fields != nil {
		s.names = s.fields
	}
	columns := len(s.fields)
	if s.numbered {
		columns++
	}
	if s.fields == nil || len(s.names) != columns {
		return // a list of values, or one column for the whole element
	}
	before, after := s.sql()
	r.replace(at, at+1, before+s.entries+"(")
	r.replace(end, next-1, ")"+after)
	if s.open > 0 {
		r.edits = append(r.edits, edit{r.token(s.open).start, r.token(s.close).end, ""})
	}
}

// names reads the names of the columns behind the alias of a table.
func (r *rewriter) names(s *spread, at int) bool {
	if r.token(at).is("AS") {
		at++
	}
	if r.token(at).kind != word && r.token(at).kind != quoted || !r.token(at+1).is("(") {
		return false
	}
	commas, end := r.commas(at + 1)
	if end == len(r.tokens) {
		return false
	}
	s.open, s.close = at+1, end
	first := at + 2
	for _, comma := range append(commas, end) {
		s.names = append(s.names, r.sql[r.token(first).start:r.token(comma-1).end])
		first = comma + 1
	}
	return true
}

// sql returns the text before and after the list, which is unchanged.
func (s spread) sql() (before, after string) {
	columns := make([]string, len(s.names))
	for i, name := range s.names {
		columns[i] = "n AS " + name
		if i < len(s.fields) {
			columns[i] = `u."` + s.fields[i] + `" AS ` + name
		}
	}
	before = "LATERAL (SELECT " + strings.Join(columns, ", ") + " FROM (SELECT unnest("
	if s.numbered {
		return before + "list) AS u, generate_subscripts(list, 1) AS n FROM (SELECT ", " AS list)))"
	}
	return before, ") AS u))"
}
