package terraformcheck

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
)

// services are those that the examples call, as the provider names them.
const services = "cloudtrail cloudwatch config guardduty iam kms logs organizations s3 securityhub sns sts"

// provided is a copy of all modules and examples with a provider for AWS.
type provided struct {
	terraform
	dir string
}

// withProvider runs a test with each program that can get the provider, in the
// way a machine is set up for it: from a registry, a mirror or a folder of plugins.
func withProvider(t *testing.T, test func(t *testing.T, prepare func(t *testing.T, example string) provided)) {
	withTerraform(t, func(t *testing.T, tf terraform) {
		prepare := func(t *testing.T, example string) provided {
			t.Helper()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(root)); err != nil {
				t.Fatal(err)
			}
			p := provided{tf, filepath.Join(dir, "examples", example)}
			if _, err := p.run(p.dir, nil, "init", "-no-color"); err != nil {
				t.Skipf("SKIPPED REAL SERVICE: no AWS provider is to be had: %v", err)
			}
			return p
		}
		prepare(t, "basic")
		test(t, prepare)
	})
}

func (p provided) must(t *testing.T, args ...string) {
	t.Helper()
	if output, err := p.run(p.dir, nil, append(args, "-no-color")...); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

func TestExamplesAreValid(t *testing.T) {
	withProvider(t, func(t *testing.T, prepare func(*testing.T, string) provided) {
		for _, m := range examples(t) {
			t.Run(filepath.Base(m.dir), func(t *testing.T) {
				prepare(t, filepath.Base(m.dir)).must(t, "validate")
			})
		}
	})
}

// Apply, a second plan without changes, the same trail as trailkeeper plans it without
// changes, and destroy, in the sandbox.
func TestApplyTwiceAndDestroy(t *testing.T) {
	withProvider(t, func(t *testing.T, prepare func(*testing.T, string) provided) {
		for _, example := range []string{"development", "complete"} {
			t.Run(example, func(t *testing.T) {
				box := deploytest.Open(t)
				p := prepare(t, example)
				p.pointTo(t, box.Endpoint)
				p.must(t, "apply", "-auto-approve")
				p.must(t, "plan", "-detailed-exitcode") // fails when it finds changes
				if plan := box.Plan(t, specs[example]); !plan.Empty() {
					var text strings.Builder
					if err := plan.WriteText(&text); err != nil {
						t.Fatal(err)
					}
					t.Errorf("trailkeeper would change what Terraform made:\n%s", text.String())
				}
				p.must(t, "destroy", "-auto-approve")
			})
		}
	})
}

// specs are the trails of the examples.
var specs = map[string]trail.Spec{
	"development": spec("development", "my-project", func(s *trail.Spec) {
		s.RetentionDays, s.Tags = 30, map[string]string{"Environment": "dev"}
	}),
	"complete": spec("production", "cerpac", func(*trail.Spec) {}),
}

func spec(env, project string, change func(*trail.Spec)) trail.Spec {
	s := trail.Default()
	s.Env, s.ProjectID, s.Region, s.ForceDestroy = env, project, deploytest.Region, true
	change(&s)
	return s
}

// pointTo sends every call to the endpoint, and lets destroy delete what was
// delivered there meanwhile.
func (p provided) pointTo(t *testing.T, endpoint string) {
	t.Helper()
	var override strings.Builder
	override.WriteString("module \"cloudtrail\" {\n  force_destroy = true\n}\n")
	override.WriteString("provider \"aws\" {\n  region = \"eu-west-2\"\n  access_key = \"test\"\n  secret_key = \"test\"\n  s3_use_path_style = true\n  endpoints {\n")
	for service := range strings.FieldsSeq(services) {
		fmt.Fprintf(&override, "    %s = %q\n", service, endpoint)
	}
	// S3 Control is called by a name that begins with the account.
	fmt.Fprintf(&override, "    s3control = %q\n", strings.Replace(endpoint, "127.0.0.1", "localhost", 1))
	override.WriteString("  }\n}\n")
	if err := os.WriteFile(filepath.Join(p.dir, "endpoint_override.tf"), []byte(override.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
