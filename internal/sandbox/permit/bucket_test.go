package permit_test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/policy"
)

func bucketPolicy() policy.Document {
	return policy.New(
		policy.Statement{
			Sid: "AclCheck", Effect: policy.Allow, Principal: cloudtrail,
			Action: policy.Values{"s3:GetBucketAcl"}, Resource: policy.Values{bucketARN},
			Condition: policy.Conditions{"StringEquals": {"aws:SourceArn": {trailARN}}},
		},
		policy.Statement{
			Sid: "Write", Effect: policy.Allow, Principal: cloudtrail,
			Action: policy.Values{"s3:PutObject"}, Resource: policy.Values{bucketARN + "/AWSLogs/123456789012/*"},
			Condition: policy.Conditions{"StringEquals": {"s3:x-amz-acl": {"bucket-owner-full-control"}, "aws:SourceArn": {trailARN}}},
		},
		policy.Statement{
			Sid: "TLS", Effect: policy.Deny, Principal: policy.Everyone(),
			Action: policy.Values{"s3:*"}, Resource: policy.Values{bucketARN, bucketARN + "/*"},
			Condition: policy.Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
		},
	)
}

func (w *world) s3() *s3.Client {
	return must(w.clients.S3(context.Background(), account, region))(w.T)
}

func (w *world) makeBucket() {
	must(w.s3().CreateBucket(w.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String("logs"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	}))(w.T)
}

func (w *world) putBucketPolicy(d policy.Document) {
	must(w.s3().PutBucketPolicy(w.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String("logs"), Policy: aws.String(d.String())}))(w.T)
}

func testBucket(w *world) {
	missing := w.trail
	missing.Bucket = "missing"
	w.wantDenial("missing", w.checker.Bucket(w.Context(), missing), "S3BucketDoesNotExistException", "NoSuchBucket", `"missing" does not exist`)
	must(w.s3().DeleteBucketPolicy(w.Context(), &s3.DeleteBucketPolicyInput{Bucket: aws.String("logs")}))(w.T)
	err := w.checker.Bucket(w.Context(), w.trail)
	w.wantDenial("no policy", err, "InsufficientS3BucketPolicyException", "AccessDenied", "it has no policy")
	if want := "InsufficientS3BucketPolicyException: Incorrect S3 bucket policy is detected for bucket: logs"; err == nil || err.Error() != want {
		w.Errorf("got %v, want %s", err, want)
	}
}

// denyPuts refuses objects with any other encryption.
func denyPuts(d *policy.Document, encryptions ...string) {
	d.Statements[2].Action = policy.Values{"s3:PutObject"}
	d.Statements[2].Condition = policy.Conditions{"StringNotEquals": {"s3:x-amz-server-side-encryption": encryptions}}
}

func testBucketPolicy(w *world) {
	const insufficient = "InsufficientS3BucketPolicyException"
	for name, test := range map[string]struct {
		change    func(*policy.Document)
		trail     func(*permit.Trail)
		code, why string
	}{
		"as AWS recommends": {},
		"no conditions":     {change: func(d *policy.Document) { d.Statements[0].Condition, d.Statements[1].Condition = nil, nil }},
		"SourceAccount": {change: func(d *policy.Document) {
			d.Statements[1].Condition["StringEquals"]["aws:SourceAccount"] = policy.Values{account}
		}},
		"any trail here": {change: func(d *policy.Document) {
			d.Statements[1].Condition = policy.Conditions{"ArnLike": {"aws:SourceArn": {"arn:aws:cloudtrail:*:123456789012:trail/*"}}}
		}},
		"deny for people only": {change: func(d *policy.Document) {
			d.Statements[2].Condition = policy.Conditions{"Bool": {"aws:PrincipalIsAWSService": {"false"}}}
		}},
		"a service by name": {change: func(d *policy.Document) {
			d.Statements[1].Condition = policy.Conditions{"StringEquals": {"aws:PrincipalServiceName": {"cloudtrail.amazonaws.com"}}}
		}},

		"no AclCheck": {
			change: func(d *policy.Document) { d.Statements = d.Statements[1:] },
			code:   insufficient, why: "no statement allows s3:GetBucketAcl",
		},
		"no Write": {
			change: func(d *policy.Document) { d.Statements = d.Statements[:1] },
			code:   insufficient, why: "no statement allows s3:PutObject",
		},
		"folder of another account": {
			change: func(d *policy.Document) { d.Statements[1].Resource[0] = bucketARN + "/AWSLogs/210987654321/*" },
			code:   insufficient, why: `statement "Write" allows s3:PutObject only on "arn:aws:s3:::logs/AWSLogs/210987654321/*"`,
		},
		"no prefix": {
			trail: func(t *permit.Trail) { t.Prefix = "audit" },
			code:  insufficient, why: `not on "arn:aws:s3:::logs/audit/AWSLogs/123456789012/`,
		},
		"prefix": {
			trail:  func(t *permit.Trail) { t.Prefix = "audit" },
			change: func(d *policy.Document) { d.Statements[1].Resource[0] = bucketARN + "/audit/AWSLogs/123456789012/*" },
		},
		"organization": {
			trail: func(t *permit.Trail) { t.Organization = organization },
			change: func(d *policy.Document) {
				d.Statements[1].Resource = append(d.Statements[1].Resource, bucketARN+"/AWSLogs/"+organization+"/*")
			},
		},
		"no folder of the organization": {
			trail: func(t *permit.Trail) { t.Organization = organization },
			code:  insufficient, why: `not on "arn:aws:s3:::logs/AWSLogs/o-exampleorgid/`,
		},
		"SourceArn of another trail": {
			change: func(d *policy.Document) {
				d.Statements[1].Condition["StringEquals"]["aws:SourceArn"] = policy.Values{otherTrail}
			},
			code: insufficient, why: `only if aws:SourceArn StringEquals "` + otherTrail + `"`,
		},
		"SourceAccount of another account": {
			change: func(d *policy.Document) {
				d.Statements[0].Condition = policy.Conditions{"StringEquals": {"aws:SourceAccount": {otherAccount}}}
			},
			code: insufficient, why: "only if aws:SourceAccount",
		},
		"an account for a principal": {
			change: func(d *policy.Document) { d.Statements[1].Principal = policy.AWS(account) },
			code:   insufficient, why: "no statement allows s3:PutObject to cloudtrail.amazonaws.com",
		},
		"another service": {
			change: func(d *policy.Document) { d.Statements[1].Principal = policy.Service("config.amazonaws.com") },
			code:   insufficient, why: "no statement allows s3:PutObject to cloudtrail.amazonaws.com",
		},
		"explicit deny": {
			change: func(d *policy.Document) { d.Statements[2].Condition = nil },
			code:   insufficient, why: `statement "TLS" denies s3:GetBucketAcl`,
		},
		"only members of the organization": {
			change: func(d *policy.Document) {
				d.Statements[2].Condition = policy.Conditions{"StringNotEquals": {"aws:PrincipalOrgID": {organization}}}
			},
			code: insufficient, why: `statement "TLS" denies`,
		},
		"only encryption with a key": {
			change: func(d *policy.Document) {
				denyPuts(d, "aws:kms")
			},
			code: insufficient, why: `statement "TLS" denies s3:PutObject`,
		},
		"encryption with a key or without": {
			trail: func(t *permit.Trail) { t.KeyARN = "arn:aws:kms:eu-west-2:123456789012:key/1" },
			change: func(d *policy.Document) {
				denyPuts(d, "aws:kms", "AES256")
			},
		},
		"trail of another account": {
			trail: func(t *permit.Trail) {
				t.Account, t.ARN = otherAccount, "arn:aws:cloudtrail:eu-west-2:210987654321:trail/audit"
			},
			change: func(d *policy.Document) {
				d.Statements[0].Condition, d.Statements[1].Condition = nil, nil
				d.Statements[1].Resource[0] = bucketARN + "/AWSLogs/210987654321/*"
			},
		},
		"one object denied": {
			trail: func(t *permit.Trail) { t.Object = "AWSLogs/123456789012/CloudTrail-Digest/x" },
			change: func(d *policy.Document) {
				d.Statements[2].Condition, d.Statements[2].Resource = nil, policy.Values{bucketARN + "/*/CloudTrail-Digest/*"}
			},
			code: insufficient, why: `statement "TLS" denies s3:PutObject`,
		},
		"another object denied": {
			trail: func(t *permit.Trail) { t.Object = "AWSLogs/123456789012/CloudTrail/x" },
			change: func(d *policy.Document) {
				d.Statements[2].Condition, d.Statements[2].Resource = nil, policy.Values{bucketARN + "/*/CloudTrail-Digest/*"}
			},
		},
	} {
		document, trail := bucketPolicy(), w.trail
		if test.change != nil {
			test.change(&document)
		}
		if test.trail != nil {
			test.trail(&trail)
		}
		w.putBucketPolicy(document)
		w.wantDenial(name, w.checker.Bucket(w.Context(), trail), test.code, "AccessDenied", test.why)
	}
}
