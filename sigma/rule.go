package sigma

import (
	"errors"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/cerpac/trailkeeper/predicate"
)

// rule reads a rule. It returns nil for one about another log than CloudTrail's, after
// its metadata, and what is wrong as problems.
func (d *document) rule(root *yaml.Node, meta Meta, rest map[string]member) *Rule {
	r := &Rule{Meta: meta, Alone: true}
	if m, ok := rest["logsource"]; ok {
		r.LogSource = d.logSource(m)
	} else {
		d.fail(root, "logsource is missing")
	}
	if !r.LogSource.CloudTrail() {
		return r
	}
	if m, ok := rest["fields"]; ok {
		r.Fields = d.texts(m)
	}
	m, ok := rest["detection"]
	if !ok {
		d.fail(root, "detection is missing")
		return r
	}
	r.Matches = d.detection(m, "detection")
	return r
}

// detection reads a map of search identifiers with a condition over them.
func (d *document) detection(m member, what string) *predicate.Predicate {
	searches := map[string]*predicate.Predicate{}
	var names []string
	var condition *member
	for _, part := range d.members(m.value, what) {
		switch part.name {
		case "condition":
			condition = &part
		case "timeframe": // of aggregations, which the condition would have
		case "rules": // of a filter
		default:
			names = append(names, part.name)
			searches[part.name] = d.search(part.value)
		}
	}
	switch {
	case condition == nil:
		d.fail(m.key, "%s has no condition", what)
		return nil
	case len(names) == 0:
		d.fail(m.key, "%s has no search", what)
		return nil
	}
	var alternatives []*predicate.Predicate
	for _, n := range listOf(condition.value) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			d.fail(n, "the condition is no text")
			continue
		}
		e, err := parseExpression(n.Value, names)
		if err != nil {
			d.failIn(n, err)
			continue
		}
		alternatives = append(alternatives, e.over(searches))
	}
	return predicate.Any(alternatives...)
}

// failIn notes a mistake in a condition, at its own column where that is known.
func (d *document) failIn(n *yaml.Node, err error) {
	at := *n
	if mistake, ok := errors.AsType[*conditionError](err); ok && n.Style == 0 && mistake.at < len(n.Value) {
		at.Column += mistake.at // a plain text on one line has no escapes
	}
	d.fail(&at, "%w", err)
}

// listOf returns the elements of a list, or the node itself.
func listOf(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	return []*yaml.Node{n}
}

// over returns the expression as a condition, given what the names stand for.
func (e *Expression) over(searches map[string]*predicate.Predicate) *predicate.Predicate {
	if e.Op == Named {
		return searches[e.Name]
	}
	parts := make([]*predicate.Predicate, len(e.Parts))
	for i, part := range e.Parts {
		parts[i] = part.over(searches)
	}
	switch e.Op {
	case Not:
		return predicate.Not(parts[0])
	case All:
		return predicate.All(parts...)
	}
	return predicate.Any(parts...)
}

// search reads one search: a map of fields, all of which must match, or a list of maps
// and keywords, one of which must.
func (d *document) search(n *yaml.Node) *predicate.Predicate {
	switch n.Kind {
	case yaml.MappingNode:
		var parts []*predicate.Predicate
		for _, m := range d.members(n, "a search") {
			parts = append(parts, d.item(m))
		}
		if len(parts) == 0 {
			d.fail(n, "a search is empty")
		}
		return predicate.All(parts...)
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			d.fail(n, "a search is empty")
		}
		if keywords := slices.DeleteFunc(slices.Clone(n.Content), isContainer); len(keywords) == len(n.Content) && len(keywords) > 0 {
			return d.keywords(n)
		}
		var parts []*predicate.Predicate
		for _, element := range n.Content {
			parts = append(parts, d.search(element))
		}
		return predicate.Any(parts...)
	}
	return d.keywords(n)
}

func isContainer(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode }

// keywords reads texts that are searched in all of an event.
func (d *document) keywords(n *yaml.Node) *predicate.Predicate {
	return d.item(member{"", n, n})
}
