package account_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/trail/account"
)

// refusal is an error as a client of the SDK returns it.
func refusal(service, operation, code, message string) error {
	err := &smithy.OperationError{
		ServiceID: service, OperationName: operation,
		Err: fmt.Errorf("https response error StatusCode: 403: %w", &smithy.GenericAPIError{Code: code, Message: message}),
	}
	return fmt.Errorf("do something: %w", err)
}

func TestDenied(t *testing.T) {
	for _, test := range []struct {
		err              error
		action, resource string
	}{
		// As IAM and S3 word it.
		{refusal("S3", "PutBucketPolicy", "AccessDenied",
			`User: arn:aws:iam::123456789012:user/a is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::logs" because no identity-based policy allows the s3:PutBucketPolicy action`),
			"s3:PutBucketPolicy", "arn:aws:s3:::logs"},
		{refusal("IAM", "CreateRole", "AccessDenied",
			`User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::123456789012:role/x with an explicit deny in a service control policy`),
			"iam:CreateRole", "arn:aws:iam::123456789012:role/x"},
		// The right that lacks is not that of the call.
		{refusal("CloudTrail", "CreateTrail", "AccessDeniedException",
			`User: arn:aws:iam::123456789012:user/a is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/x because no identity-based policy allows the iam:PassRole action`),
			"iam:PassRole", "arn:aws:iam::123456789012:role/x"},
		{refusal("CloudWatch", "PutMetricAlarm", "AccessDenied",
			`User: arn:aws:iam::123456789012:user/a is not authorized to perform: cloudwatch:PutMetricAlarm`), "cloudwatch:PutMetricAlarm", ""},
		// Some say nothing.
		{refusal("S3", "HeadBucket", "Forbidden", "Forbidden"), "s3:ListBucket", ""},
		{refusal("S3", "PutBucketEncryption", "AccessDenied", "Access Denied"), "s3:PutEncryptionConfiguration", ""},
		{refusal("S3", "GetPublicAccessBlock", "AccessDenied", "Access Denied"), "s3:GetBucketPublicAccessBlock", ""},
		{refusal("CloudWatch Logs", "CreateLogGroup", "AccessDeniedException", ""), "logs:CreateLogGroup", ""},
		{refusal("Config Service", "PutConfigRule", "AccessDeniedException", ""), "config:PutConfigRule", ""},
		{refusal("SNS", "CreateTopic", "AuthorizationError", ""), "sns:CreateTopic", ""},
		{&smithy.GenericAPIError{Code: "AccessDenied"}, "", ""},
	} {
		action, ok := account.Denied(test.err)
		if !ok || action != test.action || account.DeniedResource(test.err) != test.resource {
			t.Errorf("%v lacks %q on %q, %v", test.err, action, account.DeniedResource(test.err), ok)
		}
	}
	for _, err := range []error{nil, errors.New("x"), refusal("S3", "GetBucketPolicy", "NoSuchBucketPolicy", "not authorized to perform: s3:GetBucketPolicy")} {
		if action, ok := account.Denied(err); ok || account.DeniedResource(err) != "" {
			t.Errorf("%v lacks %q", err, action)
		}
	}
}

func TestMissing(t *testing.T) {
	for _, code := range []string{
		"NotFound", "NoSuchBucket", "NoSuchBucketPolicy", "NoSuchTagSet", "NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration",
		"OwnershipControlsNotFoundError", "ServerSideEncryptionConfigurationNotFoundError", "ObjectLockConfigurationNotFoundError",
		"NoSuchEntity", "NotFoundException", "ResourceNotFoundException", "TrailNotFoundException", "NoSuchConfigRuleException",
	} {
		if err := refusal("X", "Y", code, ""); !account.Missing(err) || account.Code(err) != code {
			t.Errorf("%s is not missing", code)
		}
	}
	for _, err := range []error{nil, errors.New("NotFound"), refusal("X", "Y", "AccessDenied", "NotFound")} {
		if account.Missing(err) {
			t.Errorf("%v is missing", err)
		}
	}
}

func TestThrottled(t *testing.T) {
	for _, code := range []string{"ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown", "RequestLimitExceeded"} {
		if !account.Throttled(refusal("X", "Y", code, "")) {
			t.Errorf("%s is not throttled", code)
		}
	}
	for _, err := range []error{nil, errors.New("Throttling"), refusal("KMS", "CreateKey", "LimitExceededException", "")} {
		if account.Throttled(err) {
			t.Errorf("%v is throttled", err)
		}
	}
}
