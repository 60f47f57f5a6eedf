package predicate

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/event"
)

// passes reports whether a value passes the test. If written is set, a number has its
// text as written, else its shortest form.
func (t *Test) passes(v event.Value, written bool) bool {
	switch t.Op {
	case OpExists:
		return !t.Negated
	case OpNull:
		return v.IsNull() != t.Negated
	case OpTrue, OpFalse:
		value, ok := v.Bool()
		return (ok && value == (t.Op == OpTrue)) != t.Negated
	case OpLess, OpAtMost, OpMore, OpAtLeast:
		return v.IsNumber() && t.ordersNumber(v.Raw) != t.Negated
	case OpNumberEqual:
		if v.IsNumber() && t.ordersNumber(v.Raw) {
			return !t.Negated
		}
	}
	text, ok := textOf(v, written)
	return ok && t.fitsText(text)
}

// fitsText is Fits, but copies the text only if necessary.
func (t *Test) fitsText(text []byte) bool {
	if t.Op == OpEqual && !t.Folded {
		for _, wanted := range t.Texts {
			if string(text) == wanted {
				return !t.Negated
			}
		}
		return t.Negated
	}
	return t.Fits(string(text))
}

// ordersNumber is orders for a JSON number. A number too large for a float64 passes no
// comparison.
func (t *Test) ordersNumber(number []byte) bool {
	n, err := strconv.ParseFloat(string(number), 64)
	return err == nil && t.orders(n)
}

// textOf returns the text of a value; ok is false for null, objects and arrays.
func textOf(v event.Value, written bool) (text []byte, ok bool) {
	if text, ok := v.Text(); ok {
		return text, true
	}
	if _, ok := v.Bool(); ok {
		return v.Raw, true
	}
	if !v.IsNumber() {
		return nil, false
	}
	switch {
	case !written && string(v.Raw) == "-0":
		return v.Raw[1:], true
	case written || !bytes.ContainsAny(v.Raw, ".eE"):
		return v.Raw, true
	}
	return shortest(v.Raw), true
}

// Limits from which the shortest form has an exponent.
const (
	smallDecimal = 1e-5
	largeDecimal = 1e21
)

// shortest returns the shortest form of a number that has a fraction or an exponent.
func shortest(number []byte) []byte {
	n, err := strconv.ParseFloat(string(number), 64)
	if err != nil {
		return number
	}
	if size := math.Abs(n); size != 0 && (size < smallDecimal || size >= largeDecimal) {
		return strconv.AppendFloat(nil, n, 'e', -1, 64)
	}
	text := strconv.AppendFloat(nil, n, 'f', -1, 64)
	if bytes.IndexByte(text, '.') < 0 {
		text = append(text, ".0"...)
	}
	return text
}

// glob reports whether a text matches a pattern of Glob. It backtracks to the last star
// only, so its time is at most the product of the lengths.
func glob(text, pattern string) bool {
	star, resume := -1, 0
	t, p := 0, 0
	for t < len(text) {
		if p < len(pattern) && pattern[p] == '*' {
			star, resume = p, t
			p++
			continue
		}
		if size, next, ok := one(text[t:], pattern, p); ok {
			t, p = t+size, next
			continue
		}
		if star < 0 {
			return false
		}
		resume += runeSize(text[resume:])
		t, p = resume, star+1
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// one matches the character at the start of text with the pattern at p, and returns its
// size and the position in the pattern after it.
func one(text, pattern string, p int) (size, next int, ok bool) {
	if p == len(pattern) {
		return 0, 0, false
	}
	if pattern[p] == '?' {
		return runeSize(text), p + 1, true
	}
	if pattern[p] == '\\' && p+1 < len(pattern) {
		p++
	}
	size = runeSize(pattern[p:])
	return size, p + size, strings.HasPrefix(text, pattern[p:p+size])
}

func runeSize(text string) int {
	_, size := utf8.DecodeRuneInString(text)
	return size
}
