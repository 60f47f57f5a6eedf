package converge

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/policy"
)

// WriteText writes the plan for people: a line for each resource in order, below it the
// fields that change, then counts by action, and what other accounts must allow.
func (p *Plan) WriteText(w io.Writer) error {
	var text bytes.Buffer
	for _, change := range p.changes {
		if change.Action != Gone || change.Note != "" { // a resource that is gone needs no line
			change.writeText(&text)
		}
	}
	if text.Len() > 0 {
		text.WriteByte('\n')
	}
	fmt.Fprintln(&text, p.summary())
	p.writeGrants(&text)
	_, err := w.Write(hide(text.Bytes()))
	return err
}

func (c Change) writeText(w *bytes.Buffer) {
	name := c.Kind + " " + plain(c.Name)
	line := map[Action]string{
		Create:  "+ create " + name,
		Update:  "~ change " + name,
		Adopt:   "~ take over " + name,
		None:    "= " + name + " is as it should be",
		Refused: "! refused: " + name,
		Delete:  "- delete " + name,
		Keep:    "= " + name + " stays",
		Gone:    "= " + name + " is not there",
	}[c.Action]
	if c.Note != "" {
		line += ": " + oneLine(c.Note)
	}
	fmt.Fprintln(w, line)
	width := 0
	for _, field := range c.Fields {
		if field.lines() == nil {
			width = max(width, len(plain(field.Path)))
		}
	}
	for _, field := range c.Fields {
		field.writeText(w, width, c.Action == Create)
	}
}

// writeText writes the values after the path, or the differences below it.
func (f FieldChange) writeText(w *bytes.Buffer, width int, creating bool) {
	lines := f.lines()
	switch {
	case lines != nil:
		fmt.Fprintf(w, "    %s\n", plain(f.Path))
		for _, line := range lines {
			fmt.Fprintf(w, "      %s\n", line)
		}
	case creating:
		fmt.Fprintf(w, "    %-*s  %s\n", width, plain(f.Path), value(f.New))
	default:
		fmt.Fprintf(w, "    %-*s  %s -> %s\n", width, plain(f.Path), value(f.Old), value(f.New))
	}
}

// lines returns the differences of values with several parts, or nil.
func (f FieldChange) lines() []string {
	before, wasDocument := f.Old.(policy.Document)
	after, isDocument := f.New.(policy.Document)
	switch {
	case wasDocument && (isDocument || f.New == nil), isDocument && f.Old == nil:
		return documentLines(before, after)
	case isDocument: // the old text is not a policy document
		return append([]string{"- " + value(f.Old)}, documentLines(before, after)...)
	}
	switch after := f.New.(type) {
	case Set:
		if before, ok := f.Old.(Set); ok {
			return valueLines(before, after, strconv.Quote)
		}
	case map[string]string:
		if before, ok := f.Old.(map[string]string); ok {
			return entryLines(before, after)
		}
	}
	return nil
}

// valueLines lists the removed and the added values.
func valueLines(before, after []string, spell func(string) string) []string {
	var lines []string
	for _, v := range Set(before).sorted() {
		if !slices.Contains(after, v) {
			lines = append(lines, "- "+spell(v))
		}
	}
	for _, v := range Set(after).sorted() {
		if !slices.Contains(before, v) {
			lines = append(lines, "+ "+spell(v))
		}
	}
	return lines
}

func entryLines(before, after map[string]string) []string {
	var lines []string
	keys := slices.AppendSeq(slices.Collect(maps.Keys(before)), maps.Keys(after))
	for _, key := range Set(keys).sorted() {
		old, was := before[key]
		new, is := after[key]
		switch name := strconv.Quote(key); {
		case !was:
			lines = append(lines, "+ "+name+": "+strconv.Quote(new))
		case !is:
			lines = append(lines, "- "+name+": "+strconv.Quote(old))
		case old != new:
			lines = append(lines, "~ "+name+": "+strconv.Quote(old)+" -> "+strconv.Quote(new))
		}
	}
	return lines
}

// value formats a value of State for people.
func value(v any) string {
	switch v := v.(type) {
	case nil:
		return "(none)"
	case Unknown:
		return "(known after apply)"
	case string:
		return strconv.Quote(v)
	case []string:
		return list(v)
	case Set:
		return list(v.sorted())
	case map[string]string:
		var entries []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			entries = append(entries, strconv.Quote(key)+": "+strconv.Quote(v[key]))
		}
		return "{" + strings.Join(entries, ", ") + "}"
	case policy.Document:
		text, _ := v.MarshalJSON() // strings can always be written
		return string(text)
	}
	return fmt.Sprint(v)
}

func list(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// summary counts the resources by action.
func (p *Plan) summary() string {
	counts := p.counts()
	var parts []string
	for _, action := range actions() {
		if n := counts[action]; n > 0 && action != Gone {
			parts = append(parts, fmt.Sprintf("%d %s", n, map[Action]string{
				Create: "to create", Update: "to change", Adopt: "to take over", None: "unchanged", Refused: "refused",
				Delete: "to delete", Keep: "to keep",
			}[action]))
		}
	}
	if len(parts) == 0 {
		return "There is nothing to do."
	}
	return strings.Join(parts, ", ") + "."
}
