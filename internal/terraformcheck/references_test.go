package terraformcheck

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func TestReferencesResolve(t *testing.T) {
	for _, m := range append(modules(t), examples(t)...) {
		t.Run(m.name, func(t *testing.T) {
			checked := 0
			for _, body := range m.bodies {
				for _, block := range body.Blocks {
					m.walk(t, block, scope{}.inside(block), func(ref hcl.Traversal, in scope) {
						checked++
						if problem := m.resolve(t, ref, in); problem != "" {
							t.Errorf("%s: %s", ref.SourceRange(), problem)
						}
					})
				}
			}
			if checked < 3 {
				t.Errorf("found only %d references", checked)
			}
		})
	}
}

// scope is what a reference may name beside the declarations of its module.
type scope struct {
	iterators []string // each, count, self and those of dynamic blocks
	only      string   // the one variable that a validation may look at
}

func (s scope) inside(block *hclsyntax.Block) scope {
	s.iterators = slices.Clone(s.iterators)
	switch block.Type {
	case "resource", "data", "module":
		if block.Body.Attributes["for_each"] != nil {
			s.iterators = append(s.iterators, "each")
		}
		if block.Body.Attributes["count"] != nil {
			s.iterators = append(s.iterators, "count")
		}
	case "dynamic":
		s.iterators = append(s.iterators, block.Labels[0])
	case "variable":
		s.only = block.Labels[0]
	}
	return s
}

// walk visits every reference below a block. A type and a list of arguments to
// ignore look like references and are none.
func (m *module) walk(t *testing.T, block *hclsyntax.Block, in scope, visit func(hcl.Traversal, scope)) {
	for _, name := range sortedKeys(block.Body.Attributes) {
		if block.Type == "variable" && name == "type" || name == "ignore_changes" {
			continue
		}
		for _, ref := range block.Body.Attributes[name].Expr.Variables() {
			visit(ref, in)
		}
	}
	for _, inner := range block.Body.Blocks {
		m.walk(t, inner, in.inside(inner), visit)
	}
}

// resolve tells what is wrong with a reference, or nothing.
func (m *module) resolve(t *testing.T, ref hcl.Traversal, in scope) string {
	path := names(ref)
	if in.only != "" && (path[0] != "var" || path[1] != in.only) {
		return fmt.Sprintf("the validation of %s looks at %s, which Terraform before 1.9 refuses", in.only, strings.Join(path, "."))
	}
	if slices.Contains(in.iterators, path[0]) {
		return ""
	}
	if len(path) < 2 || path[0] == "data" && len(path) < 3 {
		return fmt.Sprintf("%s alone names nothing", strings.Join(path, "."))
	}
	switch path[0] {
	case "var":
		return missing(m.variables, "variable", path[1])
	case "local":
		return missing(m.locals, "local value", path[1])
	case "path", "terraform":
		return ""
	case "module":
		return m.resolveOutput(t, path[1:])
	case "data":
		return m.resolveAttribute("data."+path[1]+"."+path[2], path[3:])
	}
	return m.resolveAttribute(path[0]+"."+path[1], path[2:])
}

// names are the names along a reference, without indices.
func names(ref hcl.Traversal) []string {
	path := []string{ref.RootName()}
	for _, step := range ref[1:] {
		if attribute, ok := step.(hcl.TraverseAttr); ok {
			path = append(path, attribute.Name)
		}
	}
	return path
}

func missing[V any](declared map[string]V, kind, name string) string {
	if _, ok := declared[name]; ok {
		return ""
	}
	return fmt.Sprintf("there is no %s %q", kind, name)
}

func (m *module) resolveAttribute(resource string, path []string) string {
	block, ok := m.resources[resource]
	if !ok {
		return fmt.Sprintf("there is no resource %q", resource)
	}
	if len(path) == 0 {
		return ""
	}
	if known := providerSchema().of(block); !known.hasAttribute(path[0]) {
		return fmt.Sprintf("%s has no attribute %q in AWS provider %s", block.Labels[0], path[0], providerVersions)
	}
	return ""
}

// resolveOutput follows a reference into the object that an output makes, as far
// as the object is written there.
func (m *module) resolveOutput(t *testing.T, path []string) string {
	call, ok := m.calls[path[0]]
	if !ok {
		return fmt.Sprintf("there is no module %q", path[0])
	}
	if len(path) == 1 {
		return ""
	}
	output, ok := m.callee(t, call).outputs[path[1]]
	if !ok {
		return fmt.Sprintf("module %q has no output %q", path[0], path[1])
	}
	value := output.Body.Attributes["value"].Expr
	for _, name := range path[2:] {
		object, ok := value.(*hclsyntax.ObjectConsExpr)
		if !ok {
			return ""
		}
		member := slices.IndexFunc(object.Items, func(item hclsyntax.ObjectConsItem) bool {
			return hcl.ExprAsKeyword(item.KeyExpr) == name
		})
		if member < 0 {
			return fmt.Sprintf("output %q has no member %q", path[1], name)
		}
		value = object.Items[member].ValueExpr
	}
	return ""
}

func TestCallsPassWhatModulesTake(t *testing.T) {
	calls := 0
	for _, m := range examples(t) {
		for _, call := range m.calls {
			calls++
			checkCall(t, m.name, call, m.callee(t, call))
		}
	}
	if calls < 6 {
		t.Errorf("found only %d calls", calls)
	}
}

func checkCall(t *testing.T, where string, call *hclsyntax.Block, callee *module) {
	t.Helper()
	for argument := range call.Body.Attributes {
		if callee.variables[argument] == nil && !slices.Contains([]string{"source", "depends_on", "providers"}, argument) {
			t.Errorf("%s: module %q passes %q, which %s does not take", where, call.Labels[0], argument, callee.name)
		}
	}
	for variable, block := range callee.variables {
		if block.Body.Attributes["default"] == nil && call.Body.Attributes[variable] == nil {
			t.Errorf("%s: module %q does not pass %q, which %s requires", where, call.Labels[0], variable, callee.name)
		}
	}
}

// What Terraform learns only from a resource that it has made cannot say how many
// others there are to be: the first plan would fail.
func TestCountsAreKnownBeforeApply(t *testing.T) {
	counts := 0
	for _, m := range append(modules(t), examples(t)...) {
		for name, block := range m.resources {
			for _, argument := range []string{"count", "for_each"} {
				if block.Body.Attributes[argument] == nil {
					continue
				}
				counts++
				if origin := m.computed(block.Body.Attributes[argument].Expr); origin != "" {
					t.Errorf("%s: the %s of %s depends on %s", m.name, argument, name, origin)
				}
			}
		}
	}
	if counts < 10 {
		t.Errorf("found only %d counts", counts)
	}
}

// computed names a resource or module that a value depends on, through local
// values too.
func (m *module) computed(expr hclsyntax.Expression) string {
	for _, ref := range expr.Variables() {
		switch path := names(ref); path[0] {
		case "var", "data", "each", "count":
		case "local":
			if origin := m.computed(m.locals[path[1]]); origin != "" {
				return origin
			}
		default:
			return strings.Join(path, ".")
		}
	}
	return ""
}
