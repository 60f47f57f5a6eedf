package sigma

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cerpac/trailkeeper/predicate"
)

// filter is a condition that is added to rules.
type filter struct {
	meta    Meta
	any     bool     // of all rules about CloudTrail
	rules   []string // by id, name or title
	at      *yaml.Node
	doc     *document
	matches *predicate.Predicate
}

// filter reads a filter. It returns nil for one about another log than CloudTrail's.
func (d *document) filter(root *yaml.Node, meta Meta, rest map[string]member) *filter {
	f := &filter{meta: meta, doc: d, at: root}
	if m, ok := rest["logsource"]; ok {
		if log := d.logSource(m); len(d.problems) == 0 && !log.CloudTrail() {
			return nil
		}
	}
	m := rest["filter"]
	for _, part := range d.members(m.value, "filter") {
		if part.name == "rules" {
			f.at, f.rules = part.value, d.texts(part)
			f.any = part.value.Kind == yaml.ScalarNode && strings.EqualFold(part.value.Value, "any")
		}
	}
	if len(f.rules) == 0 {
		d.fail(m.key, "the filter names no rules")
	}
	f.matches = d.detection(m, "filter")
	return f
}
