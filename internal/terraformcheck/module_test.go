// Package terraformcheck tests the Terraform modules and examples, as far as possible without Terraform and without AWS.
//
// It reads their HCL itself, checks what is written against what exists, and
// evaluates the policies. Where Terraform is installed it asks that too.
package terraformcheck

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const root = "../../terraform"

// module is a folder of Terraform files, parsed.
type module struct {
	name      string // the folder, below the root
	dir       string
	bodies    []*hclsyntax.Body
	variables map[string]*hclsyntax.Block
	outputs   map[string]*hclsyntax.Block
	locals    map[string]hclsyntax.Expression
	resources map[string]*hclsyntax.Block // by TYPE.NAME, or data.TYPE.NAME
	calls     map[string]*hclsyntax.Block // of other modules
}

func load(t *testing.T, dir string) *module {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: found no Terraform files: %v", dir, err)
	}
	name, err := filepath.Rel(root, dir)
	if err != nil {
		t.Fatal(err)
	}
	m := &module{
		name: filepath.ToSlash(name), dir: dir,
		variables: map[string]*hclsyntax.Block{}, outputs: map[string]*hclsyntax.Block{},
		locals:    map[string]hclsyntax.Expression{},
		resources: map[string]*hclsyntax.Block{}, calls: map[string]*hclsyntax.Block{},
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, diags := hclsyntax.ParseConfig(text, file, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		m.declare(parsed.Body.(*hclsyntax.Body))
	}
	return m
}

func (m *module) declare(body *hclsyntax.Body) {
	m.bodies = append(m.bodies, body)
	for _, block := range body.Blocks {
		switch block.Type {
		case "variable":
			m.variables[block.Labels[0]] = block
		case "output":
			m.outputs[block.Labels[0]] = block
		case "module":
			m.calls[block.Labels[0]] = block
		case "resource":
			m.resources[block.Labels[0]+"."+block.Labels[1]] = block
		case "data":
			m.resources["data."+block.Labels[0]+"."+block.Labels[1]] = block
		case "locals":
			for name, attribute := range block.Body.Attributes {
				m.locals[name] = attribute.Expr
			}
		}
	}
}

// modules are those for use by others, examples the ones that use them.
func modules(t *testing.T) []*module  { return loadAll(t, "modules/security/*") }
func examples(t *testing.T) []*module { return loadAll(t, "examples/*") }

func loadAll(t *testing.T, pattern string) []*module {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil || len(dirs) < 3 {
		t.Fatalf("found only %q: %v", dirs, err)
	}
	var all []*module
	for _, dir := range dirs {
		all = append(all, load(t, dir))
	}
	return all
}

// callee loads the module that a call names.
func (m *module) callee(t *testing.T, call *hclsyntax.Block) *module {
	t.Helper()
	source, diags := call.Body.Attributes["source"].Expr.Value(nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return load(t, filepath.Join(m.dir, source.AsString()))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
