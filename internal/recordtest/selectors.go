package recordtest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/cerpac/trailkeeper/selector"
)

// chooser draws from few values, so that selectors and records meet often.
type chooser struct{ *rand.Rand }

func (c chooser) one(list ...string) string { return list[c.IntN(len(list))] }

// some returns up to most of the values, perhaps none.
func (c chooser) some(most int, list ...string) (chosen []string) {
	for range c.IntN(most + 1) {
		chosen = append(chosen, c.one(list...))
	}
	return chosen
}

func (c chooser) resource() (kind, name string) {
	kind = c.one(selector.Object, selector.Function, selector.Table, "AWS::S3::Bucket")
	switch kind {
	case selector.Function:
		return kind, "arn:aws:lambda:us-east-1:111111111111:function:" + c.one("f", "g", "fg")
	case selector.Table:
		return kind, "arn:aws:dynamodb:us-east-1:111111111111:table/" + c.one("t", "u")
	}
	return kind, "arn:aws:s3:::" + c.one("logs", "data-set") + "/" + c.one("", "a", "a/b", "b")
}

func (c chooser) value(field string) string {
	switch field {
	case "eventCategory":
		return c.one(selector.Management, selector.Data, selector.NetworkActivity)
	case "readOnly", "sessionCredentialFromConsole":
		return c.one("true", "false")
	case "eventName":
		return c.one("GetObject", "PutObject", "Get", "DescribeInstances", "Object")
	case "eventSource":
		return c.one("s3.amazonaws.com", "kms.amazonaws.com", "rdsdata.amazonaws.com", "ec2.amazonaws.com")
	case "eventType":
		return c.one("AwsApiCall", "AwsServiceEvent")
	case "resources.ARN":
		_, name := c.resource()
		return name
	case "userIdentity.arn":
		return "arn:aws:iam::111111111111:" + c.one("user/alice", "user/bob", "root")
	case "vpcEndpointId":
		return c.one("vpce-1", "vpce-12")
	}
	return c.one("VpceAccessDenied", "AccessDenied")
}

// Selectors returns random selectors that CloudTrail accepts and that select some of
// the events of [Selectable].
func Selectors(random *rand.Rand) selector.Set {
	for c := (chooser{random}); ; {
		var s selector.Set
		if c.IntN(2) == 0 {
			s.EventSelectors = c.basic()
		} else {
			s.AdvancedEventSelectors = c.advanced()
		}
		if len(s.Check()) == 0 {
			return s
		}
	}
}

func (c chooser) basic() (list []selector.Basic) {
	for range c.IntN(4) {
		b := selector.Basic{
			ReadWriteType:                 c.one("", selector.All, selector.ReadOnly, selector.WriteOnly),
			ExcludeManagementEventSources: c.some(2, selector.Excludable()...),
		}
		if c.IntN(2) == 0 {
			b.IncludeManagementEvents = new(c.IntN(2) == 0)
		}
		for range c.IntN(3) {
			kind, name := c.resource()
			values := append(c.some(1, "arn:aws:s3", "arn:aws:s3:::", "arn:aws:lambda", "arn:aws:dynamodb"), name)
			b.DataResources = append(b.DataResources, selector.DataResource{Type: kind, Values: values[c.IntN(len(values)):]})
		}
		list = append(list, b)
	}
	return list
}

func (c chooser) advanced() (list []selector.Advanced) {
	for range 1 + c.IntN(3) {
		category := c.value("eventCategory")
		a := selector.Advanced{FieldSelectors: []selector.FieldSelector{{Field: "eventCategory", Equals: []string{category}}}}
		switch category {
		case selector.Data:
			kind, _ := c.resource()
			a.FieldSelectors = append(a.FieldSelectors, selector.FieldSelector{Field: "resources.type", Equals: []string{kind}})
		case selector.NetworkActivity:
			a.FieldSelectors = append(a.FieldSelectors, selector.FieldSelector{Field: "eventSource", Equals: []string{c.value("eventSource")}})
		}
		for range c.IntN(3) {
			a.FieldSelectors = append(a.FieldSelectors, c.field())
		}
		list = append(list, a)
	}
	return list
}

func (c chooser) field() selector.FieldSelector {
	f := selector.FieldSelector{Field: c.one("readOnly", "eventName", "eventSource", "eventType", "resources.ARN", "userIdentity.arn",
		"sessionCredentialFromConsole", "vpcEndpointId", "errorCode")}
	value := c.value(f.Field)
	cut := 1 + c.IntN(len(value))
	for range 1 + c.IntN(2) {
		switch c.IntN(6) {
		case 0, 1:
			f.Equals = append(f.Equals, value)
		case 2:
			f.NotEquals = append(f.NotEquals, value)
		case 3:
			f.StartsWith, f.NotEndsWith = c.some(1, value[:cut]), append(f.NotEndsWith, value[cut-1:])
		case 4:
			f.EndsWith = append(f.EndsWith, value[cut-1:])
		default:
			f.NotStartsWith = append(f.NotStartsWith, value[:cut])
		}
	}
	return f
}

// Selectable returns a random record with the members that selectors look at, all of
// them the types that CloudTrail writes. Some lack members.
func Selectable(random *rand.Rand, number int) string {
	c := chooser{random}
	members := []string{
		fmt.Sprintf(`"eventTime":"2026-01-02T03:%02d:%02dZ","eventID":"%08x-0000-0000-0000-000000000000","awsRegion":"us-east-1","eventVersion":"1.11"`,
			number/60%60, number%60, number),
	}
	for _, field := range []string{"eventCategory", "eventName", "eventSource", "eventType", "sessionCredentialFromConsole", "vpcEndpointId", "errorCode"} {
		if c.IntN(4) > 0 {
			members = append(members, fmt.Sprintf("%q:%q", field, c.value(field)))
		}
	}
	if c.IntN(4) > 0 {
		members = append(members, `"readOnly":`+c.value("readOnly"))
	}
	if c.IntN(4) > 0 {
		members = append(members, fmt.Sprintf(`"userIdentity":{"type":"IAMUser","arn":%q}`, c.value("userIdentity.arn")))
	}
	if c.IntN(4) > 0 {
		members = append(members, `"resources":[`+strings.Join(c.resources(), ",")+`]`)
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (c chooser) resources() (list []string) {
	for range c.IntN(4) {
		kind, name := c.resource()
		member := c.one(`"ARN":`, `"ARN":`, `"ARNPrefix":`, `"ARN":"","ARNPrefix":`)
		list = append(list, fmt.Sprintf(`{%s%q,"type":%q}`, member, name, kind))
	}
	return list
}
