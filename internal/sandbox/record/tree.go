package record

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/event"
)

// A tree holds parameters or an answer of any protocol: nil, bool, string, number,
// list or object. Members keep their order.
type (
	tree   any
	number string // as JSON writes it
	list   []tree
	object []member
	member struct {
		name  string
		value tree
	}
)

// maxDepth is the maximum nesting of parameters.
const maxDepth = 100

func (o object) get(name string) tree {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

func (o object) text(name string) string {
	text, _ := o.get(name).(string)
	return text
}

// set replaces the member or adds it.
func (o *object) set(name string, value tree) {
	for i := range *o {
		if (*o)[i].name == name {
			(*o)[i].value = value
			return
		}
	}
	*o = append(*o, member{name, value})
}

func (o *object) add(name string, value tree) { *o = append(*o, member{name, value}) }

// addText adds a text unless it is empty.
func (o *object) addText(name, text string) {
	if text != "" {
		o.add(name, text)
	}
}

func (o object) without(names ...string) object {
	return slices.DeleteFunc(slices.Clone(o), func(m member) bool { return slices.Contains(names, m.name) })
}

// unique keeps the last of members with the same name, as JSON decoders do.
func (o object) unique() object {
	if len(o) < 2 {
		return o
	}
	last := make(map[string]int, len(o))
	for i, m := range o {
		last[m.name] = i
	}
	if len(last) == len(o) {
		return o
	}
	kept := o[:0]
	for i, m := range o {
		if last[m.name] == i {
			kept = append(kept, m)
		}
	}
	return kept
}

// appendTree appends t as JSON.
func appendTree(dst []byte, t tree) []byte {
	switch t := t.(type) {
	case bool:
		if t {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case string:
		return appendText(dst, t)
	case number:
		return append(dst, t...)
	case list:
		dst = append(dst, '[')
		for i, value := range t {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendTree(dst, value)
		}
		return append(dst, ']')
	case object:
		dst = append(dst, '{')
		for i, m := range t {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendText(dst, m.name)
			dst = append(dst, ':')
			dst = appendTree(dst, m.value)
		}
		return append(dst, '}')
	default:
		return append(dst, "null"...)
	}
}

func appendText(dst []byte, text string) []byte { return event.AppendQuoted(dst, []byte(text)) }

// lowerFirst returns a name of the API as CloudTrail spells it.
func lowerFirst(name string) string {
	if name == "" || name[0] < 'A' || name[0] > 'Z' {
		return name
	}
	return strings.ToLower(name[:1]) + name[1:]
}

func upperFirst(name string) string {
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		return name
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// cut shortens text to at most n bytes, at the end of a character.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
