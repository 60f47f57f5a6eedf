package terraformcheck

import (
	_ "embed"
	"encoding/json"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// providerVersions are the ones that testdata/provider.json has in common: what
// both know works in all between them.
const providerVersions = "5.26 and 6.25"

//go:embed testdata/provider.json
var providerJSON []byte

// schema is what a resource, or a block in one, may hold.
type schema struct {
	Arguments []string
	Required  []string
	Computed  []string
	Blocks    map[string]schema
}

func (s schema) hasAttribute(name string) bool {
	_, block := s.Blocks[name]
	return block || name == "id" || slices.Contains(s.Arguments, name) || slices.Contains(s.Computed, name)
}

type schemas map[string]schema

func providerSchema() schemas {
	var s schemas
	if err := json.Unmarshal(providerJSON, &s); err != nil {
		panic(err)
	}
	return s
}

func (s schemas) of(block *hclsyntax.Block) schema {
	if block.Type == "data" {
		return s["data."+block.Labels[0]]
	}
	return s[block.Labels[0]]
}

func TestResourcesAreWrittenAsTheProviderTakesThem(t *testing.T) {
	known := providerSchema()
	for _, m := range append(modules(t), examples(t)...) {
		for name, block := range m.resources {
			s := known.of(block)
			if s.Arguments == nil {
				t.Errorf("%s: %s: AWS provider %s does not know this type", m.name, name, providerVersions)
				continue
			}
			s.check(t, m.name+": "+name, block.Body)
		}
	}
}

func (s schema) check(t *testing.T, where string, body *hclsyntax.Body) {
	t.Helper()
	meta := []string{"count", "for_each", "depends_on", "provider"}
	for name := range body.Attributes {
		if !slices.Contains(s.Arguments, name) && !slices.Contains(meta, name) {
			t.Errorf("%s: AWS provider %s takes no argument %q", where, providerVersions, name)
		}
	}
	for _, name := range s.Required {
		if body.Attributes[name] == nil {
			t.Errorf("%s: lacks the argument %q", where, name)
		}
	}
	for _, block := range body.Blocks {
		name, inner := block.Type, block.Body
		if name == "lifecycle" {
			continue
		}
		if name == "dynamic" {
			name, inner = block.Labels[0], block.Body.Blocks[0].Body
		}
		known, ok := s.Blocks[name]
		if !ok {
			t.Errorf("%s: AWS provider %s takes no block %q", where, providerVersions, name)
			continue
		}
		known.check(t, where+"."+name, inner)
	}
}
