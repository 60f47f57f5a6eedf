package trino

import "fmt"

// deepest is the maximum nesting of calls of reduce: each call doubles the text
// inside it.
const deepest = 3

// reduce writes reduce(list, start, (s, x) -> step, s -> result). DuckDB's
// list_reduce wants a state of the type of the elements, so its elements are
// rows of a state s and an element x; the first has the start, and no element.
// A step that is never taken gives the state its type.
func (r *rewriter) reduce(at int, commas []int, end int) {
	state, element, body, plain := r.step(commas[1]+1, commas[2])
	if !plain || r.depth == deepest {
		r.refuse(at, "reduce is supported with a step that is written as (state, element) -> expression, and %d deep", deepest)
		return
	}
	list, start := r.part(at+2, commas[0]), r.part(commas[0]+1, commas[1])
	step, last := r.part(body, commas[2]), r.part(commas[2]+1, end)
	r.replace(at, end, fmt.Sprintf("CASE WHEN (%s) IS NOT NULL THEN list_transform([list_reduce("+
		"list_transform(list_prepend(NULL, %s), lambda %s: {'s': CASE WHEN false THEN list_transform([%s], lambda %s: %s)[1] ELSE %s END, 'x': %s}), "+
		"lambda trino_a, trino_b: {'s': list_transform([trino_a.s], lambda %s: list_transform([trino_b.x], lambda %s: %s)[1])[1], 'x': trino_b.x}).s], %s)[1] END",
		list, list, element, start, state, step, start, element, state, element, step, last))
}

// step parses the names before the arrow of a step, and returns the start of
// its body.
func (r *rewriter) step(at, end int) (state, element string, body int, plain bool) {
	s, x := r.token(at+1), r.token(at+3)
	plain = r.token(at).is("(") && s.kind == word && r.token(at+2).is(",") && x.kind == word && r.token(at+4).is(")") &&
		r.token(at+5).is("-") && r.token(at+6).is(">") && at+7 < end
	return s.name, x.name, at + 7, plain
}

// part translates the tokens from one up to another.
func (r *rewriter) part(from, to int) string {
	if from >= to {
		return ""
	}
	inner := &rewriter{sql: r.sql[r.token(from).start:r.token(to-1).end], zoned: r.zoned, zone: r.zone, depth: r.depth + 1}
	inner.run()
	if inner.refusal != nil {
		r.refuse(from, "%s", inner.refusal.Message)
	}
	r.zone = inner.zone
	r.need(inner.functions...)
	sql, _ := apply(inner.sql, inner.edits)
	return sql
}
