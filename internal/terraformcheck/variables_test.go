package terraformcheck

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

func TestVariables(t *testing.T) {
	for _, m := range append(modules(t), examples(t)...) {
		if len(m.variables) == 0 {
			t.Errorf("%s: found no variables", m.name)
		}
		for name, block := range m.variables {
			where := m.name + ": variable " + name
			checkSentence(t, where+": description", block, "description")
			if block.Body.Attributes["type"] == nil {
				t.Errorf("%s: no type", where)
				continue
			}
			kind, _, diags := typeexpr.TypeConstraintWithDefaults(block.Body.Attributes["type"].Expr)
			if diags.HasErrors() {
				t.Errorf("%s: %v", where, diags)
			}
			for _, validation := range block.Body.Blocks {
				if message := checkSentence(t, where+": validation", validation, "error_message"); !strings.Contains(message, name) {
					t.Errorf("%s: the message does not name the variable: %s", where, message)
				}
			}
			if inModules := strings.HasPrefix(m.name, "modules/"); inModules && kind != cty.Bool && len(block.Body.Blocks) == 0 && !m.hasPrecondition(name) {
				t.Errorf("%s: nothing checks the value", where)
			}
		}
	}
}

func TestOutputsAreDescribed(t *testing.T) {
	for _, m := range append(modules(t), examples(t)...) {
		if len(m.outputs) == 0 {
			t.Errorf("%s: found no outputs", m.name)
		}
		for name, block := range m.outputs {
			checkSentence(t, m.name+": output "+name, block, "description")
		}
	}
}

// checkSentence returns the text of an attribute, with ... for what it inserts.
func checkSentence(t *testing.T, where string, block *hclsyntax.Block, attribute string) string {
	t.Helper()
	if block.Body.Attributes[attribute] == nil {
		t.Errorf("%s: none", where)
		return ""
	}
	text := literal(block.Body.Attributes[attribute].Expr)
	if !regexp.MustCompile(`^[A-Z].*\.$`).MatchString(text) {
		t.Errorf("%s: not a sentence: %q", where, text)
	}
	return text
}

func literal(expr hclsyntax.Expression) string {
	template, ok := expr.(*hclsyntax.TemplateExpr)
	if !ok {
		return ""
	}
	var text strings.Builder
	for _, part := range template.Parts {
		if value, diags := part.Value(nil); !diags.HasErrors() {
			text.WriteString(value.AsString())
		} else {
			text.WriteString("...")
		}
	}
	return text.String()
}

// preconditions are those of every resource, in the order of the file.
func (m *module) preconditions() (all []*hclsyntax.Block) {
	for _, name := range sortedKeys(m.resources) {
		for _, block := range m.resources[name].Body.Blocks {
			if block.Type == "lifecycle" {
				all = append(all, block.Body.Blocks...)
			}
		}
	}
	return all
}

func (m *module) hasPrecondition(variable string) bool {
	return slices.ContainsFunc(m.preconditions(), func(block *hclsyntax.Block) bool {
		return slices.ContainsFunc(block.Body.Attributes["condition"].Expr.Variables(), func(ref hcl.Traversal) bool {
			return slices.Equal(names(ref)[:2], []string{"var", variable})
		})
	})
}

// A partition, Region or account in a module works in that one only.
func TestNothingIsTiedToOnePlace(t *testing.T) {
	tied := regexp.MustCompile(`arn:aws|\b(us|eu|ap|sa|ca|me|af|cn|il|mx)(-gov|-iso\w*)?-(north|south|east|west|central)\w*-\d\b|\b\d{12}\b|amazonaws\.com\.`)
	files, err := filepath.Glob(filepath.Join(root, "*", "*", "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	nested, err := filepath.Glob(filepath.Join(root, "*", "*", "*", "*.tf"))
	if err != nil || len(nested) < 10 {
		t.Fatalf("found only %d files: %v", len(nested), err)
	}
	for _, file := range append(files, nested...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := tied.Find(text); found != nil {
			t.Errorf("%s: %q", file, found)
		}
	}
}
