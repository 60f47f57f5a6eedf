package trail

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Default returns the configuration of an empty file.
func Default() Spec {
	return Spec{RetentionDays: 90, KMS: none, AccessLogging: none, SNS: none, Alarms: Alarms{Namespace: "Security/CIS"}}
}

// Template returns a configuration file that lists every field with its default,
// meaning and cost. All fields are commented out but the two required ones; a line
// without a space after the # becomes a setting when the # is removed.
func Template() string {
	var t template
	t.prose("", "The configuration of an audit trail. Fill in env and project_id. All else shows its default: to change one, take the # before it away.")
	t.WriteString("#\n")
	t.prose("", "Costs are what a field adds to the bill, in US dollars of us-east-1; other Regions differ.")
	for _, f := range fields() {
		group, _, isInside := strings.Cut(f.path, ".")
		switch {
		case !isInside:
			t.WriteString("\n")
			t.field("", f)
		case isGroup(group) && strings.Count(f.path, ".") == 1:
			t.field("  ", f)
		}
	}
	return t.String()
}

// required marks a field without a default.
const required = "required"

type template struct{ strings.Builder }

func (t *template) field(indent string, f field) {
	t.prose(indent, f.meaning)
	if f.unset != "" && f.unset != required {
		t.prose(indent, "Default: "+f.unset+".")
	}
	if f.cost != "" {
		t.prose(indent, "Cost: "+f.cost+".")
	}
	for _, inner := range fields() {
		if name, isInside := strings.CutPrefix(inner.path, f.path+"."); isInside && !isGroup(f.path) {
			t.prose(indent, "- "+name+": "+inner.meaning)
		}
	}
	if f.example != "" {
		t.prose(indent, "Example:")
		for line := range strings.Lines(f.example + "\n") {
			t.WriteString(indent + "#   " + line)
		}
	}
	name := f.path[strings.LastIndex(f.path, ".")+1:]
	switch {
	case isGroup(f.path):
		fmt.Fprintf(&t.Builder, "#%s:\n", name)
	case f.unset == required:
		fmt.Fprintf(&t.Builder, "%s: %s\n", name, defaultText(f.path))
	default:
		fmt.Fprintf(&t.Builder, "%s#%s: %s\n", indent, name, defaultText(f.path))
	}
}

// prose writes a comment, wrapped to the width of a terminal.
func (t *template) prose(indent, text string) {
	const width = 80
	line := indent + "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width {
			t.WriteString(line + "\n")
			line = indent + "#"
			if strings.HasPrefix(text, "- ") {
				line += "  "
			}
		}
		line += " " + word
	}
	t.WriteString(line + "\n")
}

// isGroup reports whether a field is a mapping whose entries have defaults of their
// own.
func isGroup(path string) bool { return valueAt(path).Kind() == reflect.Struct }

// valueAt returns the default of a field. For a field inside a list or table it is that
// of a new entry.
func valueAt(path string) reflect.Value {
	value := reflect.ValueOf(Default())
	for name := range strings.SplitSeq(path, ".") {
		if kind := value.Kind(); kind == reflect.Pointer || kind == reflect.Slice || kind == reflect.Map {
			value = reflect.Zero(value.Type().Elem())
		}
		at := 0
		for value.Type().Field(at).Tag.Get("yaml") != name {
			at++
		}
		value = value.Field(at)
	}
	return value
}

// defaultText returns the default of a field in YAML.
func defaultText(path string) string {
	value := valueAt(path)
	switch value.Kind() {
	case reflect.Pointer:
		return "null"
	case reflect.Slice:
		return "[]"
	case reflect.Map:
		return "{}"
	case reflect.String:
		if value.Len() == 0 {
			return strconv.Quote("")
		}
	}
	return fmt.Sprint(value)
}

// Reference returns a Markdown table of every field with its default, meaning and cost.
func Reference() string {
	var b strings.Builder
	b.WriteString("| field | default | meaning | cost |\n|---|---|---|---|\n")
	for _, f := range fields() {
		byDefault := f.unset
		switch {
		case byDefault == "" && isGroup(f.path):
		case byDefault == "":
			byDefault = "`" + defaultText(f.path) + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.path, byDefault, f.meaning, f.cost)
	}
	return b.String()
}
