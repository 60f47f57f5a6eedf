package terraformcheck

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/cerpac/trailkeeper/internal/trail"
	trailaccount "github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

// wanted is what trailkeeper wants of its resources of a kind, by name.
func wanted(t *testing.T, spec trail.Spec, kind string) map[string]converge.State {
	t.Helper()
	place := trail.Place{Partition: "aws", Account: "123456789012", Region: "eu-west-2"}
	found := map[string]converge.State{}
	set, err := resources.New(&spec, &trailaccount.Account{Place: place})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.All() {
		if r.Kind != kind {
			continue
		}
		state, err := r.Want()
		if err != nil {
			t.Fatal(err)
		}
		found[r.Name] = state
	}
	if len(found) == 0 {
		t.Fatalf("trailkeeper has no %s", kind)
	}
	return found
}

// attribute is what a resource with for_each gives one of its instances, as text.
func (e *evaluation) attribute(t *testing.T, body *hclsyntax.Body, name, key string, value cty.Value) string {
	t.Helper()
	got, diags := body.Attributes[name].Expr.Value(&hcl.EvalContext{Functions: functions(), Variables: map[string]cty.Value{
		"var":  e.variables,
		"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(key), "value": value}),
	}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if got.Type().IsTupleType() {
		got = got.Index(cty.Zero)
	}
	text, err := convert.Convert(got, cty.String)
	if err != nil {
		t.Fatal(err)
	}
	return text.AsString()
}

func text(value any) string {
	if set, ok := value.(converge.Set); ok {
		return strings.Join(set, ", ")
	}
	return fmt.Sprint(value)
}

func TestAlarmsAreThoseOfTrailkeeper(t *testing.T) {
	const topic = "arn:aws:sns:eu-west-2:123456789012:alerts"
	spec := spec("production", "cerpac", func(s *trail.Spec) {
		s.Alarms.Enabled, s.Alarms.Tamper, s.Alarms.TopicARN = true, true, topic
	})
	e := load(t, filepath.Join(root, "modules/security/cis_alarms")).evaluate(t, map[string]cty.Value{
		"log_group_name": cty.StringVal("group"), "sns_topic_arn": cty.StringVal(topic),
		"tamper": cty.True, "alarm_prefix": cty.StringVal("production-cerpac-cis-"),
	}, nil)
	filter := e.resources["aws_cloudwatch_log_metric_filter.this"].Body
	alarm := e.resources["aws_cloudwatch_metric_alarm.this"].Body
	transformation := filter.Blocks[slices.IndexFunc(filter.Blocks, func(b *hclsyntax.Block) bool { return b.Type == "metric_transformation" })].Body

	filters, alarms := wanted(t, spec, "metric filter"), wanted(t, spec, "alarm")
	instances := e.local(t, "filters").AsValueMap()
	if len(instances) != len(filters) || len(instances) != len(alarms) {
		t.Errorf("%d here, and %d filters with %d alarms there", len(instances), len(filters), len(alarms))
	}
	for key, value := range instances {
		compare := func(body *hclsyntax.Body, want converge.State, paths map[string]string) {
			t.Helper()
			for attribute, path := range paths {
				if got := e.attribute(t, body, attribute, key, value); got != text(want[path]) {
					t.Errorf("%s: %s is %q, and %q there", key, attribute, got, text(want[path]))
				}
			}
		}
		name := e.attribute(t, filter, "name", key, value)
		compare(filter, filters[name], map[string]string{"pattern": "pattern"})
		compare(transformation, filters[name], map[string]string{
			"name": "metric.name", "namespace": "metric.namespace", "value": "metric.value", "default_value": "metric.default",
		})
		compare(alarm, alarms[e.attribute(t, alarm, "alarm_name", key, value)], map[string]string{
			"alarm_description": "description", "namespace": "metric.namespace", "statistic": "statistic",
			"comparison_operator": "comparison", "threshold": "threshold", "period": "period",
			"evaluation_periods": "evaluation_periods", "treat_missing_data": "treat_missing_data", "alarm_actions": "actions.alarm",
		})
	}
}

// The module's rules know nothing of the trail, so that CLOUD_TRAIL_ENABLED looks for
// any; trailkeeper's looks for its own.
func TestConfigRulesAreThoseOfTrailkeeper(t *testing.T) {
	e := load(t, filepath.Join(root, "modules/security/aws_config")).evaluate(t, map[string]cty.Value{
		"env": cty.StringVal("production"), "project_id": cty.StringVal("cerpac"),
	}, nil)
	rules := wanted(t, spec("production", "cerpac", func(s *trail.Spec) { s.ConfigRules.Enabled = true }), "Config rule")
	instances := e.variables.GetAttr("rules").AsValueMap()
	if len(instances) != len(rules) {
		t.Errorf("%d rules here, %d there", len(instances), len(rules))
	}
	for name, rule := range instances {
		want := rules[name]
		if got := rule.GetAttr("identifier").AsString(); got != want["identifier"] {
			t.Errorf("%s is %s, and %v there", name, got, want["identifier"])
		}
		if frequency := rule.GetAttr("maximum_execution_frequency"); !frequency.IsNull() || want["frequency"] != "TwentyFour_Hours" {
			t.Errorf("%s runs every %v, and every %v there", name, frequency, want["frequency"])
		}
		parameters := map[string]string{}
		for key, value := range rule.GetAttr("input_parameters").AsValueMap() {
			parameters[key] = value.AsString()
		}
		if got := fmt.Sprint(parameters); want["identifier"] != "CLOUD_TRAIL_ENABLED" && got != fmt.Sprint(want["parameters"]) {
			t.Errorf("%s has %s, and %v there", name, got, want["parameters"])
		}
	}
}
