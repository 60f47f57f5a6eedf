package sigma

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cerpac/trailkeeper/catalogue"
	"github.com/cerpac/trailkeeper/finding"
)

// Limits of one document.
const (
	maxDepth   = 20 // of lists and maps
	maxMembers = 10_000
)

// document is one YAML document of a file while it is read. It collects what is
// wrong with it.
type document struct {
	source, file string
	title        string
	options      Options
	problems     []*catalogue.Error
}

// fail notes a problem at a node.
func (d *document) fail(at *yaml.Node, format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if d.title != "" {
		err = fmt.Errorf("rule %q: %w", d.title, err)
	}
	d.problems = append(d.problems, &catalogue.Error{Source: d.source, File: d.file, Line: at.Line, Column: at.Column, Err: err})
}

// member is a member of a map.
type member struct {
	name       string
	key, value *yaml.Node
}

// members returns the members of a map in order; what names the map in an error.
func (d *document) members(n *yaml.Node, what string) []member {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "%s is not a map", what)
		return nil
	}
	var members []member
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			d.fail(key, "a key of %s is no text", what)
			continue
		}
		if line, again := lines[key.Value]; again {
			d.fail(key, "%q is in line %d already", key.Value, line)
			continue
		}
		lines[key.Value] = key.Line
		members = append(members, member{key.Value, key, n.Content[i+1]})
	}
	return members
}

// checkShape returns an error for what no document may contain: aliases, which can
// make a small file large, and deep nesting.
func checkShape(n *yaml.Node, depth int) (at *yaml.Node, err error) {
	switch {
	case n.Kind == yaml.AliasNode:
		return n, errors.New("aliases are not supported: write the value out")
	case depth > maxDepth:
		return n, fmt.Errorf("more than %d lists and maps in each other", maxDepth)
	case len(n.Content) > 2*maxMembers:
		return n, fmt.Errorf("more than %d members", maxMembers)
	}
	for _, child := range n.Content {
		if at, err := checkShape(child, depth+1); err != nil {
			return at, err
		}
	}
	return nil, nil
}

// text returns the text of a scalar.
func (d *document) text(m member) string {
	if m.value.Kind != yaml.ScalarNode {
		d.fail(m.value, "%s is not a text", m.name)
		return ""
	}
	if m.value.Tag == "!!null" {
		return ""
	}
	return m.value.Value
}

// texts returns the texts of a list, or of one scalar.
func (d *document) texts(m member) []string {
	if m.value.Kind == yaml.ScalarNode {
		if text := d.text(m); text != "" {
			return []string{text}
		}
		return nil
	}
	if m.value.Kind != yaml.SequenceNode {
		d.fail(m.value, "%s is not a list of texts", m.name)
		return nil
	}
	var texts []string
	for _, element := range m.value.Content {
		texts = append(texts, d.text(member{m.name, m.key, element}))
	}
	return texts
}

// meta reads what all kinds of documents have, and returns the other members.
func (d *document) meta(root *yaml.Node, members []member) (Meta, map[string]member) {
	meta := Meta{Source: d.source, File: d.file, Line: root.Line, Level: finding.Medium}
	rest := map[string]member{}
	for _, m := range members {
		switch m.name {
		case "title":
			meta.Title = strings.TrimSpace(d.text(m))
		case "id":
			meta.ID = d.text(m)
		case "name":
			meta.Name = d.text(m)
		case "status":
			meta.Status = d.text(m)
		case "description":
			meta.Description = strings.TrimSpace(d.text(m))
		case "license":
			meta.License = d.text(m)
		case "author":
			meta.Author = strings.Join(d.texts(m), ", ")
		case "references":
			meta.References = d.texts(m)
		case "tags":
			meta.Tags = d.texts(m)
		case "falsepositives":
			meta.FalsePositives = d.texts(m)
		case "level":
			meta.Level = d.level(m)
		case "trailkeeper":
			d.extensions(m, &meta)
		case "taxonomy":
			if taxonomy := d.text(m); taxonomy != "sigma" {
				d.fail(m.value, "taxonomy %q is not known, only sigma", taxonomy)
			}
		default:
			rest[m.name] = m
		}
	}
	if meta.Title == "" {
		d.fail(root, "title is missing")
	}
	return meta, rest
}

// extensions reads what is not of Sigma. Other programs pass it over.
func (d *document) extensions(m member, meta *Meta) {
	for _, part := range d.members(m.value, "trailkeeper") {
		switch part.name {
		case "next":
			meta.Next = d.texts(part)
		default:
			d.fail(part.key, "%q is no extension", part.name)
		}
	}
}

func (d *document) level(m member) finding.Severity {
	level, err := finding.ParseSeverity(d.text(m))
	if err != nil {
		d.fail(m.value, "level %q is not one of informational, low, medium, high, critical", m.value.Value)
		return finding.Medium
	}
	return level
}

// logSource reads the log that a rule is about.
func (d *document) logSource(m member) (log LogSource) {
	for _, part := range d.members(m.value, "logsource") {
		switch part.name {
		case "category":
			log.Category = d.text(part)
		case "product":
			log.Product = d.text(part)
		case "service":
			log.Service = d.text(part)
		}
	}
	return log
}

// titleOf returns the title for errors, before anything else is read.
func titleOf(members []member) string {
	at := slices.IndexFunc(members, func(m member) bool { return m.name == "title" && m.value.Kind == yaml.ScalarNode })
	if at < 0 {
		return ""
	}
	return members[at].value.Value
}
