package asff

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings/findingtest"
)

var _ = flag.Bool("update", false, "rewrite the files in testdata")

// imported reads batches as the input of BatchImportFindings: names and types of
// members are those of AWS's model, and what it requires is there.
func imported(t *testing.T, text []byte) (all []types.AwsSecurityFinding) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"FailedCount":0,"SuccessCount":1,"FailedFindings":[]}`))
	}))
	defer server.Close()
	client := securityhub.New(securityhub.Options{BaseEndpoint: &server.URL, Region: "us-east-1", Credentials: aws.AnonymousCredentials{}})
	for line := range bytes.Lines(text) {
		var batch []types.AwsSecurityFinding
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&batch); err != nil {
			t.Fatalf("%.300s: %v", line, err)
		}
		if len(batch) == 0 || len(batch) > 100 || len(line) > 6_000_000 {
			t.Errorf("a batch of %d findings in %d bytes", len(batch), len(line))
		}
		if _, err := client.BatchImportFindings(t.Context(), &securityhub.BatchImportFindingsInput{Findings: batch}); err != nil {
			t.Error(err)
		}
		all = append(all, batch...)
	}
	for _, f := range all {
		limits(t, f)
	}
	return all
}

// limits are those that the reference of AwsSecurityFinding gives, in characters.
func limits(t *testing.T, f types.AwsSecurityFinding) {
	t.Helper()
	for name, c := range map[string]struct {
		value *string
		most  int
	}{
		"Id": {f.Id, 512}, "GeneratorId": {f.GeneratorId, 512}, "Title": {f.Title, 256}, "Description": {f.Description, 1024},
		"ProductArn": {f.ProductArn, 2048}, "AwsAccountId": {f.AwsAccountId, 12},
	} {
		if n := utf8.RuneCountInString(aws.ToString(c.value)); n == 0 || n > c.most {
			t.Errorf("%s has %d characters, limit %d", name, n, c.most)
		}
	}
	if len(f.Resources) == 0 || len(f.Resources) > 32 || len(f.ProductFields) > 50 || len(f.Types) > 50 {
		t.Errorf("%d resources, %d product fields, %d types", len(f.Resources), len(f.ProductFields), len(f.Types))
	}
	for name, value := range f.ProductFields {
		if len(name) > 128 || utf8.RuneCountInString(value) > 2048 {
			t.Errorf("product field %q of %d characters", name, len(value))
		}
	}
	for _, at := range []*string{f.CreatedAt, f.UpdatedAt} {
		if _, err := time.Parse(time.RFC3339, aws.ToString(at)); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains("INFORMATIONAL LOW MEDIUM HIGH CRITICAL", string(f.Severity.Label)) {
		t.Errorf("severity %s", f.Severity.Label)
	}
	if status := f.Compliance.Status; !strings.Contains("PASSED WARNING FAILED NOT_AVAILABLE", string(status)) {
		t.Errorf("compliance %s", status)
	}
}

func TestASFF(t *testing.T) {
	var out, indented bytes.Buffer
	h := New(&out, Options{})
	findingtest.Render(t, h, findingtest.WithoutChanges(findingtest.Sample()))
	if got := h.LeftOut(); got.String() != "1 incidents, 1 problems" {
		t.Errorf("left out: %s", got)
	}
	if all := imported(t, out.Bytes()); len(all) != 7 {
		t.Errorf("%d findings", len(all))
	}
	if err := json.Indent(&indented, out.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	findingtest.Golden(t, "testdata/sample.json", indented.Bytes())
}

func TestHostile(t *testing.T) {
	var out bytes.Buffer
	findingtest.Render(t, New(&out, Options{}), findingtest.WithoutChanges(findingtest.Hostile()))
	if all := imported(t, out.Bytes()); len(all) != 7 {
		t.Errorf("%d findings", len(all))
	}
}

func stream(findings ...finding.Finding) []finding.Message {
	list := []finding.Message{{Config: &finding.Config{Tool: "t"}}, {Check: &finding.Check{ID: "c", Title: "C"}}}
	for _, f := range findings {
		f.ID, f.Check, f.Title, f.Verdict, f.Time = "f", "c", "F", finding.Bad, time.Unix(0, 0)
		list = append(list, finding.Message{Finding: &f})
	}
	return append(list, finding.Message{Summary: &finding.Summary{}})
}

// Each severity has AWS's pair of label and number.
func TestSeverities(t *testing.T) {
	var findings []finding.Finding
	for s := finding.Informational; s <= finding.Critical; s++ {
		findings = append(findings, finding.Finding{Severity: s})
	}
	var out bytes.Buffer
	findingtest.Render(t, New(&out, Options{"111122223333", "cn-north-1"}), stream(findings...))
	want := []int32{0, 1, 40, 70, 90}
	for i, f := range imported(t, out.Bytes()) {
		if aws.ToInt32(f.Severity.Normalized) != want[i] || !strings.EqualFold(string(f.Severity.Label), findings[i].Severity.String()) {
			t.Errorf("%s is %s, %d", findings[i].Severity, f.Severity.Label, aws.ToInt32(f.Severity.Normalized))
		}
		if *f.ProductArn != "arn:aws-cn:securityhub:cn-north-1:111122223333:product/111122223333/default" || *f.Resources[0].Id != "AWS::::Account:111122223333" {
			t.Errorf("%s, %s", *f.ProductArn, *f.Resources[0].Id)
		}
	}
}

// A finding is never larger than Security Hub takes, and what gave way is counted;
// batches have limits too.
func TestSizes(t *testing.T) {
	big := finding.Finding{Severity: finding.Low, EvidenceOmitted: 5}
	for range 200 {
		big.Evidence = append(big.Evidence, finding.Evidence{Object: &finding.Object{Location: strings.Repeat("\x01", 5000), State: "x"}})
	}
	for range 50 {
		big.Resources = append(big.Resources, finding.Resource{ID: strings.Repeat("é", 1000)})
	}
	findings := []finding.Finding{big}
	for range 250 {
		findings = append(findings, finding.Finding{Severity: finding.Low})
	}
	var out bytes.Buffer
	findingtest.Render(t, New(&out, Options{"111122223333", "us-east-1"}), stream(findings...))
	all := imported(t, out.Bytes())
	if len(all) != 251 || bytes.Count(out.Bytes(), []byte("\n")) != 3 {
		t.Errorf("%d findings in %d batches", len(all), bytes.Count(out.Bytes(), []byte("\n")))
	}
	first, err := json.Marshal(all[0])
	if err != nil || len(first) < 1000 {
		t.Error(err)
	}
	if got := all[0].ProductFields["trailkeeper/evidence-omitted"]; got != "193" || all[0].ProductFields["trailkeeper/resources-omitted"] != "18" {
		t.Errorf("omitted: %s of evidence, %s of resources", got, all[0].ProductFields["trailkeeper/resources-omitted"])
	}
}

// The types of resources are among those of Security Hub.
func TestResourceTypes(t *testing.T) {
	known := reflect.TypeFor[types.ResourceDetails]()
	for _, name := range []string{
		"AWS::CloudTrail::Trail", "AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::CloudWatch::Alarm", "AWS::IAM::AccessKey", "AWS::IAM::Group",
		"AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User", "AWS::EC2::Instance", "AWS::EC2::NetworkAcl", "AWS::EC2::RouteTable",
		"AWS::EC2::SecurityGroup", "AWS::EC2::VPC", "AWS::KMS::Key", "AWS::SNS::Topic",
	} {
		if _, ok := known.FieldByName(resourceType(name)); !ok {
			t.Errorf("%s is %s", name, resourceType(name))
		}
	}
	if got := resourceType("AWS::Nobody::Knows") + resourceType(""); got != "OtherOther" {
		t.Error(got)
	}
}

// An account and a Region that an event made up do not keep a finding back.
func TestMadeUpPlaces(t *testing.T) {
	var out bytes.Buffer
	findingtest.Render(t, New(&out, Options{"111122223333", "us-east-1"}), stream(finding.Finding{Severity: finding.Low, Account: "nobody", Region: "moon"}))
	f := imported(t, out.Bytes())[0]
	if *f.AwsAccountId != "111122223333" || f.ProductFields["trailkeeper/account"] != "nobody" || f.ProductFields["trailkeeper/region"] != "moon" {
		t.Errorf("%s, %v", *f.AwsAccountId, f.ProductFields)
	}
}

func TestRefused(t *testing.T) {
	for name, o := range map[string]Options{"no account": {"", "us-east-1"}, "no Region": {"111122223333", ""}, "another": {"one", "us-east-1"}} {
		h := finding.Strict(New(&bytes.Buffer{}, o))
		var err error
		for _, m := range stream(finding.Finding{Severity: finding.Low}) {
			if err = h.Handle(m); err != nil {
				break
			}
		}
		if err == nil || !strings.Contains(err.Error(), `write finding "f" as ASFF`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := New(&bytes.Buffer{}, Options{}).Handle(finding.Message{Change: &finding.Change{}}); err == nil {
		t.Error("a change is passed over")
	}
}
