package predicate

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Test is a test of one value. Each Op uses the members named in its comment.
type Test struct {
	Op      Op
	Texts   []string // one of them must match
	Pattern *regexp.Regexp
	Number  float64
	Network netip.Prefix
	Part    TimePart

	// Folded compares in lower case: Texts are then in lower case, and Pattern gets a
	// lower-case text.
	Folded bool
	// Negated passes each value of the right type that Op does not pass: numbers for
	// orders, values with a text for texts, else every value.
	Negated bool
}

// Op is a kind of test.
type Op string

// The kinds of tests.
const (
	OpExists      Op = "EXISTS"
	OpNull        Op = "IS NULL"
	OpTrue        Op = "IS TRUE"
	OpFalse       Op = "IS FALSE"
	OpEqual       Op = "="           // Texts
	OpPrefix      Op = "STARTS WITH" // Texts
	OpSuffix      Op = "ENDS WITH"   // Texts
	OpContains    Op = "CONTAINS"    // Texts
	OpGlob        Op = "LIKE"        // Texts, patterns of Glob
	OpRegexp      Op = "MATCHES"     // Pattern
	OpNumberEqual Op = "=="          // Number, or Texts as patterns of Glob
	OpLess        Op = "<"           // Number
	OpAtMost      Op = "<="          // Number
	OpMore        Op = ">"           // Number
	OpAtLeast     Op = ">="          // Number
	OpWithin      Op = "WITHIN"      // Network
	OpTimePart    Op = "HAS"         // Part, Number
)

// OfText reports whether the test looks at the text of a value.
func (t Test) OfText() bool {
	switch t.Op {
	case OpEqual, OpPrefix, OpSuffix, OpContains, OpGlob, OpRegexp, OpWithin, OpTimePart:
		return true
	}
	return false
}

// Exists passes every value, null too.
func Exists() Test { return Test{Op: OpExists} }

// IsNull passes null.
func IsNull() Test { return Test{Op: OpNull} }

// IsTrue passes true, and not the text "true".
func IsTrue() Test { return Test{Op: OpTrue} }

// IsFalse passes false, and not the text "false".
func IsFalse() Test { return Test{Op: OpFalse} }

// Equal passes a text that is one of texts.
func Equal(texts ...string) Test { return Test{Op: OpEqual, Texts: texts} }

// HasPrefix passes a text that begins with one of texts.
func HasPrefix(texts ...string) Test { return Test{Op: OpPrefix, Texts: texts} }

// HasSuffix passes a text that ends with one of texts.
func HasSuffix(texts ...string) Test { return Test{Op: OpSuffix, Texts: texts} }

// Contains passes a text with one of texts in it.
func Contains(texts ...string) Test { return Test{Op: OpContains, Texts: texts} }

// Glob passes a text that matches one of patterns: * stands for any text, ? for one
// character, and a backslash escapes the character that follows it. Use [Literal] for
// texts that are not patterns.
func Glob(patterns ...string) Test { return Test{Op: OpGlob, Texts: patterns} }

// Literal returns a pattern for Glob that matches only the text.
func Literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(text)
}

// Matches passes a text in which the expression matches somewhere.
func Matches(pattern *regexp.Regexp) Test { return Test{Op: OpRegexp, Pattern: pattern} }

// Number passes a number for which the comparison op with n is true.
func Number(op Op, n float64) Test { return Test{Op: op, Number: n} }

// NumberOrGlob passes a number that equals n, a string that is a decimal number equal
// to n, and a text that matches the pattern of [Glob].
func NumberOrGlob(n float64, pattern string) Test {
	return Test{Op: OpNumberEqual, Number: n, Texts: []string{pattern}}
}

// Within passes a text that is an IP address in the network. An IPv4 address in IPv6
// form is not an IPv4 address.
func Within(network netip.Prefix) Test { return Test{Op: OpWithin, Network: network.Masked()} }

// HasPart passes a text that is a time of RFC 3339 and has this part, in UTC.
func HasPart(part TimePart, n int) Test {
	return Test{Op: OpTimePart, Part: part, Number: float64(n)}
}

// Fold returns the test in lower case. The pattern of Matches is left unchanged.
func (t Test) Fold() Test {
	texts := make([]string, len(t.Texts))
	for i, text := range t.Texts {
		texts[i] = strings.ToLower(text)
	}
	t.Folded, t.Texts = true, texts
	return t
}

// Unlike returns the test for values that have a text which t does not pass. It is not
// Not: a missing value passes neither.
func (t Test) Unlike() Test {
	t.Negated = !t.Negated
	return t
}

// Fits reports whether a text passes the test. A text that is a decimal number counts
// as a number.
func (t Test) Fits(text string) bool {
	if t.Folded {
		text = strings.ToLower(text)
	}
	return t.fits(text) != t.Negated
}

func (t Test) fits(text string) bool {
	fits := func(with func(text, wanted string) bool) bool {
		return slices.ContainsFunc(t.Texts, func(wanted string) bool { return with(text, wanted) })
	}
	switch t.Op {
	case OpEqual:
		return slices.Contains(t.Texts, text)
	case OpPrefix:
		return fits(strings.HasPrefix)
	case OpSuffix:
		return fits(strings.HasSuffix)
	case OpContains:
		return fits(strings.Contains)
	case OpGlob:
		return fits(glob)
	case OpRegexp:
		return t.Pattern.MatchString(text)
	case OpWithin:
		address, err := netip.ParseAddr(text)
		return err == nil && t.Network.Contains(address)
	case OpTimePart:
		at, err := time.Parse(time.RFC3339, text)
		return err == nil && float64(t.Part.of(at.UTC())) == t.Number
	case OpNumberEqual:
		return fits(glob) || t.ordersText(text)
	case OpLess, OpAtMost, OpMore, OpAtLeast:
		return t.ordersText(text)
	}
	return t.Op == OpExists
}

func (t Test) ordersText(text string) bool {
	n, ok := ParseDecimal(text)
	return ok && t.orders(n)
}

// orders reports whether a number passes a comparison.
func (t Test) orders(n float64) bool {
	switch t.Op {
	case OpLess:
		return n < t.Number
	case OpAtMost:
		return n <= t.Number
	case OpMore:
		return n > t.Number
	case OpAtLeast:
		return n >= t.Number
	}
	return n == t.Number
}

// DecimalPattern matches the strings that NumberEqual compares as numbers.
const DecimalPattern = `[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?`

// ParseDecimal parses a decimal number, but not Go's other forms.
func ParseDecimal(text string) (float64, bool) {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// String returns the test for people to read.
func (t Test) String() string {
	op := string(t.Op)
	if t.Negated {
		op = "NOT " + op
	}
	switch {
	case t.Pattern != nil:
		op += " /" + t.Pattern.String() + "/"
	case t.Op == OpTimePart:
		op += fmt.Sprintf(" %s %g", t.Part, t.Number)
	case t.Op == OpWithin:
		op += " " + t.Network.String()
	case t.OfText():
		quoted := make([]string, len(t.Texts))
		for i, text := range t.Texts {
			quoted[i] = strconv.Quote(text)
		}
		op += " " + strings.Join(quoted, ", ")
	case t.Op == OpNumberEqual || t.Op == OpLess || t.Op == OpAtMost || t.Op == OpMore || t.Op == OpAtLeast:
		op += fmt.Sprintf(" %g", t.Number)
	}
	if t.Folded {
		op += " (any case)"
	}
	return op
}
