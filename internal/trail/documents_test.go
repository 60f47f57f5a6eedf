package trail

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/policy"
)

var update = flag.Bool("update", false, "rewrite the expected documents, the template and the field reference")

// golden is a trail with its documents. The Terraform module is held to the same files.
type golden struct {
	Place struct {
		Partition    string `json:"partition"`
		Account      string `json:"account"`
		Region       string `json:"region"`
		Organization string `json:"organization,omitempty"`
		Management   string `json:"management,omitempty"`
	} `json:"place"`
	Spec      json.RawMessage            `json:"spec"`
	Documents map[string]policy.Document `json:"documents"`
}

// documents are all documents of a trail, under the names that Terraform has for them.
func documents(s Spec, p Place) map[string]policy.Document {
	return map[string]policy.Document{
		"bucket_policy":            s.BucketPolicy(p),
		"key_policy":               s.KeyPolicy(p),
		"role_trust":               s.RoleTrust(p),
		"role_policy":              s.RolePolicy(p),
		"role_boundary":            s.RoleBoundary(p),
		"topic_policy":             s.TopicPolicy(p),
		"access_log_bucket_policy": s.AccessLogPolicy(p),
		"alarm_topic_policy":       s.AlarmTopicPolicy(p),
		"bucket_grant":             s.BucketGrant(p),
		"key_grant":                s.KeyGrant(p),
	}
}

func TestDocuments(t *testing.T) {
	files, err := filepath.Glob("testdata/documents/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("found only %d trails: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var g golden
			if err := json.Unmarshal(text, &g); err != nil {
				t.Fatal(err)
			}
			spec, err := Read(file, g.Spec)
			if err != nil {
				t.Fatal(err)
			}
			p := Place(g.Place)
			if err := spec.Validate(); err != nil {
				t.Error(err)
			}
			if err := spec.Fits(p); err != nil {
				t.Error(err)
			}
			got := documents(spec, p)
			if *update {
				g.Documents = got
				writeJSON(t, file, g)
				return
			}
			if len(g.Documents) != len(got) {
				t.Errorf("%d documents, want %d", len(got), len(g.Documents))
			}
			for name, want := range g.Documents {
				if !policy.Equal(got[name], want) {
					t.Errorf("%s:\n%s\nwant\n%s", name, got[name], want)
				}
			}
		})
	}
}

func writeJSON(t *testing.T, file string, v any) {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// CloudWatch Logs is called after the Region and the partition, unlike other services.
func TestKeyPolicyNamesTheLogsOfThePartition(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-2":      "logs.eu-west-2.amazonaws.com",
		"us-gov-west-1":  "logs.us-gov-west-1.amazonaws.com",
		"cn-north-1":     "logs.cn-north-1.amazonaws.com.cn",
		"eusc-de-east-1": "logs.eusc-de-east-1.amazonaws.eu",
		"us-isob-east-1": "logs.us-isob-east-1.sc2s.sgov.gov",
	} {
		text := Spec{}.KeyPolicy(Place{Partition: "aws", Account: "123456789012", Region: region}).String()
		if !strings.Contains(text, `"`+want+`"`) {
			t.Errorf("the policy of the key in %s does not name %s: %s", region, want, text)
		}
	}
}
