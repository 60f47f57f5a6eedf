package terraformcheck

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/cerpac/trailkeeper/filterpattern"
)

// cisPatterns are the metric filters of CIS AWS Foundations 1.4 by its numbers, as
// AWS Security Hub compares them.
func cisPatterns() map[string]string {
	return map[string]string{
		"4.1":  `{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}`,
		"4.2":  `{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }`,
		"4.3":  `{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}`,
		"4.4":  `{($.eventSource=iam.amazonaws.com) && (($.eventName=DeleteGroupPolicy) || ($.eventName=DeleteRolePolicy) || ($.eventName=DeleteUserPolicy) || ($.eventName=PutGroupPolicy) || ($.eventName=PutRolePolicy) || ($.eventName=PutUserPolicy) || ($.eventName=CreatePolicy) || ($.eventName=DeletePolicy) || ($.eventName=CreatePolicyVersion) || ($.eventName=DeletePolicyVersion) || ($.eventName=AttachRolePolicy) || ($.eventName=DetachRolePolicy) || ($.eventName=AttachUserPolicy) || ($.eventName=DetachUserPolicy) || ($.eventName=AttachGroupPolicy) || ($.eventName=DetachGroupPolicy))}`,
		"4.5":  `{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) || ($.eventName=StartLogging) || ($.eventName=StopLogging)}`,
		"4.6":  `{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}`,
		"4.7":  `{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}`,
		"4.8":  `{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy) || ($.eventName=PutBucketCors) || ($.eventName=PutBucketLifecycle) || ($.eventName=PutBucketReplication) || ($.eventName=DeleteBucketPolicy) || ($.eventName=DeleteBucketCors) || ($.eventName=DeleteBucketLifecycle) || ($.eventName=DeleteBucketReplication))}`,
		"4.9":  `{($.eventSource=config.amazonaws.com) && (($.eventName=StopConfigurationRecorder) || ($.eventName=DeleteDeliveryChannel) || ($.eventName=PutDeliveryChannel) || ($.eventName=PutConfigurationRecorder))}`,
		"4.10": `{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) || ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) || ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup)}`,
		"4.11": `{($.eventName=CreateNetworkAcl) || ($.eventName=CreateNetworkAclEntry) || ($.eventName=DeleteNetworkAcl) || ($.eventName=DeleteNetworkAclEntry) || ($.eventName=ReplaceNetworkAclEntry) || ($.eventName=ReplaceNetworkAclAssociation)}`,
		"4.12": `{($.eventName=CreateCustomerGateway) || ($.eventName=DeleteCustomerGateway) || ($.eventName=AttachInternetGateway) || ($.eventName=CreateInternetGateway) || ($.eventName=DeleteInternetGateway) || ($.eventName=DetachInternetGateway)}`,
		"4.13": `{($.eventSource=ec2.amazonaws.com) && (($.eventName=CreateRoute) || ($.eventName=CreateRouteTable) || ($.eventName=ReplaceRoute) || ($.eventName=ReplaceRouteTableAssociation) || ($.eventName=DeleteRouteTable) || ($.eventName=DeleteRoute) || ($.eventName=DisassociateRouteTable))}`,
		"4.14": `{($.eventName=CreateVpc) || ($.eventName=DeleteVpc) || ($.eventName=ModifyVpcAttribute) || ($.eventName=AcceptVpcPeeringConnection) || ($.eventName=CreateVpcPeeringConnection) || ($.eventName=DeleteVpcPeeringConnection) || ($.eventName=RejectVpcPeeringConnection) || ($.eventName=AttachClassicLinkVpc) || ($.eventName=DetachClassicLinkVpc) || ($.eventName=DisableVpcClassicLink) || ($.eventName=EnableVpcClassicLink)}`,
		"4.15": `{ ($.eventSource = organizations.amazonaws.com) && (($.eventName = "AcceptHandshake") || ($.eventName = "AttachPolicy") || ($.eventName = "CreateAccount") || ($.eventName = "CreateOrganizationalUnit") || ($.eventName = "CreatePolicy") || ($.eventName = "DeclineHandshake") || ($.eventName = "DeleteOrganization") || ($.eventName = "DeleteOrganizationalUnit") || ($.eventName = "DeletePolicy") || ($.eventName = "DetachPolicy") || ($.eventName = "DisablePolicyType") || ($.eventName = "EnablePolicyType") || ($.eventName = "InviteAccountToOrganization") || ($.eventName = "LeaveOrganization") || ($.eventName = "MoveAccount") || ($.eventName = "RemoveAccountFromOrganization") || ($.eventName = "UpdatePolicy") || ($.eventName = "UpdateOrganizationalUnit")) }`,
	}
}

func alarms(t *testing.T, more map[string]cty.Value) map[string]filter {
	t.Helper()
	given := map[string]cty.Value{"log_group_name": cty.StringVal("group"), "sns_topic_arn": cty.StringVal("arn:aws:sns:eu-west-2:123456789012:alerts")}
	for name, value := range more {
		given[name] = value
	}
	e := load(t, filepath.Join(root, "modules/security/cis_alarms")).evaluate(t, given, nil)
	var filters map[string]filter
	if err := json.Unmarshal(e.json(t, "filters"), &filters); err != nil {
		t.Fatal(err)
	}
	return filters
}

type filter struct {
	Name, Description, Pattern string
	Threshold, Period          int
	EvaluationPeriods          int `json:"evaluation_periods"`
}

func TestPatternsAreThoseOfCIS(t *testing.T) {
	filters := alarms(t, nil)
	if len(filters) != 15 {
		t.Errorf("%d filters, want 15", len(filters))
	}
	byNumber, names := map[string]string{}, []string{}
	for key, f := range filters {
		control, _, _ := strings.Cut(f.Description, " - ")
		byNumber[strings.TrimPrefix(control, "CIS ")] = f.Pattern
		names = append(names, f.Name)
		if _, err := filterpattern.Parse(f.Pattern); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if f.Threshold != 1 || f.Period != 300 || f.EvaluationPeriods != 1 {
			t.Errorf("%s: %+v", key, f)
		}
	}
	for number, want := range cisPatterns() {
		if byNumber[number] != want {
			t.Errorf("%s:\n%s\nwant\n%s", number, byNumber[number], want)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(filters) {
		t.Errorf("two filters have one name: %q", names)
	}
}

func TestAlarmOptions(t *testing.T) {
	filters := alarms(t, map[string]cty.Value{
		"tamper":   cty.True,
		"disabled": cty.SetVal([]cty.Value{cty.StringVal("vpc-changes")}),
		"overrides": cty.MapVal(map[string]cty.Value{"root-account-usage": cty.ObjectVal(map[string]cty.Value{
			"pattern": cty.StringVal("{ $.x = 1 }"), "period": cty.NumberIntVal(60),
		})}),
	})
	if _, ok := filters["vpc-changes"]; ok || len(filters) != 15 {
		t.Errorf("%d filters, and vpc-changes among them: %v", len(filters), ok)
	}
	if f := filters["root-account-usage"]; f.Pattern != "{ $.x = 1 }" || f.Period != 60 || f.Threshold != 1 {
		t.Errorf("%+v", f)
	}
	if _, err := filterpattern.Parse(filters["trail-tampering"].Pattern); err != nil {
		t.Errorf("trail-tampering: %v", err)
	}
}
