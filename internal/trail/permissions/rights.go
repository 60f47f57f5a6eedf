package permissions

import (
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/policy"
)

// everything is for actions that IAM knows no resources for.
const everything = "*"

// all lists what is needed for a trail, in the order in which its parts are made.
func all(spec trail.Spec, place trail.Place) []rights {
	names := spec.Names(place)
	return slices.Concat(
		organization(spec, place),
		key(spec, place, names),
		buckets(spec, names),
		logGroup(spec, place, names),
		role(names),
		topics(spec, names),
		itself(names),
		alarms(spec, place, names),
		detection(spec, place),
	)
}

func organization(spec trail.Spec, place trail.Place) []rights {
	if !spec.Organization {
		return nil
	}
	role := serviceRole(place, "OrganizationRole", cloudTrail)
	return []rights{{
		sid: "Organization", service: "organizations", on: policy.Values{everything},
		read: "DescribeOrganization ListAWSServiceAccessForOrganization ListDelegatedAdministrators",
	}, role, {
		sid: "OrganizationRoleRead", service: "iam", on: role.on,
		write: "GetRole", // CreateTrail looks for it with the caller's rights
	}}
}

const cloudTrail = "cloudtrail.amazonaws.com"

// serviceRole lets a service make the role it works with, in accounts that never
// used it.
func serviceRole(place trail.Place, sid, service string) rights {
	return rights{
		sid: sid, service: "iam", write: "CreateServiceLinkedRole",
		on:   policy.Values{arn.Build(place.Partition, "iam", "", place.Account, "role/aws-service-role/"+service+"/*")},
		when: equals("iam:AWSServiceName", service),
	}
}

// key is for the key that is made for the trail, or only its use. The ARN of one that
// is not made yet is not known: its tag says that it is ours. The two writes right
// after it is made are without that condition, because KMS may take minutes to see
// a new tag.
func key(spec trail.Spec, place trail.Place, names trail.Names) []rights {
	if !spec.Encrypted() {
		return nil
	}
	if !spec.CreatesKey() {
		return []rights{{sid: "Key", service: "kms", on: policy.Values{spec.KMS}, read: "DescribeKey", analyse: "Decrypt"}}
	}
	keys := place.ARN("kms", "key/*")
	alias := place.ARN("kms", names.KeyAlias)
	return []rights{{
		sid: "Keys", service: "kms", on: policy.Values{everything},
		read: "ListAliases ListKeys",
	}, {
		sid: "NewKey", service: "kms", on: policy.Values{everything},
		when:  equals("aws:RequestTag/"+trail.OwnerTag, names.Trail),
		write: "CreateKey TagResource",
	}, {
		sid: "Key", service: "kms", on: policy.Values{keys},
		read:  "DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags",
		write: "EnableKeyRotation",
	}, {
		sid: "KeyAlias", service: "kms", on: policy.Values{alias, keys},
		write: "CreateAlias UpdateAlias", remove: "DeleteAlias",
	}, {
		sid: "OwnKey", service: "kms", on: policy.Values{keys},
		when:    equals("aws:ResourceTag/"+trail.OwnerTag, names.Trail),
		write:   "CancelKeyDeletion EnableKey PutKeyPolicy UpdateKeyDescription",
		remove:  "ScheduleKeyDeletion",
		repair:  "CancelKeyDeletion EnableKey",
		analyse: "Decrypt",
	}}
}

func buckets(spec trail.Spec, names trail.Names) []rights {
	bucket := rights{
		sid: "Bucket", service: "s3", on: policy.Values{names.BucketARN},
		read: "GetBucketOwnershipControls GetBucketPolicy GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning" +
			" GetEncryptionConfiguration GetLifecycleConfiguration ListBucket",
		write: "CreateBucket PutBucketAcl PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging" +
			" PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration TagResource",
		remove:  "DeleteBucket ListBucketVersions",
		repair:  "PutBucketPolicy PutBucketPublicAccessBlock PutBucketVersioning PutLifecycleConfiguration",
		analyse: "ListBucket",
	}
	if spec.CreatesAccessLogBucket() {
		bucket.on = append(bucket.on, names.AccessLogBucketARN)
	}
	if spec.LogsAccess() {
		bucket.read += " GetBucketLogging"
		bucket.write += " PutBucketLogging"
	}
	if spec.ObjectLock != nil {
		bucket.read += " GetBucketObjectLockConfiguration"
		bucket.write += " PutBucketObjectLockConfiguration"
	}
	list := []rights{bucket, {
		sid: "Logs", service: "s3", on: policy.Values{names.BucketARN + "/" + below(spec.KeyPrefix) + "AWSLogs/*"},
		analyse: "GetObject",
	}}
	if !spec.ForceDestroy {
		return list
	}
	// What cannot be deleted is asked for its lock, which it may have without the bucket.
	objects := rights{sid: "Objects", service: "s3", remove: "DeleteObject DeleteObjectVersion GetObjectLegalHold GetObjectRetention"}
	for _, name := range bucket.on {
		objects.on = append(objects.on, name+"/*")
	}
	return append(list, objects)
}

// below is a prefix as keys have it.
func below(prefix string) string {
	if prefix == "" {
		return ""
	}
	return strings.TrimSuffix(prefix, "/") + "/"
}

func logGroup(spec trail.Spec, place trail.Place, names trail.Names) []rights {
	// Actions on tags know the log group by its ARN, all others by that of its streams.
	on := policy.Values{names.LogGroupARN, names.LogGroupARN + ":*"}
	group := rights{
		sid: "LogGroup", service: "logs", on: on,
		read:    "ListTagsForResource",
		write:   "CreateLogGroup PutLogGroupDeletionProtection TagResource",
		remove:  "DeleteLogGroup PutLogGroupDeletionProtection",
		analyse: "FilterLogEvents StartQuery",
	}
	if spec.LogGroupRetention() == 0 {
		group.write += " DeleteRetentionPolicy"
	} else {
		group.write += " PutRetentionPolicy"
		group.repair += "PutRetentionPolicy"
	}
	if spec.Encrypted() {
		group.write += " AssociateKmsKey"
	} else {
		group.write += " DisassociateKmsKey"
	}
	return []rights{{
		sid: "LogGroups", service: "logs", on: policy.Values{place.ARN("logs", "log-group:*")},
		read: "DescribeLogGroups",
	}, {
		sid: "Queries", service: "logs", on: policy.Values{everything},
		analyse: "GetQueryResults StopQuery",
	}, group}
}

func role(names trail.Names) []rights {
	return []rights{{
		sid: "Role", service: "iam", on: policy.Values{names.RoleARN},
		read: "GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies",
		write: "CreateRole DeleteRolePermissionsBoundary DeleteRolePolicy DetachRolePolicy PutRolePolicy TagRole" +
			" UpdateAssumeRolePolicy UpdateRole",
		remove: "DeleteRole DeleteRolePolicy DetachRolePolicy",
		repair: "PutRolePolicy",
	}, {
		sid: "PassRole", service: "iam", on: policy.Values{names.RoleARN},
		when:  equals("iam:PassedToService", cloudTrail),
		write: "PassRole", repair: "PassRole",
	}}
}

func topics(spec trail.Spec, names trail.Names) []rights {
	topic := rights{
		sid: "Topics", service: "sns",
		read:   "GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource",
		write:  "CreateTopic SetTopicAttributes Subscribe TagResource",
		remove: "DeleteTopic",
		repair: "SetTopicAttributes",
	}
	if spec.CreatesTopic() {
		topic.on = append(topic.on, names.TopicARN)
	}
	if spec.CreatesAlarmTopic() {
		topic.on = append(topic.on, names.AlarmTopicARN)
	}
	if topic.on == nil {
		return nil
	}
	return []rights{topic}
}

func itself(names trail.Names) []rights {
	return []rights{{
		sid: "Trails", service: "cloudtrail", on: policy.Values{everything},
		read:    "DescribeTrails",
		watch:   "LookupEvents",
		analyse: "DescribeTrails ListPublicKeys LookupEvents",
	}, {
		sid: "Trail", service: "cloudtrail", on: policy.Values{names.TrailARN},
		read:    "GetEventSelectors GetInsightSelectors GetTrailStatus ListTags",
		write:   "AddTags CreateTrail PutEventSelectors PutInsightSelectors StartLogging UpdateTrail",
		remove:  "DeleteTrail StopLogging",
		repair:  "PutEventSelectors PutInsightSelectors StartLogging UpdateTrail",
		analyse: "GetTrailStatus",
	}}
}

func alarms(spec trail.Spec, place trail.Place, names trail.Names) []rights {
	if !spec.Alarms.Enabled {
		return nil
	}
	return []rights{{
		sid: "MetricFilters", service: "logs", on: policy.Values{names.LogGroupARN, names.LogGroupARN + ":*"},
		read:   "DescribeMetricFilters",
		write:  "DeleteMetricFilter PutMetricFilter",
		remove: "DeleteMetricFilter",
	}, {
		sid: "Alarms", service: "cloudwatch", on: policy.Values{everything},
		read: "DescribeAlarms",
	}, {
		sid: "Alarm", service: "cloudwatch", on: policy.Values{place.ARN("cloudwatch", "alarm:"+spec.Env+"-"+spec.ProjectID+"-cis-*")},
		read:   "ListTagsForResource",
		write:  "DeleteAlarms PutMetricAlarm TagResource",
		remove: "DeleteAlarms",
		repair: "EnableAlarmActions",
	}}
}

// detection is what other services watch the trail with.
func detection(spec trail.Spec, place trail.Place) (list []rights) {
	if spec.ConfigRules.Enabled {
		list = append(list, rights{
			sid: "ConfigRecorder", service: "config", on: policy.Values{everything},
			read: "DescribeConfigurationRecorderStatus",
		}, rights{
			sid: "ConfigRules", service: "config", on: policy.Values{place.ARN("config", "config-rule/*")},
			read:   "DescribeConfigRules ListTagsForResource",
			write:  "DeleteConfigRule PutConfigRule TagResource",
			remove: "DeleteConfigRule",
		})
	}
	if spec.GuardDuty {
		list = append(list, rights{
			sid: "Detectors", service: "guardduty", on: policy.Values{everything},
			read: "ListDetectors", write: "CreateDetector",
		}, rights{
			sid: "Detector", service: "guardduty", on: policy.Values{place.ARN("guardduty", "detector/*")},
			read:   "GetDetector",
			write:  "TagResource UpdateDetector",
			remove: "DeleteDetector",
		}, serviceRole(place, "DetectorRole", "guardduty.amazonaws.com"))
	}
	if spec.SecurityHub.Enabled {
		hub := rights{
			sid: "SecurityHub", service: "securityhub", on: policy.Values{place.ARN("securityhub", "hub/default")},
			read:   "DescribeHub ListTagsForResource",
			write:  "EnableSecurityHub TagResource",
			remove: "DisableSecurityHub",
		}
		if len(spec.SecurityHub.Standards) > 0 {
			hub.read += " GetEnabledStandards"
			hub.write += " BatchEnableStandards"
			hub.remove += " BatchDisableStandards UntagResource"
			list = append(list, rights{
				sid: "SecurityHubStandards", service: "securityhub", on: policy.Values{everything},
				read: "DescribeStandards",
			})
		}
		list = append(list, hub, serviceRole(place, "SecurityHubRole", "securityhub.amazonaws.com"))
	}
	return list
}

func equals(key, value string) policy.Conditions {
	return policy.Conditions{"StringEquals": {key: {value}}}
}
