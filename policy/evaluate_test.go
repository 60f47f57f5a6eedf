package policy_test

import (
	"fmt"
	"testing"

	"github.com/cerpac/trailkeeper/policy"
)

// put is what CloudTrail asks of a bucket, with changes.
func put(change func(*policy.Request)) policy.Request {
	r := policy.Request{
		Principal: policy.Service("cloudtrail.amazonaws.com"),
		Action:    "s3:PutObject",
		Resource:  "arn:aws:s3:::logs/AWSLogs/123456789012/CloudTrail/eu-west-2/2026/11/23/x.json.gz",
		Context: map[string][]string{
			"aws:SourceArn":       {trail},
			"aws:SecureTransport": {"true"},
			"s3:x-amz-acl":        {"bucket-owner-full-control"},
		},
	}
	if change != nil {
		change(&r)
	}
	return r
}

func TestEvaluate(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*policy.Request)
		outcome policy.Outcome
		why     string
	}{
		"allowed": {nil, policy.Allowed, `statement "AWSCloudTrailWrite20150319" allows s3:PutObject`},
		"case of the action": {
			func(r *policy.Request) { r.Action = "S3:putobject" }, policy.Allowed,
			`statement "AWSCloudTrailWrite20150319" allows S3:putobject`,
		},
		"another folder": {
			func(r *policy.Request) { r.Resource = "arn:aws:s3:::logs/AWSLogs/1/x" }, policy.ImplicitDeny,
			`statement "AWSCloudTrailWrite20150319" allows s3:PutObject only on "arn:aws:s3:::logs/AWSLogs/123456789012/*", not on "arn:aws:s3:::logs/AWSLogs/1/x"`,
		},
		"another trail": {
			func(r *policy.Request) { r.Context["aws:SourceArn"] = []string{"x"} }, policy.ImplicitDeny,
			`statement "AWSCloudTrailWrite20150319" allows s3:PutObject only if aws:SourceArn StringEquals "` + trail + `"; it is "x"`,
		},
		"no ACL": {
			func(r *policy.Request) { delete(r.Context, "s3:x-amz-acl") }, policy.ImplicitDeny,
			`statement "AWSCloudTrailWrite20150319" allows s3:PutObject only if s3:x-amz-acl StringEquals "bucket-owner-full-control"; it is not in the request`,
		},
		"another service": {
			func(r *policy.Request) { r.Principal = policy.Service("config.amazonaws.com") }, policy.ImplicitDeny,
			`no statement allows s3:PutObject to config.amazonaws.com`,
		},
		"another action": {
			func(r *policy.Request) { r.Action = "s3:DeleteObject" }, policy.ImplicitDeny,
			`no statement allows s3:DeleteObject to cloudtrail.amazonaws.com`,
		},
		"no TLS": {
			func(r *policy.Request) { r.Context["aws:SecureTransport"] = []string{"false"} }, policy.ExplicitDeny,
			`statement "DenyInsecureTransport" denies s3:PutObject`,
		},
	} {
		got := policy.Evaluate([]policy.Document{bucketPolicy()}, put(test.change))
		if got.Outcome != test.outcome || got.Why != test.why {
			t.Errorf("%s:\n got %s: %s\nwant %s: %s", name, got.Outcome, got.Why, test.outcome, test.why)
		}
	}
}

func TestPrincipals(t *testing.T) {
	const (
		user    = "arn:aws:iam::123456789012:user/ann"
		role    = "arn:aws:iam::123456789012:role/path/reader"
		session = "arn:aws:sts::123456789012:assumed-role/reader/ann"
		root    = "arn:aws:iam::123456789012:root"
	)
	for _, test := range []struct {
		element string
		caller  policy.Principals
		matches bool
	}{
		{`"Principal":"*"`, policy.Everyone(), true},
		{`"Principal":{"AWS":"*"}`, policy.Everyone(), true},
		{`"Principal":{"AWS":"*"}`, policy.Service("s"), true},
		{`"Principal":{"AWS":"123456789012"}`, policy.Everyone(), false},
		{`"Principal":{"AWS":"123456789012"}`, policy.AWS(user), true},
		{`"Principal":{"AWS":"123456789012"}`, policy.AWS(root), true},
		{`"Principal":{"AWS":"` + root + `"}`, policy.AWS("123456789012"), true},
		{`"Principal":{"AWS":"` + root + `"}`, policy.AWS(session), true},
		{`"Principal":{"AWS":"210987654321"}`, policy.AWS(user), false},
		{`"Principal":{"AWS":"` + user + `"}`, policy.AWS(user), true},
		{`"Principal":{"AWS":"` + user + `"}`, policy.AWS(root), false},
		{`"Principal":{"AWS":"` + role + `"}`, policy.AWS(session), true},
		{`"Principal":{"AWS":"` + role + `"}`, policy.AWS("arn:aws:sts::123456789012:assumed-role/writer/ann"), false},
		{`"Principal":{"AWS":"` + role + `"}`, policy.AWS("arn:aws:sts::210987654321:assumed-role/reader/ann"), false},
		{`"Principal":{"Service":["a","s"]}`, policy.Service("s"), true},
		{`"Principal":{"Service":"a"}`, policy.AWS("a"), false},
		{`"NotPrincipal":{"Service":"s"}`, policy.Service("s"), false},
		{`"NotPrincipal":{"Service":"s"}`, policy.Service("t"), true},
		{`"Principal":"*"`, nil, false},
		{`"Sid":"no principal"`, nil, true},
		{`"Sid":"no principal"`, policy.AWS(user), false},
	} {
		d := parse(t, statement(`"Action":"a:B",`+test.element))
		got := policy.Evaluate([]policy.Document{d}, policy.Request{Principal: test.caller, Action: "a:B"})
		if got.Allowed() != test.matches {
			t.Errorf("%s for %v: %v, want %v", test.element, test.caller, got.Allowed(), test.matches)
		}
	}
}

func TestActionsAndResources(t *testing.T) {
	for _, test := range []struct {
		members, action, resource string
		matches                   bool
	}{
		{`"Action":"*"`, "s3:PutObject", "", true},
		{`"Action":"s3:put*"`, "s3:PutObject", "", true},
		{`"Action":"s3:Put?bject"`, "s3:PutObject", "", true},
		{`"Action":"s3:Put*Acl"`, "s3:PutObject", "", false},
		{`"Action":"s3:*Obj*t*"`, "s3:PutObject", "", true},
		{`"NotAction":["iam:*","sts:*"]`, "s3:PutObject", "", true},
		{`"NotAction":"S3:*"`, "s3:PutObject", "", false},
		{`"Action":"*","Resource":"arn:aws:s3:::b/*"`, "a:B", "arn:aws:s3:::b/", true},
		{`"Action":"*","Resource":"arn:aws:s3:::b/*"`, "a:B", "arn:aws:s3:::b", false},
		{`"Action":"*","Resource":"arn:aws:s3:::B"`, "a:B", "arn:aws:s3:::b", false},
		{`"Action":"*","Resource":["x","*"]`, "a:B", "arn:aws:s3:::b", true},
		{`"Action":"*","NotResource":"arn:aws:s3:::b/*"`, "a:B", "arn:aws:s3:::b/x", false},
		{`"Action":"*","NotResource":"arn:aws:s3:::b/*"`, "a:B", "arn:aws:s3:::c/x", true},
		{`"Action":"*","Resource":"arn:aws:s3:::b/${aws:username}/*"`, "a:B", "arn:aws:s3:::b/ann/x", true},
		{`"Action":"*","Resource":"arn:aws:s3:::b/${AWS:UserName}/*"`, "a:B", "arn:aws:s3:::b/bob/x", false},
		{`"Action":"*","Resource":"b/${aws:wild}"`, "a:B", "b/anything", false},
		{`"Action":"*","Resource":"b/${aws:wild}"`, "a:B", "b/*", true},
		{`"Action":"*","Resource":"b/${aws:missing}"`, "a:B", "b/", false},
		{`"Action":"*","Resource":"b/${aws:missing, 'all'}"`, "a:B", "b/all", true},
		{`"Action":"*","Resource":"b/${aws:username, 'all'}"`, "a:B", "b/ann", true},
		{`"Action":"*","Resource":"b/${aws:many}"`, "a:B", "b/1", false},
		{`"Action":"*","Resource":"b/${*}${?}${$}"`, "a:B", "b/*?$", true},
		{`"Action":"*","Resource":"b/${*}"`, "a:B", "b/x", false},
		{`"Action":"*","Resource":"b/$x${"`, "a:B", "b/$x${", true},
	} {
		d := parse(t, statement(test.members))
		got := policy.Evaluate([]policy.Document{d}, policy.Request{
			Action: test.action, Resource: test.resource,
			Context: map[string][]string{"aws:username": {"ann"}, "aws:wild": {"*"}, "aws:many": {"1", "2"}},
		})
		if got.Allowed() != test.matches {
			t.Errorf("%s for %s on %s: %v, want %v", test.members, test.action, test.resource, got.Allowed(), test.matches)
		}
	}
}

// Before version 2012-10-17 there were no variables.
func TestOldVersionHasNoVariables(t *testing.T) {
	d := parse(t, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"${aws:a}"}}`)
	for resource, want := range map[string]bool{"x": false, "${aws:a}": true} {
		r := policy.Request{Action: "a:B", Resource: resource, Context: map[string][]string{"aws:a": {"x"}}}
		if policy.Evaluate([]policy.Document{d}, r).Allowed() != want {
			t.Errorf("resource %q: not %v", resource, want)
		}
	}
}

func TestConditions(t *testing.T) {
	context := map[string][]string{
		"s": {"Value"}, "n": {"10"}, "d": {"2026-11-23T12:00:00Z"}, "b": {"true"}, "ip": {"203.0.113.7"}, "ip6": {"2001:db8::7"},
		"arn": {"arn:aws:sns:eu-west-2:123456789012:topic"}, "bin": {"aGk="}, "many": {"a", "b"}, "user": {"Value"},
	}
	for _, test := range []struct {
		operator, key, values string
		holds                 bool
	}{
		{"StringEquals", "s", `"Value"`, true},
		{"stringequals", "S", `"Value"`, true},
		{"StringEquals", "s", `"value"`, false},
		{"StringEquals", "s", `["x","Value"]`, true},
		{"StringEquals", "s", `"V*"`, false},
		{"StringEquals", "s", `[]`, false},
		{"StringEquals", "s", `"${user}"`, true},
		{"StringEquals", "s", `"${missing}"`, false},
		{"StringEquals", "missing", `"x"`, false},
		{"StringEqualsIfExists", "missing", `"x"`, true},
		{"StringEqualsIfExists", "s", `"x"`, false},
		{"StringNotEquals", "s", `["x","Value"]`, false},
		{"StringNotEquals", "s", `["x","y"]`, true},
		{"StringNotEquals", "missing", `"x"`, true},
		{"StringNotEquals", "s", `"${missing}"`, true},
		{"StringEqualsIgnoreCase", "s", `"VALUE"`, true},
		{"StringNotEqualsIgnoreCase", "s", `"VALUE"`, false},
		{"StringLike", "s", `"V?l*"`, true},
		{"StringLike", "s", `"v*"`, false},
		{"StringLike", "s", `"V${*}"`, false},
		{"StringNotLike", "s", `"V*"`, false},
		{"NumericEquals", "n", `10`, true},
		{"NumericEquals", "n", `"10.0"`, true},
		{"NumericEquals", "s", `"Value"`, false},
		{"NumericNotEquals", "n", `"10"`, false},
		{"NumericLessThan", "n", `"10"`, false},
		{"NumericLessThanEquals", "n", `"10"`, true},
		{"NumericGreaterThan", "n", `"9"`, true},
		{"NumericGreaterThan", "n", `"x"`, false},
		{"NumericGreaterThanEquals", "n", `"11"`, false},
		{"DateEquals", "d", `"2026-11-23T13:00:00+01:00"`, true},
		{"DateNotEquals", "d", `"2026-11-23"`, true},
		{"DateLessThan", "d", `"2026-11-24"`, true},
		{"DateLessThanEquals", "d", `"2026-11-23T12:00Z"`, true},
		{"DateGreaterThan", "d", `"1700000000"`, true},
		{"DateGreaterThanEquals", "d", `"2027"`, false},
		{"DateGreaterThan", "d", `"yesterday"`, false},
		{"Bool", "b", `true`, true},
		{"Bool", "b", `"TRUE"`, true},
		{"Bool", "b", `"false"`, false},
		{"Bool", "missing", `"false"`, false},
		{"BoolIfExists", "missing", `"false"`, true},
		{"BinaryEquals", "bin", `"aGk="`, true},
		{"BinaryEquals", "bin", `"aGo="`, false},
		{"IpAddress", "ip", `["198.51.100.0/24","203.0.113.0/24"]`, true},
		{"IpAddress", "ip", `"203.0.113.7"`, true},
		{"IpAddress", "ip", `"203.0.113.8/31"`, false},
		{"IpAddress", "ip6", `"2001:DB8::/32"`, true},
		{"IpAddress", "s", `"0.0.0.0/0"`, false},
		{"NotIpAddress", "ip", `"203.0.113.0/24"`, false},
		{"NotIpAddress", "missing", `"203.0.113.0/24"`, true},
		{"ArnEquals", "arn", `"arn:aws:sns:*:123456789012:top*"`, true},
		{"ArnLike", "arn", `"arn:aws:sns:*:topic"`, false},
		{"ArnLike", "arn", `"arn:aws:sns:eu-west-2:*:*"`, true},
		{"ArnLike", "s", `"*"`, false},
		{"ArnNotLike", "arn", `"arn:*:sns:*:*:*"`, false},
		{"ArnNotEquals", "arn", `"arn:aws:sqs:*:*:*"`, true},
		{"Null", "missing", `"true"`, true},
		{"Null", "missing", `"false"`, false},
		{"Null", "s", `false`, true},
		{"Null", "s", `["true"]`, false},
		{"ForAnyValue:StringEquals", "many", `["b","c"]`, true},
		{"ForAnyValue:StringEquals", "many", `"c"`, false},
		{"ForAnyValue:StringEquals", "missing", `"c"`, false},
		{"ForAnyValue:StringNotEquals", "many", `"a"`, true},
		{"ForAllValues:StringEquals", "many", `["a","b","c"]`, true},
		{"ForAllValues:StringEquals", "many", `["a"]`, false},
		{"ForAllValues:StringEquals", "missing", `["a"]`, true},
		{"ForAllValues:StringNotEquals", "many", `["a"]`, false},
		{"forallvalues:stringlikeifexists", "many", `"?"`, true},
	} {
		condition := fmt.Sprintf(`"Condition":{%q:{%q:%s}}`, test.operator, test.key, test.values)
		d := parse(t, statement(`"Action":"a:B",`+condition))
		got := policy.Evaluate([]policy.Document{d}, policy.Request{Action: "a:B", Context: context})
		if got.Allowed() != test.holds {
			t.Errorf("%s: %v, want %v", condition, got.Allowed(), test.holds)
		}
	}
}

func TestAllConditionsMustHold(t *testing.T) {
	d := parse(t, statement(`"Action":"a:B","Condition":{"StringEquals":{"x":"1","y":"2"},"Null":{"z":true}}`))
	for _, test := range []struct {
		context map[string][]string
		allowed bool
	}{
		{map[string][]string{"x": {"1"}, "y": {"2"}}, true},
		{map[string][]string{"x": {"1"}, "y": {"3"}}, false},
		{map[string][]string{"x": {"1"}, "y": {"2"}, "Z": {""}}, false},
	} {
		got := policy.Evaluate([]policy.Document{d}, policy.Request{Action: "a:B", Context: test.context})
		if got.Allowed() != test.allowed {
			t.Errorf("%v: %v, want %v", test.context, got.Allowed(), test.allowed)
		}
	}
}

func TestManyDocuments(t *testing.T) {
	allow := parse(t, statement(`"Action":"a:*"`))
	deny := parse(t, `{"Statement":{"Sid":"No","Effect":"Deny","Action":"a:B"}}`)
	for _, test := range []struct {
		documents []policy.Document
		outcome   policy.Outcome
	}{
		{nil, policy.ImplicitDeny},
		{[]policy.Document{allow}, policy.Allowed},
		{[]policy.Document{allow, deny}, policy.ExplicitDeny},
		{[]policy.Document{deny, allow}, policy.ExplicitDeny},
	} {
		if got := policy.Evaluate(test.documents, policy.Request{Action: "a:B"}); got.Outcome != test.outcome {
			t.Errorf("%v: %s, want %s", test.documents, got.Outcome, test.outcome)
		}
	}
}
