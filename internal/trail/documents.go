package trail

import (
	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/policy"

	"github.com/cerpac/trailkeeper/arn/partition"
)

// Every statement for CloudTrail names the trails (aws:SourceArn), so that trails of
// other accounts cannot use our bucket, key, role or topics.

// BucketPolicy lets the trails write below AWSLogs/ for their own accounts, over TLS
// only.
//
// It does not require KMS encryption: CloudTrail may write digests with AES256, and
// would then refuse to create a trail that validates log files.
func (s Spec) BucketPolicy(p Place) policy.Document {
	return policy.New(append(s.deliveries(p), denyInsecureTransport(s.Names(p).BucketARN))...)
}

// deliveries are the statements that let CloudTrail deliver the logs of the trails.
func (s Spec) deliveries(p Place) []policy.Statement {
	n := s.Names(p)
	prefix := n.BucketARN + "/"
	if s.KeyPrefix != "" {
		prefix += s.KeyPrefix + "/"
	}
	var folders policy.Values
	for _, account := range s.deliverers(p) {
		folders = append(folders, prefix+"AWSLogs/"+account+"/*")
	}
	statements := []policy.Statement{
		cloudTrailMay("AWSCloudTrailAclCheck20150319", "s3:GetBucketAcl", policy.Values{n.BucketARN}, from(s.trailARNs(p)...)),
		cloudTrailMay("AWSCloudTrailWrite20150319", "s3:PutObject", folders, givenTo(s.trailARNs(p)...)),
	}
	if s.Organization {
		members := policy.Values{prefix + "AWSLogs/" + p.Organization + "/*"}
		statements = append(statements, cloudTrailMay("AWSCloudTrailOrganizationWrite20150319", "s3:PutObject", members, givenTo(n.TrailARN)))
	}
	return statements
}

// KeyPolicy is the policy of a created key: the account administers it, trails encrypt
// their logs with it, CloudWatch Logs the log group; readers decrypt.
func (s Spec) KeyPolicy(p Place) policy.Document {
	statements := append([]policy.Statement{{
		Sid: "Enable IAM User Permissions", Effect: policy.Allow, Principal: policy.AWS(arn.Build(p.Partition, "iam", "", p.Account, "root")),
		Action: policy.Values{"kms:*"}, Resource: policy.Values{"*"},
	}}, s.encryptions(p)...)
	if len(s.KMSKeyReaders) > 0 {
		statements = append(statements, policy.Statement{
			Sid: "Enable CloudTrail log decrypt permissions", Effect: policy.Allow, Principal: policy.AWS(s.KMSKeyReaders...),
			Action: policy.Values{"kms:Decrypt"}, Resource: policy.Values{"*"},
			Condition: policy.Conditions{"Null": {"kms:EncryptionContext:aws:cloudtrail:arn": {"false"}}},
		})
	}
	return policy.New(statements...)
}

// encryptions are the statements that let CloudTrail encrypt the logs of the trails,
// and CloudWatch Logs their log groups.
func (s Spec) encryptions(p Place) []policy.Statement {
	var contexts, logGroups policy.Values
	for _, account := range s.deliverers(p) {
		contexts = append(contexts, arn.Build(p.Partition, "cloudtrail", "*", account, "trail/*"))
	}
	logGroups = append(logGroups, s.Names(p).LogGroupARN)
	for _, account := range s.others() {
		logGroups = append(logGroups, arn.Build(p.Partition, "logs", p.Region, account, "log-group:"+s.Names(p).LogGroup))
	}
	every := policy.Values{"*"}
	encrypt := from(s.trailARNs(p)...)
	encrypt["StringLike"] = map[string]policy.Values{"kms:EncryptionContext:aws:cloudtrail:arn": contexts}
	return []policy.Statement{
		cloudTrailMay("Allow CloudTrail to encrypt logs", "kms:GenerateDataKey*", every, encrypt),
		cloudTrailMay("Allow CloudTrail access", "kms:DescribeKey", every, from(s.trailARNs(p)...)),
		{
			Sid: "Allow CloudWatch Logs to encrypt the log group", Effect: policy.Allow,
			Principal: policy.Service("logs." + p.Region + "." + partition.Of(p.Region).DNSSuffix),
			Action:    policy.Values{"kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"},
			Resource:  every,
			Condition: policy.Conditions{"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": logGroups}},
		},
	}
}

// RoleTrust lets only the trail assume the role.
func (s Spec) RoleTrust(p Place) policy.Document {
	return policy.New(cloudTrailMay("", "sts:AssumeRole", nil, from(s.Names(p).TrailARN)))
}

// RolePolicy lets the role write only the trail's own log streams. CloudTrail names
// them ACCOUNT_CloudTrail_REGION and, for members of an organization, o-ID_....
func (s Spec) RolePolicy(p Place) policy.Document {
	streams := s.Names(p).LogGroupARN + ":log-stream:"
	ours := policy.Values{streams + s.owner(p) + "_CloudTrail_" + p.Region + "*"}
	if s.Organization {
		ours = append(ours, streams+p.Organization+"_*")
	}
	return policy.New(
		policy.Statement{
			Sid: "AWSCloudTrailCreateLogStream2014110", Effect: policy.Allow, Action: policy.Values{"logs:CreateLogStream"}, Resource: ours,
		},
		policy.Statement{
			Sid: "AWSCloudTrailPutLogEvents20141101", Effect: policy.Allow, Action: policy.Values{"logs:PutLogEvents"}, Resource: ours,
		},
	)
}

// RoleBoundary is the most that the role can ever do, whatever policies it gets: write
// any stream of the trail's log group. It depends only on names, so a change of the
// configuration never requires the right to change the boundary.
func (s Spec) RoleBoundary(p Place) policy.Document {
	return policy.New(policy.Statement{
		Sid: "WriteLogStreams", Effect: policy.Allow, Action: policy.Values{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resource: policy.Values{s.Names(p).LogGroupARN + ":log-stream:*"},
	})
}

// TopicPolicy lets the trail publish to its notification topic.
func (s Spec) TopicPolicy(p Place) policy.Document {
	n := s.Names(p)
	return policy.New(cloudTrailMay("AWSCloudTrailSNSPolicy20150319", "SNS:Publish", policy.Values{n.TopicARN}, from(n.TrailARN)))
}

// AlarmTopicPolicy lets the account's alarms publish to their topic.
func (s Spec) AlarmTopicPolicy(p Place) policy.Document {
	return policy.New(policy.Statement{
		Sid: "AllowCloudWatchAlarms", Effect: policy.Allow, Principal: policy.Service("cloudwatch.amazonaws.com"),
		Action: policy.Values{"SNS:Publish"}, Resource: policy.Values{s.Names(p).AlarmTopicARN},
		Condition: policy.Conditions{
			"StringEquals": {"aws:SourceAccount": {p.Account}},
			"ArnLike":      {"aws:SourceArn": {p.ARN("cloudwatch", "alarm:*")}},
		},
	})
}

// AccessLogPolicy lets S3 deliver the access log of the trail's bucket.
func (s Spec) AccessLogPolicy(p Place) policy.Document {
	n := s.Names(p)
	return policy.New(
		policy.Statement{
			Sid: "S3ServerAccessLogsPolicy", Effect: policy.Allow, Principal: policy.Service("logging.s3.amazonaws.com"),
			Action: policy.Values{"s3:PutObject"}, Resource: policy.Values{n.AccessLogBucketARN + "/*"},
			Condition: policy.Conditions{
				"ArnLike":      {"aws:SourceArn": {n.BucketARN}},
				"StringEquals": {"aws:SourceAccount": {p.Account}},
			},
		},
		denyInsecureTransport(n.AccessLogBucketARN),
	)
}

// trailARNs are the ARNs of all trails that deliver, our own first. Trails of other
// accounts have our trail's name and home Region.
func (s Spec) trailARNs(p Place) (arns []string) {
	for _, account := range s.deliverers(p) {
		arns = append(arns, p.trailARN(account, s.Names(p).Trail))
	}
	return arns
}

func cloudTrailMay(sid, action string, resources policy.Values, when policy.Conditions) policy.Statement {
	return policy.Statement{
		Sid: sid, Effect: policy.Allow, Principal: policy.Service("cloudtrail.amazonaws.com"),
		Action: policy.Values{action}, Resource: resources, Condition: when,
	}
}

// from is the condition that the request comes from one of the trails.
func from(trails ...string) policy.Conditions {
	return policy.Conditions{"StringEquals": {"aws:SourceArn": trails}}
}

// givenTo is from, with the condition that the bucket's owner gets full control of the
// object.
func givenTo(trails ...string) policy.Conditions {
	return policy.Conditions{"StringEquals": {"s3:x-amz-acl": {"bucket-owner-full-control"}, "aws:SourceArn": trails}}
}

func denyInsecureTransport(bucket string) policy.Statement {
	return policy.Statement{
		Sid: "DenyInsecureTransport", Effect: policy.Deny, Principal: policy.Everyone(),
		Action: policy.Values{"s3:*"}, Resource: policy.Values{bucket, bucket + "/*"},
		Condition: policy.Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
	}
}
