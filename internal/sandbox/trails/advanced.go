package trails

import "slices"

// The fields of advanced selectors.
const (
	fieldCategory     = "eventCategory"
	fieldReadOnly     = "readOnly"
	fieldName         = "eventName"
	fieldSource       = "eventSource"
	fieldType         = "eventType"
	fieldResourceType = "resources.type"
	fieldResourceARN  = "resources.ARN"
	fieldIdentity     = "userIdentity.arn"
	fieldConsole      = "sessionCredentialFromConsole"
	fieldEndpoint     = "vpcEndpointId"
	fieldErrorCode    = "errorCode"
)

const (
	maxConditions   = 500
	maxSelectorName = 1000
)

// fieldRule says how a field may be used in the selectors of one category.
type fieldRule struct {
	field    string
	required bool
	// operators lists the allowed operators, nil for all.
	operators []string
	// values lists the allowed values, nil for any. single allows one value only.
	values []string
	single bool
}

// fieldRules returns the selector fields for a category of events, nil for an unknown
// category. Event data stores have more fields and categories.
func fieldRules(category string) []fieldRule {
	equals := []string{"Equals"}
	categoryRule := fieldRule{field: fieldCategory, required: true, operators: equals, single: true}
	readOnly := fieldRule{field: fieldReadOnly, operators: equals, values: []string{"true", "false"}, single: true}
	switch category {
	case categoryManagement:
		return []fieldRule{categoryRule, readOnly,
			{field: fieldSource, operators: []string{"NotEquals"}, values: excludableSources()}}
	case categoryData:
		return []fieldRule{categoryRule, readOnly,
			{field: fieldResourceType, required: true, operators: equals, single: true},
			{field: fieldConsole, operators: []string{"Equals", "NotEquals"}, values: []string{"true"}, single: true},
			{field: fieldName}, {field: fieldSource}, {field: fieldType}, {field: fieldResourceARN}, {field: fieldIdentity}}
	case categoryNetwork:
		return []fieldRule{categoryRule,
			{field: fieldSource, required: true, operators: equals, single: true},
			{field: fieldErrorCode, operators: equals, values: []string{"VpceAccessDenied"}},
			{field: fieldName}, {field: fieldEndpoint}}
	}
	return nil
}

// checkAdvanced refuses advanced selectors that CloudTrail does not accept.
func checkAdvanced(selectors []AdvancedSelector) error {
	conditions := 0
	for _, s := range selectors {
		if len(s.Name) > maxSelectorName {
			return refuseSelectors("The name of an advanced event selector is longer than %d characters.", maxSelectorName)
		}
		if err := s.check(); err != nil {
			return err
		}
		for _, f := range s.FieldSelectors {
			f.operators(func(_ string, values []string) { conditions += len(values) })
		}
	}
	if conditions > maxConditions {
		return refuseSelectors("The number of values for all conditions, %d, exceeds the maximum of %d.", conditions, maxConditions)
	}
	return nil
}

func (s AdvancedSelector) check() error {
	rules := fieldRules(s.category())
	if rules == nil {
		return refuseSelectors("An advanced event selector must have the field eventCategory with one of the values Management, Data and NetworkActivity.")
	}
	seen := map[string]bool{}
	for _, f := range s.FieldSelectors {
		at := slices.IndexFunc(rules, func(r fieldRule) bool { return r.field == f.Field })
		if at < 0 {
			return refuseSelectors("Field %s is invalid for event category %s.", f.Field, s.category())
		}
		if seen[f.Field] {
			return refuseSelectors("Field %s is specified more than once in an advanced event selector.", f.Field)
		}
		seen[f.Field] = true
		if err := rules[at].check(f); err != nil {
			return err
		}
	}
	for _, r := range rules {
		if r.required && !seen[r.field] {
			return refuseSelectors("Field %s is required for event category %s.", r.field, s.category())
		}
	}
	return nil
}

// category returns the only event category of the selector, "" if there is not one.
func (s AdvancedSelector) category() string {
	for _, f := range s.FieldSelectors {
		if f.Field == fieldCategory && len(f.Equals) == 1 {
			return f.Equals[0]
		}
	}
	return ""
}

func (r fieldRule) check(f FieldSelector) (err error) {
	total := 0
	f.operators(func(operator string, values []string) {
		total += len(values)
		if r.operators != nil && !slices.Contains(r.operators, operator) {
			err = refuseSelectors("Operator %s is invalid for field %s.", operator, f.Field)
		}
		for _, value := range values {
			if value == "" || r.values != nil && !slices.Contains(r.values, value) {
				err = refuseSelectors("Value %q is invalid for field %s.", value, f.Field)
			}
		}
	})
	switch {
	case err != nil:
		return err
	case total == 0:
		return refuseSelectors("Field %s has no condition.", f.Field)
	case r.single && total > 1:
		return refuseSelectors("Field %s takes one value only.", f.Field)
	}
	return nil
}

// operators calls yield for each operator that has values.
func (f FieldSelector) operators(yield func(operator string, values []string)) {
	for _, o := range []struct {
		name   string
		values []string
	}{
		{"Equals", f.Equals}, {"StartsWith", f.StartsWith}, {"EndsWith", f.EndsWith},
		{"NotEquals", f.NotEquals}, {"NotStartsWith", f.NotStartsWith}, {"NotEndsWith", f.NotEndsWith},
	} {
		if len(o.values) > 0 {
			yield(o.name, o.values)
		}
	}
}
