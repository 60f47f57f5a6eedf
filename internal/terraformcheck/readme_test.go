package terraformcheck

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func readme(t *testing.T, m *module) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReadmesListEveryVariable(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| [^|]+ \\| ([^|]+) \\|")
	for _, m := range modules(t) {
		listed := map[string]bool{}
		for _, match := range row.FindAllStringSubmatch(readme(t, m), -1) {
			variable := m.variables[match[1]]
			if variable == nil {
				t.Errorf("%s: the README lists %q, which is no variable", m.name, match[1])
				continue
			}
			listed[match[1]] = true
			if required := match[2] == "required"; required != (variable.Body.Attributes["default"] == nil) {
				t.Errorf("%s: %s is %q in the README", m.name, match[1], match[2])
			}
		}
		for name := range m.variables {
			if !listed[name] {
				t.Errorf("%s: the README does not list %q", m.name, name)
			}
		}
	}
}

func TestReadmesShowWhatCanBeParsed(t *testing.T) {
	blocks := 0
	for _, m := range append(modules(t), examples(t)...) {
		for i, part := range strings.Split(readme(t, m), "```") {
			code, isTerraform := strings.CutPrefix(part, "terraform\n")
			if i%2 == 0 || !isTerraform {
				continue
			}
			blocks++
			parsed, diags := hclsyntax.ParseConfig([]byte(code), m.name+"/README.md", hcl.InitialPos)
			if diags.HasErrors() {
				t.Error(diags)
				continue
			}
			for _, call := range parsed.Body.(*hclsyntax.Body).Blocks {
				if call.Type == "module" {
					examples := &module{dir: filepath.Join(root, "examples/basic")}
					checkCall(t, m.name+"/README.md", call, examples.callee(t, call))
				}
			}
		}
	}
	if blocks < 5 {
		t.Errorf("found only %d blocks", blocks)
	}
}
