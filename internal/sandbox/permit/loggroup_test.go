package permit_test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/policy"
)

func trustPolicy() policy.Document {
	return policy.New(policy.Statement{Effect: policy.Allow, Principal: cloudtrail, Action: policy.Values{"sts:AssumeRole"}})
}

func rolePolicy() policy.Document {
	return policy.New(
		policy.Statement{
			Sid: "AWSCloudTrailCreateLogStream2014110", Effect: policy.Allow,
			Action: policy.Values{"logs:CreateLogStream"}, Resource: policy.Values{streamARN},
		},
		policy.Statement{
			Sid: "AWSCloudTrailPutLogEvents20141101", Effect: policy.Allow,
			Action: policy.Values{"logs:PutLogEvents"}, Resource: policy.Values{streamARN},
		},
	)
}

func (w *world) iam() *iam.Client { return must(w.clients.IAM(context.Background(), account))(w.T) }

func (w *world) makeLogGroup() {
	must(w.iam().CreateRole(w.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("delivery"), Path: aws.String("/service/"), AssumeRolePolicyDocument: aws.String(trustPolicy().String()),
	}))(w.T)
	logs := must(w.clients.Logs(w.Context(), account, region))(w.T)
	for _, name := range []string{"audit", "audit-2"} {
		must(logs.CreateLogGroup(w.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}))(w.T)
	}
}

func (w *world) putRolePolicy(d policy.Document) {
	must(w.iam().PutRolePolicy(w.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("delivery"), PolicyName: aws.String("logs"), PolicyDocument: aws.String(d.String()),
	}))(w.T)
}

func testRole(w *world) {
	const invalid = "InvalidCloudWatchLogsRoleArnException"
	w.putRolePolicy(rolePolicy())
	trail := w.trail
	check := func(name string, d policy.Document, code, why string) {
		w.Helper()
		must(w.iam().UpdateAssumeRolePolicy(w.Context(), &iam.UpdateAssumeRolePolicyInput{
			RoleName: aws.String("delivery"), PolicyDocument: aws.String(d.String()),
		}))(w.T)
		w.wantDenial(name, w.checker.LogGroup(w.Context(), trail), code, "AccessDenied", why)
	}
	d := trustPolicy()
	d.Statements[0].Principal = policy.Service("ec2.amazonaws.com")
	check("another service", d, invalid, "no statement allows sts:AssumeRole to cloudtrail.amazonaws.com")
	d = trustPolicy()
	d.Statements[0].Condition = policy.Conditions{"StringEquals": {"aws:SourceArn": {otherTrail}}}
	check("another trail", d, invalid, "only if aws:SourceArn")
	d.Statements[0].Condition = policy.Conditions{"StringEquals": {"aws:SourceArn": {trailARN}, "aws:SourceAccount": {account}}}
	check("this trail", d, "", "")
	trail.RoleARN = "arn:aws:iam::123456789012:role/missing"
	check("missing", trustPolicy(), invalid, "does not exist")
	trail.RoleARN = "arn:aws:iam::210987654321:role/delivery"
	check("role of another account", trustPolicy(), invalid, "no role of the trail's account")
	trail.RoleARN = "arn:aws:iam::123456789012:user/delivery"
	check("no role", trustPolicy(), invalid, "no role of the trail's account")
	trail, w.young = w.trail, true
	check("young", trustPolicy(), invalid, "too young")
	w.young = false
	check("grown", trustPolicy(), "", "")
}

func testLogGroup(w *world) {
	const invalid = "InvalidCloudWatchLogsLogGroupArnException"
	for name, test := range map[string]struct {
		change            func(*policy.Document)
		trail             func(*permit.Trail)
		code, status, why string
	}{
		"as AWS recommends": {},
		"whole log group": {change: func(d *policy.Document) {
			d.Statements[0].Resource[0], d.Statements[1].Resource[0] = groupARN+":*", groupARN+":*"
		}},
		"ARN without :*": {trail: func(t *permit.Trail) { t.LogGroupARN = groupARN }},
		"no CreateLogStream": {
			change: func(d *policy.Document) { d.Statements = d.Statements[1:] },
			code:   invalid, status: "AccessDenied", why: "no statement allows logs:CreateLogStream",
		},
		"no PutLogEvents": {
			change: func(d *policy.Document) { d.Statements = d.Statements[:1] },
			code:   invalid, status: "AccessDenied", why: "no statement allows logs:PutLogEvents",
		},
		"stream of another Region": {
			change: func(d *policy.Document) {
				d.Statements[1].Resource[0] = groupARN + ":log-stream:123456789012_CloudTrail_us-east-1*"
			},
			code: invalid, status: "AccessDenied", why: `statement "AWSCloudTrailPutLogEvents20141101" allows logs:PutLogEvents only on`,
		},
		"log group without its streams": {
			change: func(d *policy.Document) { d.Statements[0].Resource[0] = groupARN },
			code:   invalid, status: "AccessDenied", why: `allows logs:CreateLogStream only on`,
		},
		"no stream of the organization": {
			trail: func(t *permit.Trail) { t.Organization = organization },
			code:  invalid, status: "AccessDenied", why: `o-exampleorgid_123456789012_CloudTrail_eu-west-2"`,
		},
		"organization": {
			trail: func(t *permit.Trail) { t.Organization = organization },
			change: func(d *policy.Document) {
				for i := range d.Statements {
					d.Statements[i].Resource = append(d.Statements[i].Resource, groupARN+":log-stream:"+organization+"_*")
				}
			},
		},
		"missing": {
			trail: func(t *permit.Trail) { t.LogGroupARN = "arn:aws:logs:eu-west-2:123456789012:log-group:audi:*" },
			code:  invalid, status: "ResourceNotFoundException", why: "does not exist",
		},
		"of another account": {
			trail: func(t *permit.Trail) { t.LogGroupARN = "arn:aws:logs:eu-west-2:210987654321:log-group:audit:*" },
			code:  invalid, status: "ResourceNotFoundException", why: "not in the account and home Region",
		},
		"no log group": {
			trail: func(t *permit.Trail) { t.LogGroupARN = "audit" },
			code:  invalid, status: "ResourceNotFoundException", why: "no ARN of a log group",
		},
	} {
		document, trail := rolePolicy(), w.trail
		if test.change != nil {
			test.change(&document)
		}
		if test.trail != nil {
			test.trail(&trail)
		}
		w.putRolePolicy(document)
		w.wantDenial(name, w.checker.LogGroup(w.Context(), trail), test.code, test.status, test.why)
	}
	testManagedPolicies(w)
}

// Attached policies count as inline ones do; a permissions boundary takes away.
func testManagedPolicies(w *world) {
	const invalid = "InvalidCloudWatchLogsLogGroupArnException"
	role := aws.String("delivery")
	must(w.iam().DeleteRolePolicy(w.Context(), &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: aws.String("logs")}))(w.T)
	w.wantDenial("no policy", w.checker.LogGroup(w.Context(), w.trail), invalid, "AccessDenied", "no statement allows logs:CreateLogStream")
	made := must(w.iam().CreatePolicy(w.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("logs"), PolicyDocument: aws.String(rolePolicy().String())}))(w.T)
	must(w.iam().AttachRolePolicy(w.Context(), &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: made.Policy.Arn}))(w.T)
	w.wantDenial("attached policy", w.checker.LogGroup(w.Context(), w.trail), "", "", "")
	onlyS3 := policy.New(policy.Statement{Effect: policy.Allow, Action: policy.Values{"s3:*"}, Resource: policy.Values{"*"}})
	boundary := must(w.iam().CreatePolicy(w.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("boundary"), PolicyDocument: aws.String(onlyS3.String())}))(w.T)
	must(w.iam().PutRolePermissionsBoundary(w.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: role, PermissionsBoundary: boundary.Policy.Arn}))(w.T)
	w.wantDenial("permissions boundary", w.checker.LogGroup(w.Context(), w.trail), invalid, "AccessDenied", "no statement allows logs:CreateLogStream")
	must(w.iam().PutRolePermissionsBoundary(w.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: role, PermissionsBoundary: aws.String(*boundary.Policy.Arn + "-gone")}))(w.T)
	w.wantDenial("permissions boundary that is not there", w.checker.LogGroup(w.Context(), w.trail), invalid, "AccessDenied", "no statement allows logs:CreateLogStream")
	must(w.iam().DeleteRolePermissionsBoundary(w.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: role}))(w.T)
}
