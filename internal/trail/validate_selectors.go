package trail

import (
	"regexp"
	"strings"

	"github.com/cerpac/trailkeeper/selector"
)

// Selectors returns the wanted selectors; none of them means the default ones.
func (s Spec) Selectors() selector.Set {
	return selector.Set{EventSelectors: s.EventSelectors, AdvancedEventSelectors: s.AdvancedEventSelectors}
}

// selectors checks what CloudTrail refuses, and what it takes but nobody can mean.
func (c *checker) selectors(s Spec) {
	for _, p := range s.Selectors().Check() {
		c.selectorProblem(p)
	}
	for i, basic := range s.EventSelectors {
		c.pointless(at("event_selectors", i), basic)
	}
}

// pointless notes what has no effect in a basic selector.
func (c *checker) pointless(field string, s selector.Basic) {
	management := s.IncludeManagementEvents == nil || *s.IncludeManagementEvents
	if !management && len(s.DataResources) == 0 {
		c.fail(field, nil, "it selects nothing; set include_management_events to true, or give data_resources")
	}
	if !management && len(s.ExcludeManagementEventSources) > 0 {
		c.fail(field+".exclude_management_event_sources", nil, "include_management_events is false, so that there is nothing to exclude; take one out")
	}
	c.distinct(field+".exclude_management_event_sources", s.ExcludeManagementEventSources)
	for j, resource := range s.DataResources {
		if form := resourceForms()[resource.Type]; form != "" && len(resource.Values) == 0 {
			c.fail(at(field+".data_resources", j)+".values", nil, "give at least one: %s", form)
		}
	}
}

// resourceForms are the values of data resources in words, by type.
func resourceForms() map[string]string {
	return map[string]string{
		selector.Object:   "arn:aws:s3 for all buckets, or a bucket with a slash and perhaps the start of keys, such as arn:aws:s3:::bucket/folder/",
		selector.Function: "arn:aws:lambda for all functions, or the ARN of one",
		selector.Table:    "arn:aws:dynamodb for all tables, or the ARN of one",
	}
}

func (c *checker) selectorProblem(p selector.Problem) {
	field := snakeCase(p.Path)
	switch p.Kind {
	case selector.BothKinds:
		c.fail("event_selectors and advanced_event_selectors", nil, "a trail has one kind; keep one of them")
	case selector.TooManySelectors:
		c.fail(field, nil, "there are %d; CloudTrail takes %d", p.Count, p.Limit)
	case selector.TooManyResources:
		c.fail(field, nil, "their data_resources have %d values in all; CloudTrail takes %d, so use advanced_event_selectors", p.Count, p.Limit)
	case selector.TooManyConditions:
		c.fail(field, nil, "they have %d values in all; CloudTrail takes %d", p.Count, p.Limit)
	case selector.LongName:
		c.fail(field, p.Value, "it has %d characters; CloudTrail takes %d", p.Count, p.Limit)
	case selector.BadValue:
		if strings.HasSuffix(p.Path, ".Type") {
			c.fail(field, p.Value, "choose %s, or use advanced_event_selectors for others%s", alternatives(p.Allowed), guess(p.Value, p.Allowed))
			return
		}
		c.oneOf(field, p.Value, p.Allowed...)
	case selector.BadResource:
		c.fail(field, p.Value, "give %s", resourceForms()[p.Type])
	default:
		c.fieldProblem(field, p)
	}
}

// fieldProblem is selectorProblem for fields of advanced selectors.
func (c *checker) fieldProblem(field string, p selector.Problem) {
	switch p.Kind {
	case selector.NoCategory:
		c.fail(field, nil, "give it one field selector eventCategory that equals Management, Data or NetworkActivity")
	case selector.UnknownField:
		c.fail(field, p.Field, "%s events are selected by %s%s", p.Category, alternatives(p.Allowed), guess(p.Field, p.Allowed))
	case selector.RepeatedField:
		c.fail(field, p.Field, "it is listed twice; put all its conditions in one")
	case selector.MissingField:
		c.fail(field, nil, "give it a field selector %s, which %s events need", p.Field, p.Category)
	case selector.BadOperator:
		c.fail(field, nil, "%s takes %s only", p.Field, snakeCase(alternatives(p.Allowed)))
	case selector.BadFieldValue:
		if len(p.Allowed) == 0 {
			c.fail(field, p.Value, "give a value")
			return
		}
		c.oneOf(field, p.Value, p.Allowed...)
	case selector.NoCondition:
		c.fail(field, nil, "give %s a value for at least one operator, such as equals", p.Field)
	case selector.OneValueOnly:
		c.fail(field, nil, "give %s one value only", p.Field)
	}
}

// snakeCase spells the names of CloudTrail's API as the configuration has them:
// EventSelectors[0].ReadWriteType is event_selectors[0].read_write_type.
func snakeCase(text string) string {
	return strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(text, "${1}_$2"))
}

func (c *checker) insights(s Spec) {
	for i, insight := range s.Insights {
		c.oneOf(at("insights", i), insight, "ApiCallRateInsight", "ApiErrorRateInsight")
	}
	c.distinct("insights", s.Insights)
	if len(s.Insights) > 0 && !s.Selectors().SelectsManagement(false) {
		c.fail("insights", strings.Join(s.Insights, ", "), "they analyse management events that write; let a selector include those, or leave insights empty")
	}
}
