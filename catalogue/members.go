package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// maxDepth bounds the nesting of a description.
const maxDepth = 100

// checkMembers compares the names of a JSON object with the fields of a struct, and
// those of what is inside it. encoding/json would take a name in another case, and
// the second of two members, without a word.
//
// It returns the offset of the problem.
func checkMembers(text string, t reflect.Type) (int64, error) {
	c := memberCheck{json.NewDecoder(strings.NewReader(text)), text}
	if t.Kind() != reflect.Struct {
		return 0, fmt.Errorf("a description is a struct, not %s", t)
	}
	if start := c.next(); start < len(text) && text[start] != '{' {
		return int64(start), errors.New("not a JSON object")
	}
	offset, err := c.value(t, 0)
	if err != nil {
		return offset, err
	}
	at := c.next()
	if _, err := c.Token(); !errors.Is(err, io.EOF) {
		return int64(at), errors.New("more text after the object")
	}
	return 0, nil
}

type memberCheck struct {
	*json.Decoder
	text string
}

// next returns the offset of the next token.
func (c memberCheck) next() int {
	at := int(c.InputOffset())
	return at + len(c.text[at:]) - len(strings.TrimLeft(c.text[at:], " \t\r\n,:"))
}

// value reads one value that a t is made of.
func (c memberCheck) value(t reflect.Type, depth int) (int64, error) {
	at := c.next()
	token, err := c.Token()
	if err != nil {
		return syntax(err, at)
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		t = nil // it decides itself what it takes
	}
	if depth > maxDepth {
		return int64(at), fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch token {
	case json.Delim('{'):
		return c.object(t, depth)
	case json.Delim('['):
		for c.More() {
			if at, err := c.value(element(t), depth+1); err != nil {
				return at, err
			}
		}
		return c.end()
	}
	return 0, nil
}

func (c memberCheck) object(t reflect.Type, depth int) (int64, error) {
	seen := map[string]bool{}
	for c.More() {
		at := c.next()
		token, err := c.Token()
		if err != nil {
			return syntax(err, at)
		}
		name, _ := token.(string) // the decoder takes nothing else here
		if seen[name] {
			return int64(at), fmt.Errorf("the member %q is there twice", name)
		}
		seen[name] = true
		inner := element(t)
		if t != nil && t.Kind() == reflect.Struct {
			names := fields(t)
			if inner = names[name]; inner == nil {
				return int64(at), fmt.Errorf("unknown member %q", name)
			}
		}
		if at, err := c.value(inner, depth+1); err != nil {
			return at, err
		}
	}
	return c.end()
}

// end reads the end of an object or an array.
func (c memberCheck) end() (int64, error) {
	at := c.next()
	if _, err := c.Token(); err != nil {
		return syntax(err, at)
	}
	return 0, nil
}

// syntax returns the offset of an error of the decoder, and what it says.
func syntax(err error, at int) (int64, error) {
	if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
		return max(bad.Offset-1, int64(at)), errors.New(bad.Error())
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return int64(at), errors.New("the text ends inside a value")
	}
	return int64(at), err
}

// element is what a list or map of t holds, nil if t is neither.
func element(t reflect.Type) reflect.Type {
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return t.Elem()
	}
	return nil
}

// fields are the types of a struct's fields by their names in JSON.
func fields(t reflect.Type) map[string]reflect.Type {
	names := map[string]reflect.Type{}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-" || !field.IsExported():
		case name != "":
			names[name] = field.Type
		case field.Anonymous && field.Type.Kind() == reflect.Struct:
			for inner, kind := range fields(field.Type) {
				names[inner] = kind
			}
		default:
			names[field.Name] = field.Type
		}
	}
	return names
}

// jsonType names a type as JSON does.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Int, reflect.Int64, reflect.Int32:
		return "a whole number"
	}
	return "a number"
}
