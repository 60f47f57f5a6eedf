// Package findingtest has streams of findings that every rendering is tested with.
package findingtest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/finding"
)

func at(second int) time.Time { return time.Date(2026, 1, 12, 10, 0, second, 0, time.UTC) }

// Sample has a finding of each kind: a rule that hit events, a file that is not as it
// should be, a check of an account, and a requirement with each verdict.
func Sample() []finding.Message {
	root := finding.Finding{
		Check: "root-account-usage", Verdict: finding.Bad, Severity: finding.High, Title: "The root user made an access key",
		Description: "Nobody should work as root.\nAccount 111122223333.", Account: "111122223333", Region: "us-east-1",
		Time: at(50), First: at(1), Last: at(2), EvidenceOmitted: 3,
		Resources: []finding.Resource{{Type: "AWS::IAM::AccessKey", ID: "AKIAIOSFODNN7EXAMPLE", Name: "root key"}},
		Evidence: []finding.Evidence{{Event: &finding.Event{
			ID: "5d3c1f0e-0000-4000-8000-000000000001", Time: at(1), Source: "iam.amazonaws.com", Name: "CreateAccessKey", Account: "111122223333",
			Region: "us-east-1", Principal: "arn:aws:iam::111122223333:root", Address: "198.51.100.7", LogFile: "AWSLogs/a.json.gz", Offset: 12,
			Record: json.RawMessage(`{"eventName":"CreateAccessKey","n":1.50}`),
		}}},
		Remedy: finding.Remedy{
			Text: "Delete the key and use a role.", Commands: []string{"aws iam delete-access-key --access-key-id AKIAIOSFODNN7EXAMPLE"},
			URL: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html",
		},
	}
	object := finding.Finding{
		Check: "log-file-hash", Verdict: finding.Bad, Severity: finding.Critical, Title: "A log file was changed", Account: "111122223333", Region: "eu-west-2", Time: at(51),
		Resources: []finding.Resource{{ID: "s3://logs/AWSLogs/b.json.gz"}},
		Evidence:  []finding.Evidence{{Object: &finding.Object{Location: "s3://logs/AWSLogs/b.json.gz", State: "tampered", Expected: "sha256:aa", Found: "sha256:bb", By: "AWSLogs/digest.json.gz"}}},
	}
	call := finding.Finding{
		Check: "delivery", Verdict: finding.Bad, Severity: finding.Medium, Title: "Logs are not delivered", Account: "111122223333", Time: at(52),
		Evidence: []finding.Evidence{{Call: &finding.Call{
			Service: "cloudtrail", Operation: "GetTrailStatus", Request: json.RawMessage(`{"Name":"trail"}`), Path: "LatestDeliveryError", Answer: json.RawMessage(`"AccessDenied"`),
		}}},
		Remedy: finding.Remedy{Commands: []string{"trailkeeper apply", "trailkeeper status"}},
	}
	list := []finding.Message{
		{Config: &finding.Config{Tool: "trailkeeper", Version: "v1.2.3", Verb: "detect", Source: "lake", Account: "111122223333", Region: "us-east-1", Time: at(0)}},
		{Check: &finding.Check{ID: "root-account-usage", Title: "Root account usage", Description: "The root user did something.", URL: "https://example.com/root",
			References: []finding.Reference{{Catalogue: "CIS AWS Foundations", Version: "5.0.0", Number: "4.3"}, {Catalogue: "MITRE ATT&CK", Number: "T1078.004", URL: "https://attack.mitre.org/techniques/T1078/004/"}}}},
		{Check: &finding.Check{ID: "log-file-hash", Title: "Log files are as they were delivered"}},
		{Check: &finding.Check{ID: "delivery", Title: "Logs are delivered"}},
		{Check: &finding.Check{ID: "retention", Title: "Logs are kept for a year"}},
		{Progress: &finding.Progress{Text: "reading", Done: 1, Total: 2}},
		{Problem: &finding.Problem{Location: "AWSLogs/c.json.gz", Offset: 7, Cause: "truncated: the file ends inside a value"}},
	}
	var ids []string
	for _, f := range []finding.Finding{root, object, call} {
		f.ID = f.Identity()
		ids = append(ids, f.ID)
		list = append(list, finding.Message{Finding: &f})
	}
	for i, verdict := range []finding.Verdict{finding.Partly, finding.Good, finding.Unknown, finding.NotApplicable} {
		f := finding.Finding{Check: "retention", Verdict: verdict, Severity: finding.Low, Title: "Retention of bucket " + string(rune('a'+i)), Account: "111122223333", Time: at(53),
			Resources: []finding.Resource{{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::" + string(rune('a'+i))}}}
		f.ID = f.Identity()
		list = append(list, finding.Message{Finding: &f})
	}
	return append(list,
		finding.Message{Incident: &finding.Incident{ID: finding.NewID(ids[:2]...), Title: "A key of root, and a log file changed after it", Severity: finding.Critical, Findings: ids[:2], Principals: []string{"arn:aws:iam::111122223333:root"}, First: at(1), Last: at(9)}},
		finding.Message{Change: &finding.Change{Kind: "bucket", Name: "logs", Action: "update", Fields: []finding.FieldChange{{Path: "versioning", Old: json.RawMessage(`"Suspended"`), New: json.RawMessage(`"Enabled"`)}}, Note: "a note"}},
		finding.Message{Summary: &finding.Summary{Complete: false, Counts: map[string]int64{"files.read": 2, "files.failed": 1}, Time: at(59)}},
	)
}

// Hostile is a stream whose every text is what an attacker might write: markup,
// escape sequences, bytes that are no UTF-8, and a megabyte of text.
func Hostile() []finding.Message {
	const evil = "</script><script>alert(1)</script>\x1b[2J\x00\xff\u202e<img src=x onerror=alert(1)>'\"&\u2028{{.}}\n--"
	list := Sample()
	for i, m := range list {
		change := func(s string) string { return s + evil }
		if i == 7 {
			change = func(s string) string { return s + evil + strings.Repeat("x<é", 300_000) }
		}
		m = finding.Map(m, change)
		switch {
		case m.Config != nil:
			m.Config.Protocol, m.Config.Account, m.Config.Region = "", "111122223333", "us-east-1"
		case m.Finding != nil:
			m.Finding.Verdict, m.Finding.Account, m.Finding.Check = list[i].Finding.Verdict, list[i].Finding.Account, list[i].Finding.Check+evil
			m.Finding.Remedy.URL = "javascript:alert(1)//" + evil
		case m.Summary != nil:
			m.Summary.Findings, m.Summary.Verdicts = nil, nil
		}
		list[i] = m
	}
	return list
}

// Render gives a stream to a rendering, as its reader does.
func Render(t *testing.T, h finding.Handler, list []finding.Message) {
	t.Helper()
	h = finding.Strict(h)
	for _, m := range list {
		if err := h.Handle(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

// Golden compares what was rendered with a file, or writes it with -update.
func Golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if update := flag.Lookup("update"); update != nil && update.Value.String() == "true" {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s (-want +got)\n%s", file, cmp.Diff(string(want), string(got)))
	}
}

// WithoutChanges leaves out what most formats have no form for.
func WithoutChanges(list []finding.Message) []finding.Message {
	return slices.DeleteFunc(slices.Clone(list), func(m finding.Message) bool { return m.Change != nil })
}
