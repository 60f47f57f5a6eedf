package terraformcheck

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/cerpac/trailkeeper/controls"
)

func alarms(t *testing.T, more map[string]cty.Value) map[string]filter {
	t.Helper()
	given := map[string]cty.Value{"log_group_name": cty.StringVal("group"), "sns_topic_arn": cty.StringVal("arn:aws:sns:eu-west-2:123456789012:alerts")}
	for name, value := range more {
		given[name] = value
	}
	e := load(t, filepath.Join(root, "modules/security/cis_alarms")).evaluate(t, given, nil)
	var filters map[string]filter
	if err := json.Unmarshal(e.json(t, "filters"), &filters); err != nil {
		t.Fatal(err)
	}
	return filters
}

type filter struct {
	Name, Description, Pattern string
	Threshold, Period          int
	EvaluationPeriods          int `json:"evaluation_periods"`
}

// The module's filters are those of the catalogue, byte for byte.
func TestPatternsAreThoseOfTheCatalogue(t *testing.T) {
	e := load(t, filepath.Join(root, "modules/security/cis_alarms")).evaluate(t, map[string]cty.Value{
		"log_group_name": cty.StringVal("group"), "sns_topic_arn": cty.StringVal("arn:aws:sns:eu-west-2:123456789012:alerts"),
	}, nil)
	catalogue, err := controls.All()
	if err != nil {
		t.Fatal(err)
	}
	type entry struct{ Control, Name, Metric, Description, Pattern string }
	for local, set := range map[string]controls.Set{"cis": controls.CIS, "tamper": controls.Tamper} {
		var got map[string]entry
		if err := json.Unmarshal(e.json(t, local), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]entry{}
		for _, c := range catalogue {
			if c.Set == set {
				want[c.ID] = entry{c.Label(), c.Filter, c.Metric, c.Title, c.Pattern}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("local.%s (-catalogue +module):\n%s", local, diff)
		}
	}
	for key, f := range alarms(t, nil) {
		if f.Threshold != 1 || f.Period != 300 || f.EvaluationPeriods != 1 {
			t.Errorf("%s: %+v", key, f)
		}
	}
}

func TestAlarmOptions(t *testing.T) {
	filters := alarms(t, map[string]cty.Value{
		"tamper":   cty.True,
		"disabled": cty.SetVal([]cty.Value{cty.StringVal("vpc-changes")}),
		"overrides": cty.MapVal(map[string]cty.Value{"root-account-usage": cty.ObjectVal(map[string]cty.Value{
			"pattern": cty.StringVal("{ $.x = 1 }"), "period": cty.NumberIntVal(60),
		})}),
	})
	if _, ok := filters["vpc-changes"]; ok || len(filters) != 15 {
		t.Errorf("%d filters, and vpc-changes among them: %v", len(filters), ok)
	}
	if f := filters["root-account-usage"]; f.Pattern != "{ $.x = 1 }" || f.Period != 60 || f.Threshold != 1 {
		t.Errorf("%+v", f)
	}
	if _, ok := filters["trail-tampering"]; !ok {
		t.Error("no trail-tampering")
	}
}
