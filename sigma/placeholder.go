package sigma

import (
	"fmt"
	"strings"
)

// Options are what rules leave to those who use them.
type Options struct {
	// Placeholders are the texts that a name between percent signs stands for in values
	// with the modifier expand. They are patterns, as those of rules.
	Placeholders map[string][]string
}

// expand replaces the placeholders in the values.
func (it *item) expand(options Options) error {
	for i, v := range it.values {
		if v.changed || v.tag != "!!str" || it.kind != texts {
			return fmt.Errorf("it must be the first modifier of a text")
		}
		expanded, err := options.expand(v.raw)
		if err != nil {
			return err
		}
		all := make([]pattern, len(expanded))
		for i, text := range expanded {
			all[i] = parsePattern(text)
		}
		it.values[i] = value{raw: v.raw, tag: "!!str", texts: all, changed: true}
	}
	return nil
}

// expand returns a text with its placeholders replaced, once for each combination of
// what they stand for. A backslash makes a percent sign an ordinary one.
func (o Options) expand(text string) ([]string, error) {
	all := []string{""}
	for text != "" {
		literal, name, rest, found := nextPlaceholder(text)
		values := []string{""}
		if found {
			var ok bool
			if values, ok = o.Placeholders[name]; !ok || len(values) == 0 {
				return nil, fmt.Errorf("the placeholder %%%s%% has no values", name)
			}
		}
		if len(all)*len(values) > maxAlternatives {
			return nil, fmt.Errorf("it makes more than %d texts of one", maxAlternatives)
		}
		var longer []string
		for _, start := range all {
			for _, value := range values {
				longer = append(longer, start+literal+value)
			}
		}
		all, text = longer, rest
	}
	return all, nil
}

// nextPlaceholder returns the text before the first placeholder, its name, and what
// follows.
func nextPlaceholder(text string) (before, name, rest string, found bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], `\%`):
			i++
			b.WriteByte('%')
		case text[i] == '%':
			if end := strings.IndexByte(text[i+1:], '%'); end > 0 {
				return b.String(), text[i+1 : i+1+end], text[i+end+2:], true
			}
			b.WriteByte('%')
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String(), "", "", false
}
