package terraformcheck

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"
)

// acceptedRetentionDays are those of PutRetentionPolicy in the CloudWatch Logs API.
func acceptedRetentionDays() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

func (m *module) with(t *testing.T, option string, value cty.Value) *evaluation {
	t.Helper()
	return m.evaluate(t, withNames(map[string]cty.Value{option: value}), places()[0].stubs())
}

func TestLogGroupKeepsAtLeastAsLong(t *testing.T) {
	m := load(t, filepath.Join(root, "modules/security/cloud_trail"))
	for days := 1; days <= 3700; days += 13 {
		want := 0 // for ever
		for _, accepted := range acceptedRetentionDays() {
			if accepted >= days {
				want = accepted
				break
			}
		}
		checkDays(t, m.with(t, "retention_days", cty.NumberIntVal(int64(days))), want)
	}
	for _, days := range append(acceptedRetentionDays(), 0) {
		checkDays(t, m.with(t, "log_group_retention_days", cty.NumberIntVal(int64(days))), days)
	}
	checkDays(t, m.with(t, "retention_days", cty.NumberIntVal(2555)), 2557)
}

func checkDays(t *testing.T, e *evaluation, want int) {
	t.Helper()
	var got int
	if err := gocty.FromCtyValue(e.local(t, "log_group_retention_days"), &got); err != nil || got != want {
		t.Errorf("log group keeps %d days, want %d: %v", got, want, err)
	}
}

func TestTopicIsNamedAsTheProviderReadsIt(t *testing.T) {
	m := load(t, filepath.Join(root, "modules/security/cloud_trail"))
	for sns, want := range map[string]cty.Value{
		"none":   cty.NullVal(cty.String),
		"create": cty.StringVal("production-cerpac-cloudtrail-notifications"),
		"arn:aws:sns:eu-west-2:123456789012:mine":   cty.StringVal("mine"),
		"arn:aws:sns:us-east-1:123456789012:far":    cty.StringVal("arn:aws:sns:us-east-1:123456789012:far"),
		"arn:aws:sns:eu-west-2:111111111111:theirs": cty.StringVal("arn:aws:sns:eu-west-2:111111111111:theirs"),
	} {
		got := m.with(t, "sns", cty.StringVal(sns)).local(t, "topic_reference")
		if !got.RawEquals(want) {
			t.Errorf("%s: %#v, want %#v", sns, got, want)
		}
	}
}

// The validation of log_group_retention_days takes exactly those numbers, and 0.
func TestAcceptedRetentionDays(t *testing.T) {
	m := load(t, filepath.Join(root, "modules/security/cloud_trail"))
	condition := m.variables["log_group_retention_days"].Body.Blocks[0].Body.Attributes["condition"].Expr
	var got []int
	hclsyntax.VisitAll(condition, func(node hclsyntax.Node) hcl.Diagnostics {
		if list, ok := node.(*hclsyntax.TupleConsExpr); ok {
			value, diags := list.Value(nil)
			if err := gocty.FromCtyValue(cty.ListVal(value.AsValueSlice()), &got); err != nil {
				t.Fatal(err)
			}
			return diags
		}
		return nil
	})
	if want := append([]int{0}, acceptedRetentionDays()...); !slices.Equal(got, want) {
		t.Errorf("%d, want %d", got, want)
	}
}

// The provider hides a selector that equals the default when it reads a trail, so
// such a one must not be written.
func TestDefaultSelectorIsNotWritten(t *testing.T) {
	m := load(t, filepath.Join(root, "modules/security/cloud_trail"))
	selector := func(members map[string]cty.Value) cty.Value { return cty.TupleVal([]cty.Value{cty.ObjectVal(members)}) }
	for name, c := range map[string]struct {
		selectors cty.Value
		want      int
	}{
		"none":      {cty.EmptyTupleVal, 0},
		"default":   {selector(nil), 0},
		"spelled":   {selector(map[string]cty.Value{"read_write_type": cty.StringVal("All"), "include_management_events": cty.True}), 0},
		"writes":    {selector(map[string]cty.Value{"read_write_type": cty.StringVal("WriteOnly")}), 1},
		"exclusion": {selector(map[string]cty.Value{"exclude_management_event_sources": cty.TupleVal([]cty.Value{cty.StringVal("kms.amazonaws.com")})}), 1},
		"two":       {cty.TupleVal([]cty.Value{cty.EmptyObjectVal, cty.EmptyObjectVal}), 2},
	} {
		got := m.with(t, "event_selectors", c.selectors).local(t, "event_selectors")
		if got.LengthInt() != c.want {
			t.Errorf("%s: %#v, want %d", name, got, c.want)
		}
	}
}
