package trail

import (
	"slices"
	"strings"
)

// Limits of a trail's selectors: the CloudTrail user guide, "Quotas".
const (
	maxSelectors     = 5
	maxDataResources = 250
	maxConditions    = 500
	maxSelectorName  = 1000
)

func (c *checker) selectors(s Spec) {
	if len(s.EventSelectors) > 0 && len(s.AdvancedEventSelectors) > 0 {
		c.fail("event_selectors and advanced_event_selectors", nil, "a trail has one kind; keep one of them")
	}
	c.classic(s.EventSelectors)
	c.advanced(s.AdvancedEventSelectors)
}

func (c *checker) classic(selectors []EventSelector) {
	if len(selectors) > maxSelectors {
		c.fail("event_selectors", nil, "there are %d; CloudTrail takes %d", len(selectors), maxSelectors)
	}
	values := 0
	for i, selector := range selectors {
		field := at("event_selectors", i)
		if selector.ReadWriteType != "" {
			c.oneOf(field+".read_write_type", selector.ReadWriteType, readsAndWrites, reads, writes)
		}
		if !selector.management() && len(selector.DataResources) == 0 {
			c.fail(field, nil, "it selects nothing; set include_management_events to true, or give data_resources")
		}
		if excluded := selector.ExcludeManagementEventSources; !selector.management() && len(excluded) > 0 {
			c.fail(field+".exclude_management_event_sources", nil, "include_management_events is false, so that there is nothing to exclude; take one out")
		}
		for j, source := range selector.ExcludeManagementEventSources {
			c.oneOf(at(field+".exclude_management_event_sources", j), source, excludable()...)
		}
		c.distinct(field+".exclude_management_event_sources", selector.ExcludeManagementEventSources)
		for j, resource := range selector.DataResources {
			values += len(resource.Values)
			c.dataResource(at(field+".data_resources", j), resource)
		}
	}
	if values > maxDataResources {
		c.fail("event_selectors", nil, "their data_resources have %d values in all; CloudTrail takes %d, so use advanced_event_selectors", values, maxDataResources)
	}
}

// What a classic selector has for reads and writes.
const (
	readsAndWrites = "All"
	reads          = "ReadOnly"
	writes         = "WriteOnly"
)

// excludable are the only services whose management events a trail can leave out.
func excludable() []string { return []string{"kms.amazonaws.com", "rdsdata.amazonaws.com"} }

func (s EventSelector) management() bool {
	return s.IncludeManagementEvents == nil || *s.IncludeManagementEvents
}

// dataTypes are what a classic selector can select data events of: the pattern of an
// ARN, and words for people. The start of an ARN alone is every one in the account.
func dataTypes() map[string]struct{ pattern, form string } {
	const start = `arn:aws[a-z-]*:`
	return map[string]struct{ pattern, form string }{
		"AWS::S3::Object": {
			start + `s3(:::([a-z0-9][a-z0-9.-]*[a-z0-9]/.*)?)?`,
			"arn:aws:s3 for all buckets, or a bucket with a slash and perhaps the start of keys, such as arn:aws:s3:::bucket/folder/",
		},
		"AWS::Lambda::Function": {
			start + `lambda(:` + regionName + `:` + accountID + `:function:.+)?`,
			"arn:aws:lambda for all functions, or the ARN of one",
		},
		"AWS::DynamoDB::Table": {
			start + `dynamodb(:` + regionName + `:` + accountID + `:table/.+)?`,
			"arn:aws:dynamodb for all tables, or the ARN of one",
		},
	}
}

func (c *checker) dataResource(field string, resource DataResource) {
	types := dataTypes()
	known, ok := types[resource.Type]
	if !ok {
		names := sortedKeys(types)
		c.fail(field+".type", resource.Type, "choose %s, or use advanced_event_selectors for others%s", alternatives(names), guess(resource.Type, names))
		return
	}
	if len(resource.Values) == 0 {
		c.fail(field+".values", nil, "give at least one: %s", known.form)
	}
	for i, value := range resource.Values {
		if !isLike(known.pattern, value) {
			c.fail(at(field+".values", i), value, "give %s", known.form)
		}
	}
}

func (c *checker) advanced(selectors []AdvancedSelector) {
	values := 0
	for i, selector := range selectors {
		field := at("advanced_event_selectors", i)
		if len(selector.Name) > maxSelectorName {
			c.fail(field+".name", selector.Name, "it has %d characters; CloudTrail takes %d", len(selector.Name), maxSelectorName)
		}
		c.fields(field, selector)
		for _, f := range selector.FieldSelectors {
			for _, operator := range f.operators() {
				values += len(operator.values)
			}
		}
	}
	if values > maxConditions {
		c.fail("advanced_event_selectors", nil, "they have %d values in all; CloudTrail takes %d", values, maxConditions)
	}
}

// fields checks the conditions of one selector against what CloudTrail knows of the
// category of events that it selects.
func (c *checker) fields(field string, selector AdvancedSelector) {
	rules := fieldRules(selector.category())
	if rules == nil {
		c.fail(field, nil, "give it one field selector eventCategory that equals Management, Data or NetworkActivity")
		return
	}
	var seen []string
	for i, f := range selector.FieldSelectors {
		field := at(field+".field_selectors", i)
		known := slices.IndexFunc(rules, func(r fieldRule) bool { return r.field == f.Field })
		switch {
		case known < 0:
			c.fail(field+".field", f.Field, "%s events are selected by %s%s", selector.category(), alternatives(ruleNames(rules)), guess(f.Field, ruleNames(rules)))
		case slices.Contains(seen, f.Field):
			c.fail(field+".field", f.Field, "it is there already; put all its conditions in one")
		default:
			c.fieldSelector(field, f, rules[known])
		}
		seen = append(seen, f.Field)
	}
	for _, rule := range rules {
		if rule.required && !slices.Contains(seen, rule.field) {
			c.fail(field, nil, "give it a field selector %s, which %s events need", rule.field, selector.category())
		}
	}
}

func (c *checker) fieldSelector(field string, f FieldSelector, rule fieldRule) {
	count := 0
	for _, operator := range f.operators() {
		count += len(operator.values)
		if len(operator.values) > 0 && rule.operators != nil && !slices.Contains(rule.operators, operator.name) {
			c.fail(field+"."+operator.name, nil, "%s takes %s only", f.Field, alternatives(rule.operators))
		}
		for i, value := range operator.values {
			name := at(field+"."+operator.name, i)
			if rule.values != nil {
				c.oneOf(name, value, rule.values...)
			} else if value == "" {
				c.fail(name, value, "give a value")
			}
		}
	}
	switch {
	case count == 0:
		c.fail(field, nil, "give %s a value for at least one operator, such as equals", f.Field)
	case count > 1 && rule.single:
		c.fail(field, nil, "give %s one value only", f.Field)
	}
}

// operator is one condition of a field selector.
type operator struct {
	name   string
	values []string
}

func (f FieldSelector) operators() []operator {
	return []operator{
		{"equals", f.Equals}, {"starts_with", f.StartsWith}, {"ends_with", f.EndsWith},
		{"not_equals", f.NotEquals}, {"not_starts_with", f.NotStartsWith}, {"not_ends_with", f.NotEndsWith},
	}
}

// category is the one category of events that the selector is for, or "".
func (s AdvancedSelector) category() string {
	for _, f := range s.FieldSelectors {
		if f.Field == "eventCategory" && len(f.Equals) == 1 {
			return f.Equals[0]
		}
	}
	return ""
}

// fieldRule is how a field may be used in selectors of one category.
type fieldRule struct {
	field     string
	required  bool
	single    bool     // it takes one value
	operators []string // nil for all
	values    []string // nil for any
}

func ruleNames(rules []fieldRule) (names []string) {
	for _, rule := range rules {
		names = append(names, rule.field)
	}
	return names
}

// fieldRules are the fields that a trail can select events of a category by: the
// CloudTrail API, AdvancedFieldSelector. Nil is a category that trails do not have.
func fieldRules(category string) []fieldRule {
	equals := []string{"equals"}
	always := fieldRule{field: "eventCategory", required: true, single: true, operators: equals}
	readOnly := fieldRule{field: "readOnly", single: true, operators: equals, values: []string{"true", "false"}}
	switch category {
	case "Management":
		return []fieldRule{always, readOnly, {field: "eventSource", operators: []string{"not_equals"}, values: excludable()}}
	case "Data":
		return []fieldRule{
			always, readOnly,
			{field: "resources.type", required: true, single: true, operators: equals},
			{field: "sessionCredentialFromConsole", single: true, operators: []string{"equals", "not_equals"}, values: []string{"true"}},
			{field: "eventName"}, {field: "eventSource"}, {field: "eventType"}, {field: "resources.ARN"}, {field: "userIdentity.arn"},
		}
	case "NetworkActivity":
		return []fieldRule{
			always, {field: "eventSource", required: true, single: true, operators: equals},
			{field: "errorCode", operators: equals, values: []string{"VpceAccessDenied"}},
			{field: "eventName"}, {field: "vpcEndpointId"},
		}
	}
	return nil
}

func (c *checker) insights(s Spec) {
	for i, insight := range s.Insights {
		c.oneOf(at("insights", i), insight, "ApiCallRateInsight", "ApiErrorRateInsight")
	}
	c.distinct("insights", s.Insights)
	if len(s.Insights) > 0 && !s.selectsManagement(writes) {
		c.fail("insights", strings.Join(s.Insights, ", "), "they analyse management events that write; let a selector include those, or leave insights empty")
	}
}

// selectsManagement reports whether the trail gets management events that read, or those
// that write.
func (s Spec) selectsManagement(kind string) bool {
	if len(s.EventSelectors)+len(s.AdvancedEventSelectors) == 0 {
		return true
	}
	return slices.ContainsFunc(s.EventSelectors, func(e EventSelector) bool {
		return e.management() && slices.Contains([]string{"", readsAndWrites, kind}, e.ReadWriteType)
	}) || slices.ContainsFunc(s.AdvancedEventSelectors, func(a AdvancedSelector) bool {
		return a.category() == "Management" && !slices.ContainsFunc(a.FieldSelectors, func(f FieldSelector) bool {
			return f.Field == "readOnly" && slices.Contains(f.Equals, "true") != (kind == reads)
		})
	})
}

// excluded are the services whose management events no selector for them gets.
func (s Spec) excluded() (sources []string) {
	var without [][]string // by selector
	for _, selector := range s.EventSelectors {
		if selector.management() {
			without = append(without, selector.ExcludeManagementEventSources)
		}
	}
	for _, selector := range s.AdvancedEventSelectors {
		if selector.category() == "Management" {
			at := slices.IndexFunc(selector.FieldSelectors, func(f FieldSelector) bool { return f.Field == "eventSource" })
			if at < 0 {
				return nil
			}
			without = append(without, selector.FieldSelectors[at].NotEquals)
		}
	}
	for _, source := range excludable() {
		if len(without) > 0 && !slices.ContainsFunc(without, func(list []string) bool { return !slices.Contains(list, source) }) {
			sources = append(sources, source)
		}
	}
	return sources
}
