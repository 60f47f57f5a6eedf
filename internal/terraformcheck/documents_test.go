package terraformcheck

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/cerpac/trailkeeper/policy"
)

// place is where a module is applied.
type place struct {
	partition, region, suffix string
}

func places() []place {
	return []place{
		{"aws", "eu-west-2", "amazonaws.com"},
		{"aws-us-gov", "us-gov-west-1", "amazonaws.com"},
		{"aws-cn", "cn-north-1", "amazonaws.com.cn"},
	}
}

const account = "123456789012"

// stubs stand for what the modules ask AWS, and what it gives them.
func (p place) stubs() map[string]cty.Value {
	return map[string]cty.Value{
		"account": cty.StringVal(account), "partition": cty.StringVal(p.partition),
		"region": cty.StringVal(p.region), "dns_suffix": cty.StringVal(p.suffix),
		"organization_id": cty.NullVal(cty.String), "management_account": cty.NullVal(cty.String),
		"key_arn": cty.StringVal(p.arn("kms", p.region, account, "key/1")),
	}
}

func (p place) arn(service, region, account, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", p.partition, service, region, account, resource)
}

// setup is one use of the module, and the documents that must come of it, which are
// also those of the program: internal/trail has the files.
type setup struct {
	name      string
	stubs     map[string]cty.Value
	inputs    map[string]cty.Value
	documents map[string]policy.Document
}

func setups(t *testing.T, m *module) []setup {
	t.Helper()
	files, err := filepath.Glob("../trail/testdata/documents/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("found only %d trails: %v", len(files), err)
	}
	var all []setup
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var golden struct {
			Place     struct{ Partition, Account, Region, Organization, Management string }
			Spec      map[string]ctyjson.SimpleJSONValue
			Documents map[string]policy.Document
		}
		if err := json.Unmarshal(text, &golden); err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(places(), func(p place) bool { return p.partition == golden.Place.Partition })
		s := setup{name: filepath.Base(file), stubs: places()[at].stubs(), inputs: map[string]cty.Value{}, documents: map[string]policy.Document{}}
		if golden.Place.Organization != "" {
			s.stubs["organization_id"] = cty.StringVal(golden.Place.Organization)
			s.stubs["management_account"] = cty.StringVal(golden.Place.Management)
		}
		// Other modules have the alarms.
		for name, value := range golden.Spec {
			if m.variables[name] != nil {
				s.inputs[name] = value.Value
			}
		}
		for name, document := range golden.Documents {
			if m.locals[name] != nil {
				s.documents[name] = document
			}
		}
		if len(s.inputs) < 2 || len(s.documents) != 9 {
			t.Fatalf("%s: %d inputs and %d documents", file, len(s.inputs), len(s.documents))
		}
		all = append(all, s)
	}
	return all
}

func onlyTLS(bucket string) policy.Statement {
	return policy.Statement{
		Effect: policy.Deny, Principal: policy.Everyone(), Action: policy.Values{"s3:*"}, Resource: policy.Values{bucket, bucket + "/*"},
		Condition: policy.Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
	}
}

// sids are the names of the statements, which mean nothing and must not be there twice.
func sids(d policy.Document) (list []string) {
	for _, s := range d.Statements {
		list = append(list, s.Sid)
	}
	return list
}

func TestPolicies(t *testing.T) {
	m := load(t, filepath.Join(root, "modules/security/cloud_trail"))
	for _, s := range setups(t, m) {
		t.Run(s.name, func(t *testing.T) {
			e := m.evaluate(t, s.inputs, s.stubs)
			for local, want := range s.documents {
				got, err := policy.Parse(e.json(t, local))
				if err != nil {
					t.Fatalf("%s: %v", local, err)
				}
				if !policy.Equal(got, want) || !slices.Equal(sids(got), sids(want)) {
					t.Errorf("%s:\n%s\nwant\n%s", local, got, want)
				}
			}
		})
	}
}

func TestConfigBucketPolicy(t *testing.T) {
	m := load(t, filepath.Join(root, "modules/security/aws_config"))
	for _, p := range places() {
		bucket := p.arn("s3", "", "", "production-cerpac-config-logs")
		asks := func(actions policy.Values, resource string, condition map[string]policy.Values) policy.Statement {
			condition["aws:SourceAccount"] = policy.Values{account}
			return policy.Statement{
				Effect: policy.Allow, Principal: policy.Service("config.amazonaws.com"), Action: actions, Resource: policy.Values{resource},
				Condition: policy.Conditions{"StringEquals": condition},
			}
		}
		want := policy.New(
			asks(policy.Values{"s3:GetBucketAcl", "s3:ListBucket"}, bucket, map[string]policy.Values{}),
			asks(policy.Values{"s3:PutObject"}, bucket+"/AWSLogs/"+account+"/Config/*", map[string]policy.Values{"s3:x-amz-acl": {"bucket-owner-full-control"}}),
			onlyTLS(bucket),
		)
		got, err := policy.Parse(m.evaluate(t, withNames(nil), p.stubs()).json(t, "bucket_policy"))
		if err != nil || !policy.Equal(got, want) {
			t.Errorf("%v\n%s\nwant\n%s", err, got, want)
		}
	}
}

func withNames(more map[string]cty.Value) map[string]cty.Value {
	inputs := map[string]cty.Value{"env": cty.StringVal("production"), "project_id": cty.StringVal("cerpac")}
	maps.Copy(inputs, more)
	return inputs
}
