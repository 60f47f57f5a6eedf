package policy

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// comparison is a condition operator without its quantifier and IfExists.
type comparison struct {
	name string
	// matches is nil for Null, which compares no value.
	matches func(want pattern, got string) bool
}

func comparisons() []comparison {
	equal := func(c int) bool { return c == 0 }
	less := func(c int) bool { return c < 0 }
	atMost := func(c int) bool { return c <= 0 }
	greater := func(c int) bool { return c > 0 }
	atLeast := func(c int) bool { return c >= 0 }
	same := func(want pattern, got string) bool { return want.String() == got }
	return []comparison{
		{"StringEquals", same},
		{"StringNotEquals", same},
		{"StringEqualsIgnoreCase", pattern.equalFold},
		{"StringNotEqualsIgnoreCase", pattern.equalFold},
		{"StringLike", pattern.matches},
		{"StringNotLike", pattern.matches},
		{"ArnEquals", pattern.matchesARN},
		{"ArnNotEquals", pattern.matchesARN},
		{"ArnLike", pattern.matchesARN},
		{"ArnNotLike", pattern.matchesARN},
		{"NumericEquals", numeric(equal)},
		{"NumericNotEquals", numeric(equal)},
		{"NumericLessThan", numeric(less)},
		{"NumericLessThanEquals", numeric(atMost)},
		{"NumericGreaterThan", numeric(greater)},
		{"NumericGreaterThanEquals", numeric(atLeast)},
		{"DateEquals", dates(equal)},
		{"DateNotEquals", dates(equal)},
		{"DateLessThan", dates(less)},
		{"DateLessThanEquals", dates(atMost)},
		{"DateGreaterThan", dates(greater)},
		{"DateGreaterThanEquals", dates(atLeast)},
		{"Bool", pattern.equalFold},
		{"BinaryEquals", sameBytes},
		{"IpAddress", contains},
		{"NotIpAddress", contains},
		{"Null", nil},
	}
}

// negated reports whether the operator holds when none of the wanted values matches,
// and so also when the context key is missing.
func (c comparison) negated() bool { return strings.Contains(c.name, "Not") }

// textual reports whether the operator supports variables.
func (c comparison) textual() bool {
	return strings.HasPrefix(c.name, "String") || strings.HasPrefix(c.name, "Arn")
}

// foldsCase reports whether the case of the wanted values does not matter.
func (c comparison) foldsCase() bool {
	return strings.HasSuffix(c.name, "IgnoreCase") || c.name == "Bool" || c.name == "Null"
}

// numeric makes an operator from a comparison of numbers. Text that is not a number
// matches nothing.
func numeric(holds func(gotToWant int) bool) func(pattern, string) bool {
	return func(want pattern, got string) bool {
		w, err1 := strconv.ParseFloat(want.String(), 64)
		g, err2 := strconv.ParseFloat(got, 64)
		return err1 == nil && err2 == nil && !math.IsNaN(w) && !math.IsNaN(g) && holds(cmp.Compare(g, w))
	}
}

// dates makes an operator from a comparison of times. Text that is not a time matches
// nothing.
func dates(holds func(gotToWant int) bool) func(pattern, string) bool {
	return func(want pattern, got string) bool {
		w, ok1 := parseTime(want.String())
		g, ok2 := parseTime(got)
		return ok1 && ok2 && holds(g.Compare(w))
	}
}

// parseTime parses the W3C profile of ISO 8601, or seconds since 1970.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

func sameBytes(want pattern, got string) bool {
	w, err1 := base64.StdEncoding.DecodeString(want.String())
	g, err2 := base64.StdEncoding.DecodeString(got)
	return err1 == nil && err2 == nil && slices.Equal(w, g)
}

// contains reports whether the wanted block contains the address, or the wanted address
// equals it.
func contains(want pattern, got string) bool {
	address, err := netip.ParseAddr(got)
	if err != nil {
		return false
	}
	address = address.Unmap()
	if block, err := netip.ParsePrefix(want.String()); err == nil {
		return block.Contains(address)
	}
	single, err := netip.ParseAddr(want.String())
	return err == nil && single.Unmap() == address
}

// operator is the comparison of a context key with the wanted values.
type operator struct {
	comparison
	quantifier string // "", forAll or forAny
	ifExists   bool
}

const (
	forAll   = "ForAllValues:"
	forAny   = "ForAnyValue:"
	ifExists = "IfExists"
)

// parseOperator parses the name of an operator, ignoring case.
func parseOperator(name string) (operator, bool) {
	var o operator
	for _, quantifier := range []string{forAll, forAny} {
		if o.quantifier == "" && len(name) > len(quantifier) && strings.EqualFold(name[:len(quantifier)], quantifier) {
			o.quantifier, name = quantifier, name[len(quantifier):]
		}
	}
	if cut := len(name) - len(ifExists); cut > 0 && strings.EqualFold(name[cut:], ifExists) {
		o.ifExists, name = true, name[:cut]
	}
	for _, c := range comparisons() {
		if strings.EqualFold(c.name, name) {
			o.comparison = c
			return o, c.matches != nil || !o.ifExists && o.quantifier == ""
		}
	}
	return operator{}, false
}

// String returns the name in AWS's spelling.
func (o operator) String() string {
	if o.ifExists {
		return o.quantifier + o.name + ifExists
	}
	return o.quantifier + o.name
}

// holds reports whether the values of a context key satisfy the operator.
func (o operator) holds(want Values, got []string, value variables) bool {
	if o.matches == nil { // Null
		absent := strconv.FormatBool(len(got) == 0)
		return slices.ContainsFunc(want, func(w string) bool { return strings.EqualFold(w, absent) })
	}
	if len(got) == 0 {
		return o.ifExists || o.quantifier == forAll || o.quantifier == "" && o.negated()
	}
	patterns := make([]pattern, 0, len(want))
	for _, text := range want {
		if !o.textual() {
			patterns = append(patterns, pattern(text))
		} else if p, ok := compile(text, value); ok {
			patterns = append(patterns, p)
		}
	}
	fits := func(g string) bool {
		return slices.ContainsFunc(patterns, func(p pattern) bool { return o.matches(p, g) }) != o.negated()
	}
	if o.quantifier == forAll || o.quantifier == "" && o.negated() {
		return !slices.ContainsFunc(got, func(g string) bool { return !fits(g) })
	}
	return slices.ContainsFunc(got, fits)
}

// unmet returns a condition that does not hold, or "". It tries the keys in order, so
// the result is deterministic.
func (c Conditions) unmet(q *query) string {
	for _, name := range slices.Sorted(maps.Keys(c)) {
		o, known := parseOperator(name)
		for _, key := range slices.Sorted(maps.Keys(c[name])) {
			want, got := c[name][key], q.context[strings.ToLower(key)]
			if known && o.holds(want, got, q.vars()) {
				continue
			}
			is := "is not in the request"
			if len(got) > 0 {
				is = "is " + quoted(got)
			}
			return fmt.Sprintf("%s %s %s; it %s", key, name, quoted(want), is)
		}
	}
	return ""
}
