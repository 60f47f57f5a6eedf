package trail

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func london() Place {
	return Place{Partition: "aws", Account: "123456789012", Region: "eu-west-2"}
}

func named() Spec {
	s := Default()
	s.Env, s.ProjectID = "production", "cerpac"
	return s
}

const wantOutput = `{
  "bucket": {
    "name": "production-cerpac-cloudtrail-logs",
    "arn": "arn:aws:s3:::production-cerpac-cloudtrail-logs",
    "id": "production-cerpac-cloudtrail-logs",
    "versioning": "Enabled",
    "encryption": "AES256"
  },
  "log_group": {
    "name": "/aws/cloudtrail/production-cerpac-audit-trail",
    "arn": "arn:aws:logs:eu-west-2:123456789012:log-group:/aws/cloudtrail/production-cerpac-audit-trail",
    "retention_days": 90
  },
  "trail": {
    "name": "production-cerpac-audit-trail",
    "arn": "arn:aws:cloudtrail:eu-west-2:123456789012:trail/production-cerpac-audit-trail",
    "id": "production-cerpac-audit-trail",
    "is_multi_region": true,
    "log_validation": true,
    "global_events": true,
    "home_region": "eu-west-2"
  },
  "iam_role": {
    "name": "production-cerpac-cloudtrail-cloudwatch-role",
    "arn": "arn:aws:iam::123456789012:role/production-cerpac-cloudtrail-cloudwatch-role"
  },
  "permissions_boundary": {
    "name": "production-cerpac-cloudtrail-boundary",
    "arn": "arn:aws:iam::123456789012:policy/production-cerpac-cloudtrail-boundary"
  },
  "summary": {
    "module_enabled": true,
    "dual_delivery": true,
    "retention_days": 90,
    "force_destroy": false
  },
  "kms_key": null,
  "topic": null,
  "access_log_bucket": null,
  "alarm_topic": null
}`

func TestOutput(t *testing.T) {
	got, err := json.MarshalIndent(named().Output(london(), ""), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantOutput, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestOutputOfOptions(t *testing.T) {
	s := named()
	s.RetentionDays, s.KMS, s.SNS, s.AccessLogging, s.Alarms.Enabled = 2555, create, "arn:aws:sns:us-east-1:111111111111:theirs", "their-bucket", true
	got := s.Output(london(), "arn:aws:kms:eu-west-2:123456789012:key/1")
	want := named().Output(london(), "")
	want.Bucket.Encryption = new("aws:kms")
	want.LogGroup.RetentionDays, want.Summary.RetentionDays = 2557, 2555
	want.KMSKey = &ARN{"arn:aws:kms:eu-west-2:123456789012:key/1"}
	want.Topic = &ARN{"arn:aws:sns:us-east-1:111111111111:theirs"}
	want.AccessLogBucket = &Name{"their-bucket"}
	want.AlarmTopic = &ARN{"arn:aws:sns:eu-west-2:123456789012:production-cerpac-cloudtrail-alarms"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What only the owner of an existing bucket knows is not told.
func TestOutputOfExistingBucket(t *testing.T) {
	s := named()
	s.ExistingBucket = &ExistingBucket{Name: "example-log-archive", Owner: "111111111111"}
	got := s.Output(london(), "")
	want := OutputBucket{Name: "example-log-archive", ARN: "arn:aws:s3:::example-log-archive", ID: "example-log-archive"}
	if diff := cmp.Diff(want, got.Bucket); diff != "" {
		t.Error(diff)
	}
	var b strings.Builder
	if err := got.WriteText(&b); err != nil || strings.Contains(b.String(), "versioning") || !strings.Contains(b.String(), "example-log-archive") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestOutputAsText(t *testing.T) {
	s := named()
	s.SNS = create
	var b strings.Builder
	if err := s.Output(london(), "").WriteText(&b); err != nil {
		t.Fatal(err)
	}
	const want = `bucket
  name            production-cerpac-cloudtrail-logs
  arn             arn:aws:s3:::production-cerpac-cloudtrail-logs
  id              production-cerpac-cloudtrail-logs
  versioning      Enabled
  encryption      AES256
log_group
  name            /aws/cloudtrail/production-cerpac-audit-trail
  arn             arn:aws:logs:eu-west-2:123456789012:log-group:/aws/cloudtrail/production-cerpac-audit-trail
  retention_days  90
trail
  name            production-cerpac-audit-trail
  arn             arn:aws:cloudtrail:eu-west-2:123456789012:trail/production-cerpac-audit-trail
  id              production-cerpac-audit-trail
  is_multi_region true
  log_validation  true
  global_events   true
  home_region     eu-west-2
iam_role
  name            production-cerpac-cloudtrail-cloudwatch-role
  arn             arn:aws:iam::123456789012:role/production-cerpac-cloudtrail-cloudwatch-role
permissions_boundary
  name            production-cerpac-cloudtrail-boundary
  arn             arn:aws:iam::123456789012:policy/production-cerpac-cloudtrail-boundary
summary
  module_enabled  true
  dual_delivery   true
  retention_days  90
  force_destroy   false
topic
  arn             arn:aws:sns:eu-west-2:123456789012:production-cerpac-cloudtrail-notifications
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// The Terraform module has the same members in the same order. Alarms are another
// module there.
func TestOutputIsThatOfTerraform(t *testing.T) {
	const file = "../../terraform/modules/security/cloud_trail/outputs.tf"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parsed, diags := hclsyntax.ParseConfig(text, file, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	value := parsed.Body.(*hclsyntax.Body).Blocks[0].Body.Attributes["value"].Expr.(*hclsyntax.ObjectConsExpr)
	var want []string
	for _, part := range value.Items {
		name := hcl.ExprAsKeyword(part.KeyExpr)
		want = append(want, name)
		if members, ok := part.ValueExpr.(*hclsyntax.ObjectConsExpr); ok {
			for _, member := range members.Items {
				want = append(want, name+"."+hcl.ExprAsKeyword(member.KeyExpr))
			}
		}
	}
	if got := members(t, wantOutput); !slices.Equal(got, append(want, "alarm_topic")) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

// members are the keys of an object in their order, with those of objects inside.
func members(t *testing.T, text string) (all []string) {
	t.Helper()
	within := ""
	for line := range strings.Lines(text) {
		key, value, isMember := strings.Cut(strings.TrimSpace(line), ": ")
		if !isMember {
			continue
		}
		key = strings.Trim(key, `"`)
		if strings.HasPrefix(line, `    "`) {
			key = within + "." + key
		} else if value == "{" {
			within = key
		}
		all = append(all, key)
	}
	return all
}
