package terraformcheck

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// terraform is a program that understands Terraform's language: Terraform itself,
// or OpenTofu.
type terraform struct {
	program string
}

func programs() (found []terraform, missing []string) {
	for _, name := range []string{"terraform", "tofu"} {
		if program, err := exec.LookPath(name); err == nil {
			found = append(found, terraform{program})
		} else {
			missing = append(missing, name)
		}
	}
	return found, missing
}

func TestBothProgramsAreAsked(t *testing.T) {
	if _, missing := programs(); len(missing) > 0 {
		t.Skipf("SKIPPED REAL SERVICE: not installed, so they have not judged the modules: %s", strings.Join(missing, ", "))
	}
}

func withTerraform(t *testing.T, test func(t *testing.T, tf terraform)) {
	found, _ := programs()
	if len(found) == 0 {
		t.Skip("SKIPPED REAL SERVICE: neither terraform nor tofu is installed")
	}
	for _, tf := range found {
		t.Run(filepath.Base(tf.program), func(t *testing.T) { test(t, tf) })
	}
}

// run gives standard output, also of a command that fails.
func (tf terraform) run(dir string, environment []string, args ...string) (string, error) {
	cmd := exec.Command(tf.program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0")
	cmd.Env = append(cmd.Env, environment...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(tf.program), args[0], err, strings.Join(strings.Fields(stderr.String()), " "))
	}
	return stdout.String(), nil
}

// noSettings keeps what a machine has set up for Terraform out of a test.
func noSettings() []string { return []string{"TF_CLI_CONFIG_FILE=" + os.DevNull} }

func TestFormat(t *testing.T) {
	withTerraform(t, func(t *testing.T, tf terraform) {
		if output, err := tf.run(root, noSettings(), "fmt", "-check", "-recursive", "-diff"); err != nil {
			t.Errorf("run terraform fmt -recursive: %v\n%s", err, output)
		}
	})
}

// bare is a copy of a module without resources and without what it asks AWS. Its
// variables, local values and preconditions are left, and they need no provider.
type bare struct {
	terraform
	dir string
}

func (m *module) bare(t *testing.T, tf terraform, stubs map[string]cty.Value) bare {
	t.Helper()
	b := bare{tf, t.TempDir()}
	checks := hclwrite.NewEmptyFile()
	lifecycle := checks.Body().AppendNewBlock("resource", []string{"terraform_data", "checks"}).Body().AppendNewBlock("lifecycle", nil).Body()
	files, err := filepath.Glob(filepath.Join(m.dir, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, diags := hclwrite.ParseConfig(text, file, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		strip(parsed.Body(), lifecycle)
		b.write(t, filepath.Base(file), parsed)
	}
	overrides := hclwrite.NewEmptyFile()
	locals := overrides.Body().AppendNewBlock("locals", nil).Body()
	for _, name := range sortedKeys(m.locals) {
		output := checks.Body().AppendNewBlock("output", []string{name}).Body()
		output.SetAttributeTraversal("value", hcl.Traversal{hcl.TraverseRoot{Name: "local"}, hcl.TraverseAttr{Name: name}})
		if stub, ok := stubs[name]; ok {
			locals.SetAttributeValue(name, stub)
		}
	}
	b.write(t, "checks.tf", checks)
	b.write(t, "stubs_override.tf", overrides)
	if output, err := b.run(b.dir, noSettings(), "init", "-no-color"); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return b
}

// strip takes everything but variables and local values out of a file, and moves
// preconditions to where they are kept.
func strip(body, preconditions *hclwrite.Body) {
	for _, block := range body.Blocks() {
		if slices.Contains([]string{"variable", "locals"}, block.Type()) {
			continue
		}
		for _, inner := range block.Body().Blocks() {
			if inner.Type() == "lifecycle" {
				for _, precondition := range inner.Body().Blocks() {
					preconditions.AppendBlock(precondition)
				}
			}
		}
		body.RemoveBlock(block)
	}
}

func (b bare) write(t *testing.T, name string, file *hclwrite.File) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// plan gives the values of all local values, or the messages of what is refused.
func (b bare) plan(t *testing.T, inputs map[string]any) (locals map[string]any, refused string) {
	t.Helper()
	text, err := json.Marshal(inputs)
	if err != nil {
		t.Fatal(err)
	}
	file, saved := filepath.Join(t.TempDir(), "inputs.tfvars.json"), filepath.Join(t.TempDir(), "plan")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := b.run(b.dir, noSettings(), "plan", "-json", "-lock=false", "-var-file", file, "-out", saved)
	if err != nil {
		return nil, messages(t, output)
	}
	if output, err = b.run(b.dir, noSettings(), "show", "-json", saved); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	var shown struct {
		PlannedValues struct {
			Outputs map[string]struct{ Value any }
		} `json:"planned_values"`
	}
	if err := json.Unmarshal([]byte(output), &shown); err != nil {
		t.Fatal(err)
	}
	locals = map[string]any{}
	for name, output := range shown.PlannedValues.Outputs {
		locals[name] = output.Value
	}
	return locals, ""
}

// messages takes the errors out of what terraform plan -json prints.
func messages(t *testing.T, output string) string {
	t.Helper()
	var all strings.Builder
	decoder := json.NewDecoder(strings.NewReader(output))
	for decoder.More() {
		var line struct {
			Diagnostic struct{ Summary, Detail string }
		}
		if err := decoder.Decode(&line); err != nil {
			t.Fatalf("%v in %s", err, output)
		}
		all.WriteString(line.Diagnostic.Summary + ": " + line.Diagnostic.Detail + "\n")
	}
	return all.String()
}

// The evaluation by this package and the one by Terraform come to the same.
func TestTerraformEvaluatesTheSame(t *testing.T) {
	m := load(t, filepath.Join(root, "modules/security/cloud_trail"))
	withTerraform(t, func(t *testing.T, tf terraform) {
		for _, s := range setups(t, m) {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				locals, refused := m.bare(t, tf, s.stubs).plan(t, toJSON(t, s.inputs))
				if refused != "" || len(locals) < 20 {
					t.Fatalf("%d local values; %s", len(locals), refused)
				}
				e := m.evaluate(t, s.inputs, s.stubs)
				for name, got := range locals {
					var want any
					if err := json.Unmarshal(e.json(t, name), &want); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("local.%s (-here +%s):\n%s", name, filepath.Base(tf.program), diff)
					}
				}
			})
		}
	})
}

func toJSON(t *testing.T, inputs map[string]cty.Value) map[string]any {
	t.Helper()
	values := map[string]any{}
	for name, value := range inputs {
		text, err := ctyjson.Marshal(value, value.Type())
		if err != nil {
			t.Fatal(err)
		}
		values[name] = json.RawMessage(text)
	}
	return values
}

// with adds inputs to those that a module cannot do without.
func with(required, more map[string]any) map[string]any {
	all := maps.Clone(required)
	maps.Copy(all, more)
	return all
}
