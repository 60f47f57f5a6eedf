// Package trino translates Trino's SQL, which Athena uses, to DuckDB's.
//
// It works on tokens: syntax that differs is replaced in place, and functions
// that differ become macros, which hide DuckDB's functions of the same name on
// one connection. The rest, nearly everything, is unchanged.
package trino

import (
	"fmt"
	"slices"
	"strings"
)

// Translation is a statement in DuckDB's SQL.
type Translation struct {
	SQL       string
	functions []string // names of macros
	zoned     bool     // some of them work on times in zones
	edits     []edit
}

// edit replaces a part of the original.
type edit struct {
	start, end int
	with       string
}

// Position returns the position in the original of an offset in the
// translation.
func (t Translation) Position(at int) int {
	moved := 0
	for _, e := range t.edits {
		if e.start+moved >= at {
			break
		}
		moved += len(e.with) - (e.end - e.start)
		if at < e.end+moved {
			return e.start
		}
	}
	return at - moved
}

// Refusal is the error for a part of a statement that cannot be translated.
type Refusal struct {
	Position int
	Message  string
}

func (r *Refusal) Error() string { return r.Message }

// Translate translates a statement to DuckDB's SQL, or returns a [*Refusal].
func Translate(sql string) (Translation, error) {
	r := &rewriter{sql: sql}
	r.run()
	if r.refusal != nil {
		return Translation{}, r.refusal
	}
	t := Translation{functions: r.functions, zoned: r.zoned}
	t.SQL, t.edits = apply(sql, r.edits)
	return t, nil
}

func (r *rewriter) run() {
	r.tokens = scan(r.sql)
	r.zoned = r.zoned || inZones(r.tokens)
	for at := range r.tokens {
		r.visit(at)
	}
}

// apply applies the edits, and returns those applied: an edit inside another
// one is dropped.
func apply(sql string, edits []edit) (string, []edit) {
	slices.SortStableFunc(edits, func(a, b edit) int {
		if a.start != b.start {
			return a.start - b.start
		}
		// Insertions come first, then the longest replacements.
		if a.start == a.end || b.start == b.end {
			return (a.end - a.start) - (b.end - b.start)
		}
		return b.end - a.end
	})
	var b strings.Builder
	var made []edit
	at := 0
	for _, e := range edits {
		if e.start < at {
			continue
		}
		b.WriteString(sql[at:e.start] + e.with)
		at = e.end
		made = append(made, e)
	}
	b.WriteString(sql[at:])
	return b.String(), made
}

type rewriter struct {
	sql       string
	tokens    []token
	edits     []edit
	functions []string
	refusal   *Refusal
	closed    map[int]int // see matching
	zoned     bool        // the statement has times in zones
	zone      string      // of times that are kept as a whole
	depth     int         // number of enclosing calls of reduce
}

// token returns the token at an index, or an empty one beyond the ends.
func (r *rewriter) token(at int) token {
	if at < 0 || at >= len(r.tokens) {
		return token{kind: other, start: len(r.sql), end: len(r.sql)}
	}
	return r.tokens[at]
}

// replace replaces the tokens from first to last.
func (r *rewriter) replace(first, last int, with string) {
	r.edits = append(r.edits, edit{r.token(first).start, r.token(last).end, with})
}

func (r *rewriter) need(functions ...string) { r.functions = append(r.functions, functions...) }

func (r *rewriter) refuse(at int, format string, args ...any) {
	if r.refusal == nil {
		r.refusal = &Refusal{r.token(at).start, fmt.Sprintf(format, args...)}
	}
}

// visit translates the syntax that starts at a token.
func (r *rewriter) visit(at int) {
	t, next := r.token(at), r.token(at+1)
	called := next.is("(") && t.kind == word && !r.token(at-1).is(".") && r.closing(at+1) < len(r.tokens)
	switch {
	case t.is("/"), t.is("%"):
		r.need(t.name)
	case r.catalog(at):
	case t.is("CAST") && called, t.is("TRY_CAST") && called:
		r.cast(at)
	case t.is("IPADDRESS") && next.kind == text:
		r.need("trino_ip")
		r.replace(at, at+1, "trino_ip("+next.name+")")
	case t.is("TIMESTAMP") && next.kind == text && hasZone(next.name):
		r.replace(at, at, "TIMESTAMPTZ")
	case t.is("TABLESAMPLE"):
		r.sample(at)
	case t.is("UNNEST") && called:
		r.unnest(at)
	case t.is("AT") && next.is("TIME") && r.token(at+2).is("ZONE"):
		r.atTimeZone(at)
	case (t.is("+") || t.is("-")) && next.is("INTERVAL"):
		r.dayArithmetic(at)
	case called:
		r.call(at, strings.ToLower(t.name))
	}
}

// catalog removes the names of Athena's catalog and database before a table.
func (r *rewriter) catalog(at int) bool {
	start := at
	if r.token(at - 1).is(".") {
		return false
	}
	if r.token(at).named("awsdatacatalog") && r.token(at+1).is(".") {
		at += 2
	}
	if !r.token(at).named("default") || !r.token(at+1).is(".") {
		return false
	}
	r.replace(start, at+1, "")
	return true
}

// hasZone reports whether a time literal ends with a zone.
func hasZone(literal string) bool {
	value := strings.TrimRight(strings.Trim(literal, "'"), " ")
	if value == "" {
		return false
	}
	last := value[len(value)-1]
	_, clock, _ := strings.Cut(value, ":")
	return isLetter(last) || strings.ContainsAny(clock, "+-")
}

// sample turns the size of a sample into a percentage of rows, as in DuckDB.
func (r *rewriter) sample(at int) {
	if !r.token(at + 2).is("(") {
		return
	}
	if end := r.closing(at + 2); end < len(r.tokens) && !r.token(end-1).is("PERCENT") {
		r.edits = append(r.edits, edit{r.token(end).start, r.token(end).start, " PERCENT"})
	}
}

// dayArithmetic keeps the type date when days are added to a date.
func (r *rewriter) dayArithmetic(at int) {
	first := at - 1
	if r.token(first).kind == text && r.token(first-1).is("DATE") {
		first--
	} else if !r.token(first).is("current_date") {
		return
	}
	if r.token(at+2).kind != text {
		return
	}
	r.edits = append(r.edits, edit{r.token(first).start, r.token(first).start, "CAST("})
	end := r.token(at + 3).end
	r.edits = append(r.edits, edit{end, end, " AS DATE)"})
}

// closing returns the index of the parenthesis that closes the one at an index,
// or the index of the end.
func (r *rewriter) closing(at int) int {
	if end, found := r.matched()[at]; found {
		return end
	}
	return len(r.tokens)
}

func (r *rewriter) matched() map[int]int {
	if r.closed == nil {
		r.closed = matching(r.tokens)
	}
	return r.closed
}

// matching maps the indexes of opening parentheses and brackets to their
// closing ones.
func matching(tokens []token) map[int]int {
	closed := map[int]int{}
	var open []int
	for i, t := range tokens {
		switch {
		case t.is("("), t.is("["):
			open = append(open, i)
		case (t.is(")") || t.is("]")) && len(open) > 0:
			closed[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	return closed
}

// commas returns the indexes of the commas between the arguments of a call
// whose parenthesis is at an index, and the index of the closing parenthesis.
func (r *rewriter) commas(at int) (commas []int, end int) {
	end = r.closing(at)
	for i := at + 1; i < end; i++ {
		switch t := r.tokens[i]; {
		case t.is("("), t.is("["):
			i = r.closing(i)
		case t.is(","):
			commas = append(commas, i)
		}
	}
	return commas, end
}

// Names reports whether a statement reads a table of this name: the name is in
// a FROM clause, and is not that of a common table expression.
func Names(sql, table string) bool {
	r := &rewriter{sql: sql, tokens: scan(sql)}
	from, found := false, false
	for i, t := range r.tokens {
		switch {
		case t.is("FROM"), t.is("JOIN"), t.is("TABLE"), t.is("DESCRIBE"), t.is("SUMMARIZE"), t.is("PIVOT"), t.is("SHOW"):
			from = true
		case t.is("WHERE"), t.is("SELECT"), t.is("GROUP"), t.is("ORDER"), t.is("ON"), t.is("USING"), t.is("LIMIT"):
			from = false
		case !t.named(table):
		case r.token(i+1).is("AS") && r.token(i+2).is("("):
			return false
		case from && (!r.token(i+1).is(".") || r.token(i+2).kind == other):
			previous := r.token(i - 1)
			found = found || !previous.is(")") && !previous.is("AS") && (previous.kind != word || isReserved(previous.name))
			found = found || previous.is(".")
		}
	}
	return found
}

// isReserved reports whether a word before a name is no name that it would be
// the alias of.
func isReserved(name string) bool {
	return slices.Contains([]string{"FROM", "JOIN", "TABLE", "DESCRIBE", "SUMMARIZE", "PIVOT", "SHOW", "LATERAL"}, strings.ToUpper(name))
}
