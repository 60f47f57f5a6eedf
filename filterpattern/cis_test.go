package filterpattern

import (
	"encoding/json"
	"strings"
	"testing"
)

// The patterns that Security Hub's CloudWatch controls and the CIS AWS Foundations
// Benchmark ask for, with events that they must match and miss.
func TestCIS(t *testing.T) {
	named := func(names string) (events []string) {
		for name := range strings.FieldsSeq(names) {
			source, name, _ := strings.Cut(name, ":")
			events = append(events, `{"eventSource":"`+source+`.amazonaws.com","eventName":"`+name+`"}`)
		}
		return events
	}
	tests := []struct {
		control, pattern string
		hits, misses     []string
	}{
		{
			"CloudWatch.1 root", `{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}`,
			[]string{`{"userIdentity":{"type":"Root"},"eventType":"AwsApiCall"}`},
			[]string{
				`{"userIdentity":{"type":"Root","invokedBy":"support.amazonaws.com"},"eventType":"AwsApiCall"}`,
				`{"userIdentity":{"type":"Root"},"eventType":"AwsServiceEvent"}`,
				`{"userIdentity":{"type":"IAMUser"},"eventType":"AwsApiCall"}`,
			},
		},
		{
			"CloudWatch.2 unauthorized", `{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}`,
			[]string{`{"errorCode":"Client.UnauthorizedOperation"}`, `{"errorCode":"AccessDenied"}`, `{"errorCode":"AccessDeniedException"}`},
			[]string{`{"errorCode":"Client.UnauthorizedOperations"}`, `{"errorCode":"NoSuchBucket"}`, `{}`},
		},
		{
			"CloudWatch.3 no MFA",
			`{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }`,
			[]string{`{"eventName":"ConsoleLogin","additionalEventData":{"MFAUsed":"No"},"userIdentity":{"type":"IAMUser"},"responseElements":{"ConsoleLogin":"Success"}}`},
			[]string{
				`{"eventName":"ConsoleLogin","additionalEventData":{"MFAUsed":"Yes"},"userIdentity":{"type":"IAMUser"},"responseElements":{"ConsoleLogin":"Success"}}`,
				`{"eventName":"ConsoleLogin","additionalEventData":{"MFAUsed":"No"},"userIdentity":{"type":"AssumedRole"},"responseElements":{"ConsoleLogin":"Success"}}`,
				`{"eventName":"ConsoleLogin","additionalEventData":{"MFAUsed":"No"},"userIdentity":{"type":"IAMUser"},"responseElements":{"ConsoleLogin":"Failure"}}`,
			},
		},
		{
			"CloudWatch.4 IAM",
			`{($.eventSource=iam.amazonaws.com) && (` + anyOf("DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy AttachGroupPolicy DetachGroupPolicy") + `)}`,
			named("iam:CreatePolicy iam:DetachGroupPolicy iam:DeleteGroupPolicy"), named("iam:CreateUser organizations:CreatePolicy"),
		},
		{
			"CloudWatch.5 CloudTrail", `{` + anyOf("CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging") + `}`,
			named("cloudtrail:StopLogging cloudtrail:CreateTrail"), named("cloudtrail:GetTrail cloudtrail:PutEventSelectors"),
		},
		{
			"CloudWatch.6 sign-in", `{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}`,
			[]string{`{"eventName":"ConsoleLogin","errorMessage":"Failed authentication"}`},
			[]string{`{"eventName":"ConsoleLogin"}`, `{"eventName":"ConsoleLogin","errorMessage":"No username found in supplied account"}`},
		},
		{
			"CloudWatch.7 KMS", `{($.eventSource=kms.amazonaws.com) && (` + anyOf("DisableKey ScheduleKeyDeletion") + `)}`,
			named("kms:DisableKey kms:ScheduleKeyDeletion"), named("kms:EnableKey ssm:DisableKey"),
		},
		{
			"CIS 4.15 organizations", `{ ($.eventSource = organizations.amazonaws.com) && (($.eventName = "AcceptHandshake") || ($.eventName = "LeaveOrganization")) }`,
			named("organizations:LeaveOrganization"), named("organizations:DescribeOrganization ec2:LeaveOrganization"),
		},
	}
	for _, test := range tests {
		pattern, err := Parse(test.pattern)
		if err != nil {
			t.Errorf("%s: %v", test.control, err)
			continue
		}
		for _, event := range append(test.hits, test.misses...) {
			if !json.Valid([]byte(event)) {
				t.Fatalf("%s: %s", test.control, event)
			}
		}
		for _, event := range test.hits {
			if !pattern.Match([]byte(event)) {
				t.Errorf("%s misses %s", test.control, event)
			}
		}
		for _, event := range test.misses {
			if pattern.Match([]byte(event)) {
				t.Errorf("%s matches %s", test.control, event)
			}
		}
	}
}

// anyOf joins event names as the patterns do.
func anyOf(names string) string {
	var conditions []string
	for name := range strings.FieldsSeq(names) {
		conditions = append(conditions, "($.eventName="+name+")")
	}
	return strings.Join(conditions, " || ")
}
