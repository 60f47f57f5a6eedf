package duckdb

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/predicate"
)

// jsonAt is the JSON value at a DuckDB path in a column.
type jsonAt struct{ column, path string }

func (v jsonAt) kind() string { return "json_type(" + v.column + ", " + quote(v.path) + ")" }
func (v jsonAt) text() string { return "json_extract_string(" + v.column + ", " + quote(v.path) + ")" }
func (v jsonAt) exists() string {
	return "json_exists(" + v.column + ", " + quote(v.path) + ")"
}

// Results of json_type.
const (
	jsonNumbers = "('UBIGINT', 'BIGINT', 'DOUBLE', 'HUGEINT', 'UHUGEINT')"
	jsonNoText  = "('OBJECT', 'ARRAY', 'NULL')"
)

// where returns the condition that the value passes a test.
func (v jsonAt) where(test predicate.Test) string {
	switch test.Op {
	case predicate.OpExists:
		if test.Negated {
			return "false"
		}
		return v.exists()
	case predicate.OpNull:
		return unless(test.Negated, v.kind()+" = 'NULL'", v.exists())
	case predicate.OpTrue, predicate.OpFalse:
		is := fmt.Sprintf("%s = 'BOOLEAN' AND %s = '%t'", v.kind(), v.text(), test.Op == predicate.OpTrue)
		return unless(test.Negated, is, v.exists())
	case predicate.OpLess, predicate.OpAtMost, predicate.OpMore, predicate.OpAtLeast:
		return unless(test.Negated, compares(v.text(), test), v.kind()+" IN "+jsonNumbers)
	case predicate.OpNumberEqual:
		is := fmt.Sprintf("(%s IN %s OR %s) AND %s OR %s", v.kind(), jsonNumbers, isDecimal(v.text()), compares(v.text(), test), globs(v.text(), test.Texts))
		return unless(test.Negated, is, v.kind()+" NOT IN "+jsonNoText)
	}
	return unless(test.Negated, fits(v.text(), test), v.kind()+" NOT IN "+jsonNoText)
}

// unless returns the condition that holds is true or, with negated, that it is
// not true; in both cases asked must be true.
func unless(negated bool, holds, asked string) string {
	if negated {
		return fmt.Sprintf("(%s) IS NOT TRUE AND %s", holds, asked)
	}
	return fmt.Sprintf("(%s) AND %s", holds, asked)
}

// textWhere returns the condition that a text, which may be NULL, passes a
// test. A text is neither a boolean nor a number.
func textWhere(text string, test predicate.Test) string {
	switch test.Op {
	case predicate.OpExists:
		return unless(false, strconv.FormatBool(!test.Negated), text+" IS NOT NULL")
	case predicate.OpNull, predicate.OpTrue, predicate.OpFalse:
		return unless(test.Negated, "false", text+" IS NOT NULL")
	case predicate.OpLess, predicate.OpAtMost, predicate.OpMore, predicate.OpAtLeast:
		return "false"
	case predicate.OpNumberEqual:
		is := fmt.Sprintf("%s AND %s OR %s", isDecimal(text), compares(text, test), globs(text, test.Texts))
		return unless(test.Negated, is, text+" IS NOT NULL")
	}
	if !test.Negated {
		return fits(text, test)
	}
	return unless(true, fits(text, test), text+" IS NOT NULL")
}

func isDecimal(text string) string {
	return "regexp_full_match(" + text + ", " + quote(predicate.DecimalPattern) + ")"
}

// compares returns the condition that a text, as a number, passes the
// comparison of the test. A number that is too large for a double never passes.
func compares(text string, test predicate.Test) string {
	op := string(test.Op)
	if test.Op == predicate.OpNumberEqual {
		op = "="
	}
	number := "TRY_CAST(" + text + " AS DOUBLE)"
	return fmt.Sprintf("isfinite(%s) AND %[1]s %s %s::DOUBLE", number, op, quote(strconv.FormatFloat(test.Number, 'g', -1, 64)))
}

// fits returns the condition that a text passes a test of texts.
func fits(text string, test predicate.Test) string {
	if test.Folded {
		text = "lower(" + text + ")"
	}
	switch test.Op {
	case predicate.OpEqual:
		return equalsAny(text, test.Texts)
	case predicate.OpPrefix:
		return anyOf(test.Texts, func(wanted string) string { return "starts_with(" + text + ", " + literal(wanted) + ")" })
	case predicate.OpSuffix:
		return anyOf(test.Texts, func(wanted string) string { return "ends_with(" + text + ", " + literal(wanted) + ")" })
	case predicate.OpContains:
		return anyOf(test.Texts, func(wanted string) string { return "contains(" + text + ", " + literal(wanted) + ")" })
	case predicate.OpGlob:
		return globs(text, test.Texts)
	case predicate.OpRegexp:
		return "regexp_matches(" + text + ", " + literal(test.Pattern.String()) + ")"
	}
	return "regexp_full_match(" + text + ", " + quote(addresses(test.Network)) + ")"
}

func globs(text string, patterns []string) string {
	return anyOf(patterns, func(pattern string) string { return text + " LIKE " + literal(like(pattern)) + ` ESCAPE '\'` })
}

func equalsAny(text string, wanted []string) string {
	if len(wanted) == 0 {
		return "false"
	}
	list := make([]string, len(wanted))
	for i, w := range wanted {
		list[i] = literal(w)
	}
	return text + " IN (" + strings.Join(list, ", ") + ")"
}

func anyOf(wanted []string, condition func(string) string) string {
	if len(wanted) == 0 {
		return "false"
	}
	list := make([]string, len(wanted))
	for i, w := range wanted {
		list[i] = condition(w)
	}
	return "(" + strings.Join(list, " OR ") + ")"
}

// literal is quote for any text: a zero byte would end the statement.
func literal(text string) string {
	if !strings.Contains(text, "\x00") {
		return quote(text)
	}
	parts := strings.Split(text, "\x00")
	for i, part := range parts {
		parts[i] = quote(part)
	}
	return "(" + strings.Join(parts, " || chr(0) || ") + ")"
}

// like translates a pattern of predicate.Glob to one of LIKE.
func like(glob string) string {
	var b strings.Builder
	escaped := false
	for _, r := range glob {
		switch {
		case escaped || r == '%' || r == '_':
			if strings.ContainsRune(`%_\`, r) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '*':
			b.WriteByte('%')
		case r == '?':
			b.WriteByte('_')
		default:
			b.WriteRune(r)
		}
	}
	if escaped {
		b.WriteString(`\\`)
	}
	return b.String()
}

// octet matches a number of an IPv4 address, as netip parses it.
const octet = `(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`

// addresses returns a regular expression for the IPv4 addresses in a network,
// in dotted decimal form.
func addresses(network netip.Prefix) string {
	parts := make([]string, 0, 4)
	bits := network.Bits()
	for _, b := range network.Addr().As4() {
		fixed := max(0, min(8, bits))
		bits -= 8
		switch fixed {
		case 0:
			parts = append(parts, octet)
		default:
			var values []string
			for n := int(b); n < int(b)+1<<(8-fixed); n++ {
				values = append(values, strconv.Itoa(n))
			}
			parts = append(parts, "("+strings.Join(values, "|")+")")
		}
	}
	return strings.Join(parts, `\.`)
}
