package trails_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const (
	selectorsARN = `"TrailARN":"arn:aws:cloudtrail:us-east-1:123456789012:trail/trail"`
	// standard is what a new trail has.
	standard = `{` + selectorsARN + `,"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":[],"DataResources":[]}]}`
)

func withTrail(t *testing.T) *sandbox {
	t.Helper()
	s := open(t)
	s.must(t, "CreateTrail", `{"Name":"trail","S3BucketName":"logs"}`)
	return s
}

// custom tells what GetTrail says of the trail's selectors.
func (s *sandbox) custom(t *testing.T) (events, insights bool) {
	t.Helper()
	var answer struct {
		Trail struct{ HasCustomEventSelectors, HasInsightSelectors bool }
	}
	if err := json.Unmarshal([]byte(s.must(t, "GetTrail", `{"Name":"trail"}`)), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Trail.HasCustomEventSelectors, answer.Trail.HasInsightSelectors
}

func TestSelectors(t *testing.T) {
	t.Parallel()
	s := withTrail(t)
	if got := s.must(t, "GetEventSelectors", `{"TrailName":"trail"}`); got != standard {
		t.Errorf("a new trail has %s", got)
	}
	for _, c := range []struct {
		put    string
		want   string
		custom bool
	}{
		{`"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]},{"Type":"AWS::Lambda::Function"}],"ExcludeManagementEventSources":["kms.amazonaws.com"]},{}]`,
			`"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,"ExcludeManagementEventSources":["kms.amazonaws.com"],"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]},{"Type":"AWS::Lambda::Function","Values":[]}]},` +
				`{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":[],"DataResources":[]}]`, true},
		{`"AdvancedEventSelectors":[{"Name":"x","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]`,
			`"AdvancedEventSelectors":[{"Name":"x","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]`, true},
		{`"EventSelectors":[{"ReadWriteType":"ReadOnly"}]`,
			`"EventSelectors":[{"ReadWriteType":"ReadOnly","IncludeManagementEvents":true,"ExcludeManagementEventSources":[],"DataResources":[]}]`, true},
		{`"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[]}],"AdvancedEventSelectors":[]`,
			standard[len(selectorsARN)+2 : len(standard)-1], false},
	} {
		want := `{` + selectorsARN + `,` + c.want + `}`
		if got := s.must(t, "PutEventSelectors", `{"TrailName":"trail",`+c.put+`}`); got != want {
			t.Errorf("PutEventSelectors %s answers %s", c.put, got)
		}
		s.reopen(t)
		if got := s.must(t, "GetEventSelectors", `{"TrailName":"trail"}`); got != want {
			t.Errorf("after PutEventSelectors %s there is %s", c.put, got)
		}
		if custom, _ := s.custom(t); custom != c.custom {
			t.Errorf("after PutEventSelectors %s HasCustomEventSelectors is %v", c.put, custom)
		}
	}
}

// TestRefusedSelectors also has the selectors beside them that are taken.
func TestRefusedSelectors(t *testing.T) {
	t.Parallel()
	data := func(kind string, values ...string) string {
		text, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`"EventSelectors":[{"DataResources":[{"Type":%q,"Values":%s}]}]`, kind, text)
	}
	object := func(values ...string) string { return data("AWS::S3::Object", values...) }
	many := func(n int, format string) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf(format, i))
		}
		return list
	}
	advanced := func(fields string) string {
		return `"AdvancedEventSelectors":[{"FieldSelectors":[` + fields + `]}]`
	}
	const (
		management = `{"Field":"eventCategory","Equals":["Management"]}`
		dataEvents = `{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}`
		network    = `{"Field":"eventCategory","Equals":["NetworkActivity"]},{"Field":"eventSource","Equals":["ec2.amazonaws.com"]}`
		category   = "An advanced event selector must have the field eventCategory with one of the values Management, Data and NetworkActivity."
	)
	names := func(n int) string {
		text, err := json.Marshal(many(n, "E%d"))
		if err != nil {
			t.Fatal(err)
		}
		return `{"Field":"eventName","Equals":` + string(text) + `}`
	}
	for _, c := range []struct{ put, want string }{
		{`"EventSelectors":[]`, "At least one event selector must be specified."},
		{`"AdvancedEventSelectors":[]`, "At least one event selector must be specified."},
		{`"EventSelectors":[{}],"AdvancedEventSelectors":[{"FieldSelectors":[` + management + `]}]`, "Only one of event selectors and advanced event selectors can be specified."},
		{`"EventSelectors":[{},{},{},{},{}]`, ""},
		{`"EventSelectors":[{},{},{},{},{},{}]`, "The number of event selectors, 6, exceeds the maximum of 5."},
		{`"EventSelectors":[{"ReadWriteType":"read-only"}]`, "Value read-only for ReadWriteType is invalid."},
		{`"EventSelectors":[{"ExcludeManagementEventSources":["s3.amazonaws.com"]}]`, "Value s3.amazonaws.com for ExcludeManagementEventSources is invalid."},
		{`"EventSelectors":[{"ExcludeManagementEventSources":["rdsdata.amazonaws.com","kms.amazonaws.com"]}]`, ""},
		{data("AWS::SQS::Queue", "arn:aws:sqs"), "Value AWS::SQS::Queue for DataResources.Type is invalid."},
		{object("arn:aws:s3", "arn:aws:s3:::", "arn:aws:s3:::logs/", "arn:aws:s3:::logs/a b*", "arn:aws-cn:s3"), ""},
		{object("arn:aws:s3:::*"), "Value arn:aws:s3:::* for DataResources.Values is invalid."},
		{object("arn:aws:s3:::*/*"), "Value arn:aws:s3:::*/* for DataResources.Values is invalid."},
		{object("arn:aws:s3:::logs"), "Value arn:aws:s3:::logs for DataResources.Values is invalid."},
		{object("arn:aws:lambda"), "Value arn:aws:lambda for DataResources.Values is invalid."},
		{object("s3"), "Value s3 for DataResources.Values is invalid."},
		{data("AWS::Lambda::Function", "arn:aws:lambda", "arn:aws:lambda:us-east-1:123456789012:function:f"), ""},
		{data("AWS::Lambda::Function", "arn:aws:lambda:*"), "Value arn:aws:lambda:* for DataResources.Values is invalid."},
		{data("AWS::Lambda::Function", "lambda"), "Value lambda for DataResources.Values is invalid."},
		{data("AWS::DynamoDB::Table", "arn:aws:dynamodb", "arn:aws:dynamodb:us-east-1:123456789012:table/t"), ""},
		{data("AWS::DynamoDB::Table", "arn:aws:dynamodb:us-east-1:123456789012:t"), "Value arn:aws:dynamodb:us-east-1:123456789012:t for DataResources.Values is invalid."},
		{object(append(many(250, "arn:aws:s3:::logs/%d"), "arn:aws:s3")...), ""},
		{object(many(251, "arn:aws:s3:::logs/%d")...), "The number of data resources, 251, exceeds the maximum of 250."},

		{advanced(management), ""},
		{advanced(management + `,{"Field":"readOnly","Equals":["true"]},{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}`), ""},
		{advanced(dataEvents + `,{"Field":"resources.ARN","StartsWith":["arn:"],"NotEndsWith":["x"]},{"Field":"userIdentity.arn","EndsWith":["x"]},{"Field":"sessionCredentialFromConsole","NotEquals":["true"]}`), ""},
		{advanced(network + `,{"Field":"errorCode","Equals":["VpceAccessDenied"]},{"Field":"vpcEndpointId","Equals":["vpce-1"]}`), ""},
		{advanced(dataEvents + "," + names(498)), ""},
		{advanced(dataEvents + "," + names(499)), "The number of values for all conditions, 501, exceeds the maximum of 500."},
		{advanced(""), category},
		{advanced(`{"Field":"eventName","Equals":["x"]}`), category},
		{advanced(`{"Field":"eventCategory","Equals":["Insight"]}`), category},
		{advanced(`{"Field":"eventCategory","Equals":["Management","Data"]}`), category},
		{advanced(`{"Field":"eventCategory","StartsWith":["Man"]}`), category},
		{advanced(`{"Field":"eventCategory","Equals":["Data"]}`), "Field resources.type is required for event category Data."},
		{advanced(`{"Field":"eventCategory","Equals":["NetworkActivity"]}`), "Field eventSource is required for event category NetworkActivity."},
		{advanced(management + `,{"Field":"eventName","Equals":["x"]}`), "Field eventName is invalid for event category Management."},
		{advanced(management + `,{"Field":"eventSource","Equals":["kms.amazonaws.com"]}`), "Operator Equals is invalid for field eventSource."},
		{advanced(management + `,{"Field":"eventSource","NotEquals":["s3.amazonaws.com"]}`), `Value "s3.amazonaws.com" is invalid for field eventSource.`},
		{advanced(management + `,{"Field":"readOnly","Equals":["yes"]}`), `Value "yes" is invalid for field readOnly.`},
		{advanced(management + `,{"Field":"readOnly","Equals":["true","false"]}`), "Field readOnly takes one value only."},
		{advanced(management + `,{"Field":"readOnly","NotEquals":["true"]}`), "Operator NotEquals is invalid for field readOnly."},
		{advanced(management + `,{"Field":"readOnly","Equals":[]}`), "Field readOnly has no condition."},
		{advanced(management + "," + management), "Field eventCategory is specified more than once in an advanced event selector."},
		{advanced(dataEvents + `,{"Field":"eventName","Equals":[""]}`), `Value "" is invalid for field eventName.`},
		{`"AdvancedEventSelectors":[{"Name":"` + strings.Repeat("n", 1001) + `","FieldSelectors":[` + management + `]}]`, "The name of an advanced event selector is longer than 1000 characters."},
	} {
		s := withTrail(t)
		got := s.call(t, caller{account, region}, "PutEventSelectors", `{"TrailName":"trail",`+c.put+`}`)
		if taken := strings.HasPrefix(got, "{"); taken != (c.want == "") || !taken && got != "InvalidEventSelectorsException: "+c.want {
			t.Errorf("PutEventSelectors %s gives %s\nwant %s", c.put, got, c.want)
		}
		if left := s.must(t, "GetEventSelectors", `{"TrailName":"trail"}`); c.want != "" && left != standard {
			t.Errorf("PutEventSelectors %s left %s", c.put, left)
		}
	}
}

func TestInsights(t *testing.T) {
	t.Parallel()
	s := withTrail(t)
	const off = "InsightNotEnabledException: Trail arn:aws:cloudtrail:us-east-1:123456789012:trail/trail does not have Insights enabled. " +
		"Edit the trail settings to enable Insights, and then try the operation again."
	const none = `{` + selectorsARN + `,"InsightSelectors":[]}`
	const one = `{` + selectorsARN + `,"InsightSelectors":[{"InsightType":"ApiErrorRateInsight","EventCategories":["Management"]}]}`
	const two = `{` + selectorsARN + `,"InsightSelectors":[{"InsightType":"ApiCallRateInsight","EventCategories":["Data"]},{"InsightType":"ApiErrorRateInsight","EventCategories":["Management"]}]}`
	for _, c := range []struct{ put, answer, get string }{
		{"", "", off},
		{`"InsightSelectors":[{"InsightType":"ApiCallRateInsight","EventCategories":["Data"]},{"InsightType":"ApiErrorRateInsight"}]`, two, two},
		{`"InsightSelectors":[{"InsightType":"ApiErrorRateInsight"}]`, one, one},
		{`"InsightSelectors":[{"InsightType":"Other"}]`, "InvalidInsightSelectorsException: Value Other for InsightType is invalid.", one},
		{`"InsightSelectors":[{"InsightType":"ApiCallRateInsight"},{"InsightType":"ApiCallRateInsight"}]`, "InvalidInsightSelectorsException: InsightType ApiCallRateInsight is specified more than once.", one},
		{`"InsightSelectors":[{"InsightType":"ApiCallRateInsight","EventCategories":["Insight"]}]`, "InvalidInsightSelectorsException: Value Insight for EventCategories is invalid.", one},
		{`"InsightSelectors":null`, "InvalidInsightSelectorsException: InsightSelectors must be specified.", one},
		{`"EventDataStore":"x","InsightSelectors":[]`, "InvalidParameterCombinationException: TrailName cannot be specified together with EventDataStore or InsightsDestination.", one},
		{`"InsightSelectors":[]`, none, off},
	} {
		if got := ""; c.put != "" {
			if got = s.call(t, caller{account, region}, "PutInsightSelectors", `{"TrailName":"trail",`+c.put+`}`); got != c.answer {
				t.Errorf("PutInsightSelectors %s gives %s\nwant %s", c.put, got, c.answer)
			}
		}
		if got := s.call(t, caller{account, region}, "GetInsightSelectors", `{"TrailName":"trail"}`); got != c.get {
			t.Errorf("after PutInsightSelectors %s there is %s\nwant %s", c.put, got, c.get)
		}
		if _, has := s.custom(t); has != (c.get != off) {
			t.Errorf("after PutInsightSelectors %s HasInsightSelectors is %v", c.put, has)
		}
	}
	for body, want := range map[string]string{
		`{}`:                     "InvalidParameterException: TrailName or EventDataStore must be specified.",
		`{"EventDataStore":"x"}`: "UnsupportedOperationException: The sandbox has no event data stores.",
	} {
		if got := s.call(t, caller{account, region}, "GetInsightSelectors", body); got != want {
			t.Errorf("GetInsightSelectors %s gives %s", body, got)
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	s := withTrail(t)
	const arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/trail"
	list := func(n int) string {
		var tags []string
		for i := range n {
			tags = append(tags, fmt.Sprintf(`{"Key":"k%d"}`, i))
		}
		return `"TagsList":[` + strings.Join(tags, ",") + `]`
	}
	for _, c := range []struct{ operation, body, want, left string }{
		{"AddTags", `"TagsList":[{"Key":"a","Value":"1"},{"Key":"b"}]`, "{}", `{"Key":"a","Value":"1"},{"Key":"b"}`},
		{"AddTags", `"TagsList":[{"Key":"b","Value":"é +-=._:/@"},{"Key":"A"}]`, "{}", `{"Key":"a","Value":"1"},{"Key":"b","Value":"é +-=._:/@"},{"Key":"A"}`},
		{"RemoveTags", `"TagsList":[{"Key":"b","Value":"other"},{"Key":"missing"}]`, "{}", `{"Key":"a","Value":"1"},{"Key":"A"}`},
		{"RemoveTags", `"TagsList":[{"Key":"A"}]`, "{}", `{"Key":"a","Value":"1"}`},
		{"AddTags", list(50), "TagsLimitExceededException: The number of tags, 51, exceeds the maximum of 50.", `{"Key":"a","Value":"1"}`},
		{"AddTags", `"TagsList":[{"Key":"x"},{"Key":"x"}]`, "InvalidTagParameterException: The tag key x is specified more than once.", `{"Key":"a","Value":"1"}`},
		{"AddTags", `"TagsList":[{"Key":"AWS:x"}]`, "InvalidTagParameterException: A tag key must not begin with aws:, which is reserved for AWS.", `{"Key":"a","Value":"1"}`},
		{"AddTags", `"TagsList":[{"Key":""}]`, "InvalidTagParameterException: A tag key must have 1 to 128 characters.", `{"Key":"a","Value":"1"}`},
		{"AddTags", `"TagsList":[{"Key":"x","Value":"` + strings.Repeat("é", 257) + `"}]`, "InvalidTagParameterException: A tag value must have at most 256 characters.", `{"Key":"a","Value":"1"}`},
		{"AddTags", `"TagsList":[{"Key":"x\n"}]`, "InvalidTagParameterException: A tag has a character that tags may not have.", `{"Key":"a","Value":"1"}`},
		{"RemoveTags", `"TagsList":[{"Key":"a"}]`, "{}", ``},
		{"AddTags", list(50), "{}", "-"},
	} {
		if got := s.call(t, caller{account, region}, c.operation, `{"ResourceId":"`+arn+`",`+c.body+`}`); got != c.want {
			t.Errorf("%s %s gives %s\nwant %s", c.operation, c.body, got, c.want)
		}
		want := `{"ResourceTagList":[{"ResourceId":"` + arn + `","TagsList":[` + c.left + `]}]}`
		if got := s.must(t, "ListTags", `{"ResourceIdList":["`+arn+`"]}`); got != want && c.left != "-" {
			t.Errorf("after %s %s there is %s\nwant %s", c.operation, c.body, got, want)
		}
	}
	for id, want := range map[string]string{
		"trail":                                 "CloudTrailARNInvalidException: The ARN is not valid: trail.",
		arn + "2":                               "ResourceNotFoundException: Resource not found: " + arn + "2.",
		strings.Replace(arn, account, other, 1): "ResourceNotFoundException: Resource not found: " + strings.Replace(arn, account, other, 1) + ".",
		strings.Replace(arn, region, abroad, 1): "CloudTrailARNInvalidException: Region in ARN is wrong, you can only access resources in region us-east-1.",
		strings.Replace(arn, "trail/trail", "eventdatastore/x", 1): "ResourceTypeNotSupportedException: The sandbox has no CloudTrail resource of the type eventdatastore.",
	} {
		if got := s.call(t, caller{account, region}, "AddTags", `{"ResourceId":"`+id+`","TagsList":[]}`); got != want {
			t.Errorf("AddTags to %s gives %s\nwant %s", id, got, want)
		}
	}
}
