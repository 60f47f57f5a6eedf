package sigma

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/predicate"
)

// maxAlternatives is the maximum number of texts that modifiers may make of one.
const maxAlternatives = 1000

// modify applies a modifier.
func (it *item) modify(name string, options Options) error {
	switch name {
	case "all":
		it.all = true
	case "cased":
		it.cased = true
	case "neq":
		it.negated = true
	case "contains":
		return it.around(true, true)
	case "startswith":
		return it.around(false, true)
	case "endswith":
		return it.around(true, false)
	case "re":
		return it.become(expression)
	case "i", "m", "s":
		if it.kind != expression {
			return errors.New("it can only follow re")
		}
		it.flags += name
	case "cidr":
		return it.become(network)
	case "exists":
		if len(it.values) != 1 {
			return errors.New("it has one value, true or false")
		}
		return it.become(existence)
	case "fieldref":
		return it.become(fieldReference)
	case "lt", "lte", "gt", "gte":
		it.order = map[string]predicate.Op{"lt": predicate.OpLess, "lte": predicate.OpAtMost, "gt": predicate.OpMore, "gte": predicate.OpAtLeast}[name]
		return it.become(order)
	case "minute", "hour", "day", "week", "month", "year":
		it.part = predicate.TimePart(name)
		return it.become(timePart)
	default:
		return it.transform(name, options)
	}
	return nil
}

// become sets what the values are. It fails when they are something else already.
func (it *item) become(kind itemKind) error {
	switch {
	case it.kind != texts:
		return fmt.Errorf("it cannot follow %s", it.kind)
	case it.field == "" && kind != expression:
		return errors.New("it needs a field")
	}
	for _, v := range it.values {
		switch {
		case v.tag == "!!null":
			return errors.New("it cannot be applied to null")
		case v.changed:
			return errors.New("it cannot follow a modifier that changes texts")
		}
	}
	it.kind = kind
	return nil
}

// around lets other text be before and after the values.
func (it *item) around(before, after bool) error {
	switch it.kind {
	case expression, fieldReference:
		it.before, it.after, it.anchored = before, after, true
		return nil
	case texts:
		return it.each(func(text pattern) ([]pattern, error) { return []pattern{text.open(before, after)}, nil })
	}
	return fmt.Errorf("it cannot follow %s", it.kind)
}

// each replaces each text by one or more others.
func (it *item) each(change func(pattern) ([]pattern, error)) error {
	if it.kind != texts {
		return fmt.Errorf("it cannot follow %s", it.kind)
	}
	for i, v := range it.values {
		if v.tag == "!!null" {
			return errors.New("it cannot be applied to null")
		}
		var all []pattern
		for _, text := range v.texts {
			some, err := change(text)
			if err != nil {
				return err
			}
			if all = append(all, some...); len(all) > maxAlternatives {
				return fmt.Errorf("it makes more than %d texts of one", maxAlternatives)
			}
		}
		it.values[i] = value{raw: v.raw, tag: "!!str", texts: all, changed: true}
	}
	return nil
}

// transform applies a modifier that makes other texts of the values.
func (it *item) transform(name string, options Options) error {
	switch name {
	case "base64":
		return it.each(encoded(func(text string) []string { return []string{base64.StdEncoding.EncodeToString([]byte(text))} }))
	case "base64offset":
		return it.each(encoded(base64Offsets))
	case "utf16le", "wide":
		return it.each(mapped(func(text string) string { return utf16Text(text, false) }))
	case "utf16be":
		return it.each(mapped(func(text string) string { return utf16Text(text, true) }))
	case "utf16":
		return it.each(func(text pattern) ([]pattern, error) {
			text = text.mapped(func(text string) string { return utf16Text(text, false) })
			return []pattern{append(literal("\xff\xfe"), text...).joined()}, nil
		})
	case "windash":
		return it.each(dashes)
	case "expand":
		return it.expand(options)
	}
	return errors.New("it is not one of Sigma's")
}

// mapped changes the literal parts of a text.
func mapped(change func(string) string) func(pattern) ([]pattern, error) {
	return func(text pattern) ([]pattern, error) { return []pattern{text.mapped(change)}, nil }
}

// encoded changes a text as a whole.
func encoded(encode func(string) []string) func(pattern) ([]pattern, error) {
	return func(p pattern) ([]pattern, error) {
		text, err := p.plain()
		if err != nil {
			return nil, err
		}
		var all []pattern
		for _, text := range encode(text) {
			all = append(all, literal(text))
		}
		return all, nil
	}
}

// base64Offsets returns what each base64 text has in it that encodes a text with the
// given one inside, for the three positions that it can have.
func base64Offsets(text string) []string {
	const group, bits = 3, 6 // bytes that are encoded together, bits of a character
	var all []string
	for offset := range group {
		padded := append(make([]byte, offset), text...)
		first := (offset*8 + bits - 1) / bits
		last := len(padded) * 8 / bits
		if first < last {
			all = append(all, base64.RawStdEncoding.EncodeToString(padded)[first:last])
		}
	}
	return all
}

func utf16Text(text string, bigEndian bool) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		low, high := byte(unit), byte(unit>>8)
		if bigEndian {
			low, high = high, low
		}
		b.WriteByte(low)
		b.WriteByte(high)
	}
	return b.String()
}

// joined returns the pattern with neighbouring literal texts as one.
func (p pattern) joined() pattern {
	var out pattern
	for _, piece := range p {
		if n := len(out); n > 0 && piece.wildcard == 0 && out[n-1].wildcard == 0 {
			out[n-1].text += piece.text
			continue
		}
		out = append(out, piece)
	}
	return out
}

// dashes returns a text with each dash that begins a word replaced by each of those
// that Windows takes for one.
func dashes(text pattern) ([]pattern, error) {
	all := []pattern{nil}
	for _, part := range dashed(text) {
		options := []piece{part}
		if part.text != "" && strings.Contains(dashKinds, part.text) {
			options = nil
			for _, dash := range dashKinds {
				options = append(options, piece{text: string(dash)})
			}
		}
		if len(all)*len(options) > maxAlternatives {
			return nil, fmt.Errorf("it makes more than %d texts of one", maxAlternatives)
		}
		var longer []pattern
		for _, start := range all {
			for _, option := range options {
				longer = append(longer, append(start[:len(start):len(start)], option))
			}
		}
		all = longer
	}
	for i := range all {
		all[i] = all[i].joined()
	}
	return all, nil
}

// dashKinds are the characters that Windows takes for a dash before an argument.
const dashKinds = "-/–—―"

// dashed returns a pattern with each dash that begins a word as a piece of its own.
func dashed(text pattern) pattern {
	var parts pattern
	for _, p := range text {
		start, word := 0, false
		for i, r := range p.text {
			after, _ := utf8.DecodeRuneInString(p.text[i+len(string(r)):])
			if strings.ContainsRune(dashKinds, r) && !word && isWord(after) {
				if i > start {
					parts = append(parts, piece{text: p.text[start:i]})
				}
				start = i + len(string(r))
				parts = append(parts, piece{text: string(r)})
			}
			word = isWord(r)
		}
		if start < len(p.text) || p.wildcard != 0 {
			parts = append(parts, piece{p.wildcard, p.text[start:]})
		}
	}
	return parts
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
