package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// template is JSON text with typed placeholders, compiled for fast filling.
//
// A placeholder is written ${word args} inside a JSON string, or as the whole string
// "#{word args}" to insert bare JSON: a number, a boolean, an object. Within one event,
// placeholders of the same text have the same value, so a request and its response name
// the same instance; a trailing label makes another: ${hex 17 a}, ${hex 17 b}.
type template []segment

// segment is literal text followed by one filled placeholder (or none).
type segment struct {
	literal []byte
	fill    filler
	slot    int
}

// filler appends a value that is already valid inside a JSON string (or bare
// JSON, for the #{ } form).
type filler func(s *scope, dst []byte) []byte

// maxSlots bounds the different placeholders of one call.
const maxSlots = 40

// compiler turns the JSON of one call, or of one step, into templates that share slots.
type compiler struct {
	words vocabulary
	slots map[string]int
}

func newCompiler(words vocabulary) *compiler {
	return &compiler{words: words, slots: map[string]int{}}
}

// compile returns nil for absent JSON and for null.
func (c *compiler) compile(raw json.RawMessage) (template, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, fmt.Errorf("compile template: %w", err)
	}
	return c.compileText(compact.String())
}

func (c *compiler) compileText(text string) (template, error) {
	var t template
	for {
		literal, token, rest, found := nextPlaceholder(text)
		if !found {
			if text != "" {
				t = append(t, segment{literal: []byte(text)})
			}
			return t, nil
		}
		fill, err := c.words.filler(token)
		if err != nil {
			return nil, err
		}
		slot, err := c.slot(token)
		if err != nil {
			return nil, err
		}
		t = append(t, segment{literal: []byte(literal), fill: fill, slot: slot})
		text = rest
	}
}

func (c *compiler) slot(token string) (int, error) {
	slot, ok := c.slots[token]
	if !ok {
		slot = len(c.slots)
		c.slots[token] = slot
	}
	if slot >= maxSlots {
		return 0, fmt.Errorf("compile template: more than %d different placeholders in one call", maxSlots)
	}
	return slot, nil
}

// nextPlaceholder splits text around its first placeholder.
func nextPlaceholder(text string) (literal, token, rest string, found bool) {
	inString := strings.Index(text, "${")
	bare := strings.Index(text, `"#{`)
	switch {
	case inString < 0 && bare < 0:
		return text, "", "", false
	case bare >= 0 && (inString < 0 || bare < inString):
		token, rest, found = strings.Cut(text[bare+3:], `}"`)
		return text[:bare], token, rest, found
	}
	token, rest, found = strings.Cut(text[inString+2:], "}")
	return text[:inString], token, rest, found
}

// appendTo appends the filled template.
func (t template) appendTo(dst []byte, s *scope) []byte {
	for i := range t {
		seg := &t[i]
		dst = append(dst, seg.literal...)
		if seg.fill != nil {
			dst = s.value(dst, seg)
		}
	}
	return dst
}

// value appends the value of the segment's placeholder, generating it on first use.
func (s *scope) value(dst []byte, seg *segment) []byte {
	m := &s.memo[seg.slot]
	if m.event != s.event {
		start := len(s.arena)
		s.arena = seg.fill(s, s.arena)
		*m = memo{s.event, start, len(s.arena)}
	}
	return append(dst, s.arena[m.from:m.to]...)
}

// memo is the position in the arena of the value of a slot.
type memo struct {
	event    uint64
	from, to int
}
