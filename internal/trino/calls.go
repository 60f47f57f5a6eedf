package trino

import (
	"slices"
	"strings"
)

// renamed maps functions to their names in DuckDB.
func renamed() map[string]string {
	return map[string]string{
		"arbitrary": "any_value", "approx_percentile": "quantile_disc", "transform": "list_transform",
		"from_utf8": "decode", "to_utf8": "encode", "format": "printf",
		"regexp_split": "regexp_split_to_array", "codepoint": "unicode", "every": "bool_and", "array_sort": "list_sort",
		"year_of_week": "isoyear", "yow": "isoyear", "rand": "random", "truncate": "trunc", "is_nan": "isnan",
		"hamming_distance": "hamming", "levenshtein_distance": "levenshtein",
	}
}

// unlike lists functions that both have with different results.
func unlike() []string {
	return []string{"zip", "log", "typeof", "json_value", "json_exists", "skewness", "kurtosis", "to_milliseconds", "timezone"}
}

// call translates the call of a function.
func (r *rewriter) call(at int, name string) {
	commas, end := r.commas(at + 1)
	switch {
	case name == "approx_distinct":
		r.edits = append(r.edits, edit{r.token(at).start, r.token(at + 1).end, "count(DISTINCT "})
		if len(commas) > 0 {
			r.replace(commas[0], end-1, "")
		}
	case name == "concat":
		r.replace(at, at, "")
		r.replace(at+1, at+1, "((")
		for _, comma := range commas {
			r.replace(comma, comma, ") || (")
		}
		r.replace(end, end, "))")
	case name == "any_match", name == "all_match", name == "none_match":
		macro := "trino_" + strings.TrimSuffix(name, "_match")
		r.need(macro)
		r.replace(at, at, macro+"(list_transform")
		r.replace(end, end, "))")
	case name == "greatest", name == "least":
		r.need("trino_" + name)
		r.replace(at, at+1, "trino_"+name+"([")
		r.replace(end, end, "])")
	case name == "concat_ws" && len(commas) == 1:
		r.need("trino_concat_ws")
		r.replace(at, at, "trino_concat_ws")
	case name == "contains" && len(commas) == 1 && (commas[0] == at+3 && isNetwork(r.token(at+2)) || r.mentions(commas[0], end, "IPADDRESS")):
		r.need("trino_in_cidr")
		r.replace(at, at, "trino_in_cidr")
	case name == "if" && len(commas) == 1:
		r.replace(end, end, ", NULL)")
	case name == "listagg":
		r.within(end)
	case name == "extract" && r.token(at+3).is("FROM"):
		r.extract(at, end)
	case name == "at_timezone", name == "with_timezone":
		r.zoneCall(at, name, commas, end)
	case r.zoned && name == "date": // DuckDB parses it as a cast
		r.need("trino_date")
		r.replace(at, at, "trino_date")
	case r.zoned && (name == "date_trunc" || name == "date_add") && len(commas) > 0 && r.zonedArgument(commas[len(commas)-1]+1, end):
		macro := "trino_zoned_" + strings.TrimPrefix(name, "date_")
		r.need(macro)
		r.replace(at, at, macro)
	case name == "reduce" && len(commas) == 3:
		r.reduce(at, commas, end)
	case slices.Contains(unlike(), name):
		r.refuse(at, "function %s of Trino is not supported: DuckDB's gives other values", name)
	case name == "to_iso8601":
		r.exact(at+1, end)
		r.need(name)
	case renamed()[name] != "":
		r.replace(at, at, renamed()[name])
	default:
		r.need(name)
	}
}

// fields maps the fields of EXTRACT that have other names in DuckDB, or other
// values.
func fields() map[string]string {
	return map[string]string{
		"day_of_week": "isodow", "dow": "isodow", "day_of_month": "day", "day_of_year": "doy", "year_of_week": "isoyear", "yow": "isoyear",
	}
}

// extract translates EXTRACT(field FROM time).
func (r *rewriter) extract(at, end int) {
	name := strings.ToLower(r.token(at + 2).name)
	if strings.HasPrefix(name, "timezone_") {
		r.refuse(at, "EXTRACT of %s is not supported: timezone_hour and timezone_minute are", name)
	}
	if field := fields()[name]; field != "" {
		r.replace(at+2, at+2, field)
	}
	if r.zoned {
		r.need("trino_clock")
		r.replace(at+3, at+3, "FROM trino_clock(")
		r.replace(end, end, "))")
	}
}

// within moves the ORDER BY of WITHIN GROUP into the parentheses of an
// aggregate.
func (r *rewriter) within(end int) {
	at, ordered := r.words(end+1, "WITHIN", "GROUP", "(")
	if last := r.closing(at - 1); ordered && last < len(r.tokens) {
		r.replace(end, at-1, " ")
	}
}

// isNetwork reports whether a token is a literal like '10.0.0.0/8'.
func isNetwork(t token) bool { return t.kind == text && strings.Contains(t.name, "/") }

func (r *rewriter) mentions(from, to int, name string) bool {
	for i := from; i < to; i++ {
		if r.token(i).is(name) {
			return true
		}
	}
	return false
}

// cast translates CAST(value AS type).
func (r *rewriter) cast(at int) {
	end := r.closing(at + 1)
	as := -1
	for i := at + 2; i < end; i++ {
		switch t := r.tokens[i]; {
		case t.is("("), t.is("["):
			i = r.closing(i)
		case t.is("AS"):
			as = i
		}
	}
	if as < 0 || as+1 >= end {
		return
	}
	attempt := ""
	if r.token(at).is("TRY_CAST") {
		attempt = "TRY"
	}
	function := func(name string) {
		r.need(name)
		before, after := name, ""
		if attempt != "" {
			before, after = "TRY("+name, ")"
		}
		r.replace(at, at, before)
		r.replace(as, end, ")"+after)
	}
	switch t := r.token(as + 1); {
	case t.is("VARCHAR") && as+2 == end:
		r.exact(at+1, as)
		function("trino_varchar")
	case t.is("VARCHAR") && r.token(as+2).is("("):
		function("trino_varchar_of")
		r.edits[len(r.edits)-1].with = ", " + r.token(as+3).name + r.edits[len(r.edits)-1].with
	case (t.is("INTEGER") || t.is("INT")) && as+2 == end:
		function("trino_integer")
	case t.is("BIGINT") && as+2 == end:
		function("trino_bigint")
	case t.is("IPADDRESS"):
		function("trino_ip")
	case r.zoned && (t.is("JSON") || t.is("TIMESTAMP") && r.token(as+2).is("WITH")):
		r.refuse(at, "CAST AS %s is not supported in a statement with times in zones", r.sql[t.start:r.token(end-1).end])
	case t.is("JSON"):
		function("to_json")
	case r.zoned && (t.is("DATE") || t.is("TIMESTAMP")):
		r.need("trino_clock")
		r.replace(at+1, at+1, "(trino_clock(")
		r.replace(as, as, ") AS")
	default:
		r.edits = append(r.edits, edit{t.start, r.token(end - 1).end, r.typeName(as+1, end-1)})
	}
}

// exact keeps the precision of a time literal that is the only token between
// two: Trino prints it.
func (r *rewriter) exact(before, after int) {
	literal := r.token(before + 2)
	if !r.token(before+1).is("TIMESTAMP") || before+3 != after || hasZone(literal.name) || strings.Contains(literal.name, ".") {
		return
	}
	r.replace(before+1, before+1, "TIMESTAMP_S")
}

// typeName returns the type in the tokens from first to last: DuckDB writes the
// element type of an array first.
func (r *rewriter) typeName(first, last int) string {
	var b strings.Builder
	for i := first; i <= last; i++ {
		t := r.token(i)
		if open := r.token(i + 1); t.is("ARRAY") && (open.is("(") || open.is("<")) {
			end := r.typeEnd(i + 1)
			b.WriteString(r.typeName(i+2, end-1) + "[]")
			i = end
			continue
		}
		if t.is("IPADDRESS") {
			r.refuse(i, "type IPADDRESS is not supported inside of other types")
		}
		b.WriteString(r.sql[t.start:t.end])
		if next := r.token(i + 1); i < last && !t.is("(") && !next.is("(") && !next.is(",") && !next.is(")") {
			b.WriteString(" ")
		}
	}
	return b.String()
}

func (r *rewriter) typeEnd(at int) int {
	depth := 0
	for i := at; i < len(r.tokens); i++ {
		switch t := r.tokens[i]; {
		case t.is("("), t.is("<"):
			depth++
		case t.is(")"), t.is(">"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(r.tokens)
}
