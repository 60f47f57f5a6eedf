package selector

// Fields that advanced selectors of trails can use.
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

// rule says how a field may be used in the selectors of one category.
type rule struct {
	field    string
	required bool
	single   bool     // it takes one value
	allowed  []string // operators; nil for all
	values   []string // nil for any that are not empty
}

// rules returns the fields for a category of events, nil for a category that trails
// cannot select. Event data stores have more of both.
func rules(category string) []rule {
	equals := []string{"Equals"}
	always := rule{field: fieldCategory, required: true, single: true, allowed: equals}
	readOnly := rule{field: fieldReadOnly, single: true, allowed: equals, values: []string{"true", "false"}}
	switch category {
	case Management:
		return []rule{always, readOnly, {field: fieldSource, allowed: []string{"NotEquals"}, values: Excludable()}}
	case Data:
		return []rule{
			always, readOnly,
			{field: fieldResourceType, required: true, single: true, allowed: equals},
			{field: fieldConsole, single: true, allowed: []string{"Equals", "NotEquals"}, values: []string{"true"}},
			{field: fieldName}, {field: fieldSource}, {field: fieldType}, {field: fieldResourceARN}, {field: fieldIdentity},
		}
	case NetworkActivity:
		return []rule{
			always, {field: fieldSource, required: true, single: true, allowed: equals},
			{field: fieldErrorCode, allowed: equals, values: []string{"VpceAccessDenied"}},
			{field: fieldName}, {field: fieldEndpoint},
		}
	}
	return nil
}
