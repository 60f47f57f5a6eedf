package resources

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/selector"
)

// defaultSelector is the selector of a new trail: all management events.
// PutEventSelectors accepts no empty list, so this one resets a trail to the default.
func defaultSelector() types.EventSelector { return wantedBasic(selector.Default().EventSelectors)[0] }

// wantedSelectors returns classic or advanced selectors: a trail has only one kind.
func wantedSelectors(spec *trail.Spec) ([]types.EventSelector, []types.AdvancedEventSelector) {
	switch {
	case len(spec.AdvancedEventSelectors) > 0:
		return nil, wantedAdvanced(spec.AdvancedEventSelectors)
	case len(spec.EventSelectors) == 0:
		return []types.EventSelector{defaultSelector()}, nil
	}
	return wantedBasic(spec.EventSelectors), nil
}

func wantedBasic(wanted []selector.Basic) (selectors []types.EventSelector) {
	for _, want := range wanted {
		want = want.Complete()
		put := types.EventSelector{
			ReadWriteType:                 types.ReadWriteType(want.ReadWriteType),
			IncludeManagementEvents:       want.IncludeManagementEvents,
			ExcludeManagementEventSources: want.ExcludeManagementEventSources,
		}
		for _, data := range want.DataResources {
			put.DataResources = append(put.DataResources, types.DataResource{Type: &data.Type, Values: data.Values})
		}
		selectors = append(selectors, put)
	}
	return selectors
}

func wantedAdvanced(wanted []selector.Advanced) (selectors []types.AdvancedEventSelector) {
	for _, want := range wanted {
		put := types.AdvancedEventSelector{Name: textOrNil(want.Name)}
		for _, field := range want.FieldSelectors {
			put.FieldSelectors = append(put.FieldSelectors, types.AdvancedFieldSelector{
				Field: &field.Field, Equals: field.Equals, NotEquals: field.NotEquals,
				StartsWith: field.StartsWith, NotStartsWith: field.NotStartsWith,
				EndsWith: field.EndsWith, NotEndsWith: field.NotEndsWith,
			})
		}
		selectors = append(selectors, put)
	}
	return selectors
}

// putSelectors replaces the selectors, of both kinds.
func (t *auditTrail) putSelectors(ctx context.Context, _ converge.Actual) error {
	in := &cloudtrail.PutEventSelectorsInput{TrailName: &t.Names.TrailARN}
	in.EventSelectors, in.AdvancedEventSelectors = wantedSelectors(t.Spec)
	_, err := t.Account.Trails.PutEventSelectors(ctx, in)
	return t.explain(err)
}

// putInsights enables the named kinds and disables all others.
func (t *auditTrail) putInsights(ctx context.Context, _ converge.Actual) error {
	in := &cloudtrail.PutInsightSelectorsInput{TrailName: &t.Names.TrailARN, InsightSelectors: []types.InsightSelector{}}
	for _, kind := range t.Spec.Insights {
		in.InsightSelectors = append(in.InsightSelectors, types.InsightSelector{
			InsightType: types.InsightType(kind), EventCategories: []types.SourceEventCategory{types.SourceEventCategoryManagement},
		})
	}
	_, err := t.Account.Trails.PutInsightSelectors(ctx, in)
	return t.explain(err)
}

// describeClassic describes each selector in words. Equivalent selectors get the same
// words.
func describeClassic(selectors []types.EventSelector) converge.Set {
	set := converge.Set{}
	for _, s := range selectors {
		var parts []string
		if s.IncludeManagementEvents == nil || *s.IncludeManagementEvents {
			text := "management events"
			if len(s.ExcludeManagementEventSources) > 0 {
				text += " without " + list(s.ExcludeManagementEventSources)
			}
			parts = append(parts, text)
		}
		var data []string
		for _, d := range s.DataResources {
			data = append(data, aws.ToString(d.Type)+" "+list(d.Values))
		}
		parts = append(parts, sorted(data)...)
		set = append(set, cmp.Or(string(s.ReadWriteType), "All")+": "+strings.Join(parts, "; "))
	}
	return set
}

// describeAdvanced is describeClassic for advanced selectors. It keeps their names,
// which some auditors check.
func describeAdvanced(selectors []types.AdvancedEventSelector) converge.Set {
	set := converge.Set{}
	for _, s := range selectors {
		var conditions []string
		for _, f := range s.FieldSelectors {
			for _, operator := range []struct {
				name   string
				values []string
			}{
				{"equals", f.Equals}, {"starts with", f.StartsWith}, {"ends with", f.EndsWith},
				{"not equals", f.NotEquals}, {"not starts with", f.NotStartsWith}, {"not ends with", f.NotEndsWith},
			} {
				if len(operator.values) > 0 {
					conditions = append(conditions, aws.ToString(f.Field)+" "+operator.name+" "+list(operator.values))
				}
			}
		}
		text := strings.Join(sorted(conditions), "; ")
		if name := aws.ToString(s.Name); name != "" {
			text = word(name, `:"`) + ": " + text
		}
		set = append(set, text)
	}
	return set
}

// describeInsights names the kinds, and their event categories unless those are just
// management events.
func describeInsights(selectors []types.InsightSelector) converge.Set {
	set := converge.Set{}
	for _, s := range selectors {
		text := string(s.InsightType)
		var categories []string
		for _, category := range s.EventCategories {
			categories = append(categories, string(category))
		}
		if of := list(categories); of != "" && of != "Management" {
			text += " of " + of + " events"
		}
		set = append(set, text)
	}
	return set
}

// list joins values unambiguously: different lists give different texts.
func list(values []string) string {
	words := sorted(values)
	for i, value := range words {
		words[i] = word(value, ` ,;"`)
	}
	return strings.Join(words, ", ")
}

// word quotes a text that contains special characters.
func word(text, special string) string {
	if text == "" || strings.ContainsAny(text, special) {
		return strconv.Quote(text)
	}
	return text
}

func sorted(values []string) []string { return slices.Sorted(slices.Values(values)) }
