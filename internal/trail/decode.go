package trail

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/cerpac/trailkeeper/internal/nearest"
)

// read stores the value of a node in the variable that into points to. path is the
// field's name in errors.
func (r *reader) read(node ast.Node, path string, into any) {
	r.value(node, path, reflect.ValueOf(into).Elem())
}

func (r *reader) value(node ast.Node, path string, into reflect.Value) {
	switch into.Kind() {
	case reflect.Pointer:
		if node.Type() == ast.NullType {
			into.SetZero()
			return
		}
		into.Set(reflect.New(into.Type().Elem()))
		r.value(node, path, into.Elem())
	case reflect.Struct:
		r.structure(node, path, into)
	case reflect.Map:
		r.table(node, path, into)
	case reflect.Slice:
		r.list(node, path, into)
	default:
		r.scalar(node, path, into)
	}
}

func (r *reader) structure(node ast.Node, path string, into reflect.Value) {
	fields := map[string]reflect.Value{}
	var names []string
	for i := range into.NumField() {
		name := into.Type().Field(i).Tag.Get("yaml")
		fields[name] = into.Field(i)
		names = append(names, name)
	}
	r.entries(node, path, func(key string, at *token.Token, value ast.Node) {
		field, known := fields[key]
		if known {
			r.value(value, join(path, key), field)
			return
		}
		message := fmt.Sprintf("unknown key %q", shortened(key))
		if path != "" {
			message += " in " + path
		}
		if near := nearest.Name(shortened(key), names); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		} else {
			message += "; known are " + strings.Join(names, ", ")
		}
		r.fail(at, "%s", message)
	})
}

func (r *reader) table(node ast.Node, path string, into reflect.Value) {
	table := reflect.MakeMap(into.Type())
	r.entries(node, path, func(key string, _ *token.Token, value ast.Node) {
		element := reflect.New(into.Type().Elem()).Elem()
		r.value(value, join(path, key), element)
		table.SetMapIndex(reflect.ValueOf(key), element)
	})
	if into.SetZero(); table.Len() > 0 {
		into.Set(table)
	}
}

// entries calls yield for each entry of a mapping. A key that is no text, or is
// repeated, is an error.
func (r *reader) entries(node ast.Node, path string, yield func(key string, at *token.Token, value ast.Node)) {
	mapping, ok := node.(ast.MapNode)
	if !ok || node.Type() == ast.AliasType || node.Type() == ast.AnchorType {
		r.mistyped(node, path, "a mapping of keys to values")
		return
	}
	seen := map[string]int{}
	for entries := mapping.MapRange(); entries.Next(); {
		key, ok := entries.Key().(*ast.StringNode)
		at := start(entries.Key())
		switch {
		case ok && isGlued(entries.KeyValue()):
			r.fail(at, "%swrite a space after the colon of %q, or quotes around text with a colon", label(path), shortened(key.Value))
		case !ok:
			r.fail(at, "%s%q is not a key; keys are plain text", label(path), shortened(at.Value))
		case seen[key.Value] > 0:
			r.fail(at, "%skey %q is already set in line %d", label(path), shortened(key.Value), seen[key.Value])
		case len(seen) == maxEntries:
			r.fail(at, "%smore than %d entries", label(path), maxEntries)
			return
		case len(key.Value) > maxText:
			r.fail(at, "%sthe key has more than %d bytes", label(path), maxText)
		default:
			seen[key.Value] = at.Position.Line
			yield(key.Value, at, entries.Value())
		}
	}
}

// isGlued reports whether a value follows the colon of a plain key without a space.
// YAML reads {a:b: c} as the key a:b, the parser as the key a, so it is refused.
func isGlued(entry *ast.MappingValueNode) bool {
	colon, value := entry.Start.Position, start(entry.Value).Position
	return entry.Key.GetToken().Type == token.StringType && colon.Line == value.Line && colon.Column+1 == value.Column &&
		entry.Value.Type() != ast.NullType
}

func (r *reader) list(node ast.Node, path string, into reflect.Value) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		r.mistyped(node, path, "a list")
		return
	}
	if len(sequence.Values) > maxEntries {
		r.fail(start(node), "%smore than %d entries", label(path), maxEntries)
		return
	}
	into.SetZero()
	for i, entry := range sequence.Values {
		element := reflect.New(into.Type().Elem()).Elem()
		r.value(entry, fmt.Sprintf("%s[%d]", path, i), element)
		into.Set(reflect.Append(into, element))
	}
}

func (r *reader) scalar(node ast.Node, path string, into reflect.Value) {
	text := start(node).Value
	switch into.Kind() {
	case reflect.String:
		r.text(node, path, into)
	case reflect.Bool:
		if b, ok := node.(*ast.BoolNode); ok {
			into.SetBool(b.Value)
			return
		}
		r.mistyped(node, path, "true or false")
	case reflect.Int:
		// YAML reads 0100 and 0x40 as numbers too, in octal and hexadecimal.
		days, err := strconv.Atoi(text)
		if _, ok := node.(*ast.IntegerNode); !ok || err != nil || strconv.Itoa(days) != text {
			r.mistyped(node, path, "a whole number")
			return
		}
		into.SetInt(int64(days))
	case reflect.Float64:
		number, err := strconv.ParseFloat(text, 64)
		if !slices.Contains([]ast.NodeType{ast.IntegerType, ast.FloatType}, node.Type()) || err != nil {
			r.mistyped(node, path, "a number")
			return
		}
		into.SetFloat(number)
	}
}

func (r *reader) text(node ast.Node, path string, into reflect.Value) {
	var text string
	switch node := node.(type) {
	case *ast.StringNode:
		text = node.Value
	case *ast.LiteralNode:
		text = node.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		r.fail(start(node), "%swants text; write it in quotes: %q", label(path), shortened(start(node).Value))
		return
	default:
		r.mistyped(node, path, "text")
		return
	}
	if len(text) > maxText {
		r.fail(start(node), "%sthe text has %d bytes, more than %d", label(path), len(text), maxText)
		return
	}
	into.SetString(text)
}

func (r *reader) mistyped(node ast.Node, path, want string) {
	r.fail(start(node), "%swants %s, not %s", label(path), want, describe(node))
}

func describe(node ast.Node) string {
	switch node.(type) {
	case *ast.NullNode:
		return "nothing; remove the key to use its default"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping; text with a colon may need quotes"
	case *ast.LiteralNode:
		return "a block of text"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias"
	case *ast.TagNode:
		return "a value with a tag"
	}
	return strconv.Quote(shortened(start(node).Value))
}

// start returns the token where a node begins. The parser gives a mapping the token of
// its first colon.
func start(node ast.Node) *token.Token {
	if mapping, ok := node.(*ast.MappingNode); ok && !mapping.IsFlowStyle && len(mapping.Values) > 0 {
		return start(mapping.Values[0])
	}
	if entry, ok := node.(*ast.MappingValueNode); ok {
		return entry.Key.GetToken()
	}
	return node.GetToken()
}

func label(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + shortened(key)
}

// shortened cuts texts that are quoted in errors.
func shortened(text string) string {
	const enough = 60
	if len(text) <= enough {
		return text
	}
	return strings.ToValidUTF8(text[:enough], "") + "..."
}
