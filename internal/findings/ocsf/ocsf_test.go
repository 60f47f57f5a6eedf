package ocsf

import (
	"bytes"
	"encoding/json"
	"flag"
	"slices"
	"testing"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings/findingtest"
)

var _ = flag.Bool("update", false, "rewrite the files in testdata")

// schema is the part of OCSF 1.3 that is checked here: the attributes that a class or
// an object may have of those that are used, and which of them it must have. Written
// after github.com/ocsf/ocsf-schema: events/findings and objects.
var schema = map[string]struct{ required, optional []string }{
	"": {
		[]string{"activity_id", "category_uid", "class_uid", "finding_info", "metadata", "severity_id", "time", "type_uid", "cloud"},
		[]string{"activity_name", "category_name", "class_name", "type_name", "severity", "status", "status_id", "start_time", "end_time", "message", "resources", "evidences", "remediation", "unmapped"},
	},
	"metadata":              {[]string{"version", "product"}, []string{"profiles"}},
	"metadata.product":      {[]string{"name", "vendor_name"}, []string{"version", "feature"}},
	"finding_info":          {[]string{"uid"}, []string{"title", "desc", "created_time", "first_seen_time", "last_seen_time", "analytic", "src_url", "related_events"}},
	"finding_info.analytic": {[]string{"type_id"}, []string{"type", "uid", "name", "desc"}},
	"cloud":                 {[]string{"provider"}, []string{"region", "account"}},
	"cloud.account":         {nil, []string{"uid", "type", "type_id"}},
	"remediation":           {[]string{"desc"}, []string{"references"}},
}

func valid(t *testing.T, line []byte) map[string]any {
	t.Helper()
	var e map[string]any
	if err := json.Unmarshal(line, &e); err != nil {
		t.Fatal(err)
	}
	for path, rule := range schema {
		object := e
		for _, name := range bytes.FieldsFunc([]byte(path), func(r rune) bool { return r == '.' }) {
			object, _ = object[string(name)].(map[string]any)
		}
		for _, name := range rule.required {
			if object != nil && object[name] == nil {
				t.Errorf("%s lacks %s", path, name)
			}
		}
		for name := range object {
			if !slices.Contains(rule.required, name) && !slices.Contains(rule.optional, name) {
				t.Errorf("%s has %s", path, name)
			}
		}
	}
	for name, want := range map[string]float64{"class_uid": 2004, "category_uid": 2, "type_uid": 200401, "activity_id": 1} {
		if e[name] != want {
			t.Errorf("%s is %v", name, e[name])
		}
	}
	if id, _ := e["severity_id"].(float64); id < 1 || id > 5 {
		t.Errorf("severity_id %v", e["severity_id"])
	}
	list, _ := e["evidences"].([]any)
	for _, piece := range list {
		if piece.(map[string]any)["data"] == nil {
			t.Error("evidence without one of the attributes that it must have")
		}
	}
	return e
}

func TestOCSF(t *testing.T) {
	var out, indented bytes.Buffer
	h := New(&out)
	findingtest.Render(t, h, findingtest.WithoutChanges(findingtest.Sample()))
	for line := range bytes.Lines(out.Bytes()) {
		valid(t, line)
		if err := json.Indent(&indented, line, "", "  "); err != nil {
			t.Fatal(err)
		}
	}
	findingtest.Golden(t, "testdata/sample.json", indented.Bytes())
	if got := h.LeftOut(); got.String() != "3 findings, 1 incidents, 1 problems" || !got.Any() {
		t.Errorf("left out: %s", got)
	}
}

func TestHostile(t *testing.T) {
	var out bytes.Buffer
	findingtest.Render(t, New(&out), findingtest.WithoutChanges(findingtest.Hostile()))
	lines := 0
	for line := range bytes.Lines(out.Bytes()) {
		valid(t, line)
		lines++
	}
	if lines != 4 {
		t.Errorf("%d lines", lines)
	}
}

func TestSeverities(t *testing.T) {
	for s, want := range map[finding.Severity]string{finding.Informational: "1 Informational", finding.Low: "2 Low", finding.Medium: "3 Medium", finding.High: "4 High", finding.Critical: "5 Critical"} {
		if got := string(rune('0'+severityID(s))) + " " + caption(s); got != want {
			t.Errorf("%s is %s, want %s", s, got, want)
		}
	}
}

func TestChangesAreRefused(t *testing.T) {
	if err := New(&bytes.Buffer{}).Handle(finding.Message{Change: &finding.Change{}}); err == nil {
		t.Error("a change is passed over")
	}
}
