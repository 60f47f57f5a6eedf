package permissions

import (
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/policy"
)

// everything is the resource of actions that support no resources.
const everything = "*"

// all lists the rights for a trail, in the order in which its resources are created.
func all(spec trail.Spec, place trail.Place) []rights {
	names := spec.Names(place)
	return slices.Concat(
		organization(spec, place),
		boundary(names),
		key(spec, place, names),
		buckets(spec, names),
		logGroup(spec, names),
		role(names),
		topics(spec, names),
		itself(names),
		alarms(spec, place, names),
		detection(spec, place, names),
		switchedOff(spec, place, names),
	)
}

func organization(spec trail.Spec, place trail.Place) []rights {
	if !spec.Organization {
		return nil
	}
	role := serviceRoles(place, "OrganizationRole", cloudTrail)
	return []rights{{
		sid: "Organization", service: "organizations", on: policy.Values{everything},
		read: "DescribeOrganization ListAWSServiceAccessForOrganization ListDelegatedAdministrators",
	}, role, {
		sid: "OrganizationRoleRead", service: "iam", on: role.on,
		write: "GetRole", // CreateTrail calls it with the caller's rights
	}}
}

const cloudTrail = "cloudtrail.amazonaws.com"

// serviceRoles lets services create their service-linked roles, in accounts that do not
// have them.
func serviceRoles(place trail.Place, sid string, services ...string) rights {
	r := rights{sid: sid, service: "iam", write: "CreateServiceLinkedRole", when: equals("iam:AWSServiceName", services...)}
	for _, service := range services {
		r.on = append(r.on, arn.Build(place.Partition, "iam", "", place.Account, "role/aws-service-role/"+service+"/*"))
	}
	return r
}

// boundary is for the managed policy that limits the role. Whoever can change that
// policy can let the role do anything, so setup has these rights and apply does not.
func boundary(names trail.Names) []rights {
	return []rights{{
		sid: "Boundary", service: "iam", on: policy.Values{names.BoundaryARN},
		read:   "GetPolicy GetPolicyVersion",
		setup:  "CreatePolicy CreatePolicyVersion DeletePolicyVersion ListPolicyVersions TagPolicy",
		remove: "DeletePolicy DeletePolicyVersion ListPolicyVersions",
	}}
}

// key is for the created key, or only for the use of another one. The ARN of a key that
// does not exist yet is unknown: the rights depend on its tag. Creating a key with that
// tag requires the right to tag any key, which setup has and apply does not. The rights
// of setup are without the tag condition: KMS may take minutes to see a new tag.
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
		sid: "WithoutResources", service: "kms", on: policy.Values{everything},
		read: "ListAliases ListKeys",
	}, {
		sid: "NewKey", service: "kms", on: policy.Values{everything},
		when:  ours("Request", names),
		setup: "CreateKey",
	}, {
		sid: "NewKeyTags", service: "kms", on: policy.Values{keys},
		when:  ours("Request", names),
		setup: "TagResource",
	}, {
		sid: "Key", service: "kms", on: policy.Values{keys},
		read:  "DescribeKey GetKeyPolicy GetKeyRotationStatus ListGrants ListResourceTags",
		setup: "EnableKeyRotation PutKeyPolicy", // CreateKey requires the second too
	}, {
		sid: "KeyAlias", service: "kms", on: policy.Values{alias, keys},
		write: "CreateAlias UpdateAlias", remove: "DeleteAlias",
	}, {
		sid: "OwnKey", service: "kms", on: policy.Values{keys},
		when:    ours("Resource", names),
		write:   "CancelKeyDeletion EnableKey EnableKeyRotation PutKeyPolicy TagResource UpdateKeyDescription",
		remove:  "ScheduleKeyDeletion",
		repair:  "CancelKeyDeletion EnableKey",
		analyse: "Decrypt",
	}, {
		// An adopted key belongs to somebody else: apply has no right to change it.
		sid: "AdoptedKey", service: "kms", on: policy.Values{keys},
		when:    equals("aws:ResourceTag/"+trail.AdoptedTag, names.Trail),
		repair:  "EnableKey",
		analyse: "Decrypt",
	}}
}

// buckets needs no right to an existing bucket: S3 tells everybody whether a bucket
// exists.
func buckets(spec trail.Spec, names trail.Names) []rights {
	if !spec.CreatesBucket() {
		return nil
	}
	bucket := rights{
		sid: "Bucket", service: "s3", on: policy.Values{names.BucketARN},
		read: "GetAccelerateConfiguration GetBucketCORS GetBucketNotification GetBucketOwnershipControls GetBucketPolicy" +
			" GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning GetBucketWebsite" +
			" GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration ListBucket",
		write: "CreateBucket PutBucketAcl PutBucketOwnershipControls" +
			" PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning PutEncryptionConfiguration" +
			" PutLifecycleConfiguration TagResource",
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
	if spec.ForceDestroy { // which first reads the locks
		bucket.remove += " GetBucketObjectLockConfiguration"
	}
	list := []rights{bucket, {
		sid: "Logs", service: "s3", on: policy.Values{names.BucketARN + "/" + below(spec.KeyPrefix) + "AWSLogs/*"},
		analyse: "GetObject",
	}}
	if !spec.ForceDestroy {
		return list
	}
	// Reading the lock of an object needs no right to the bucket.
	objects := rights{sid: "Objects", service: "s3", remove: "DeleteObject DeleteObjectVersion GetObjectLegalHold GetObjectRetention"}
	for _, name := range bucket.on {
		objects.on = append(objects.on, name+"/*")
	}
	return append(list, objects)
}

// below returns a prefix as keys have it.
func below(prefix string) string {
	if prefix == "" {
		return ""
	}
	return strings.TrimSuffix(prefix, "/") + "/"
}

func logGroup(spec trail.Spec, names trail.Names) []rights {
	// Actions on tags use the log group's ARN, all others that of its streams.
	on := policy.Values{names.LogGroupARN, names.LogGroupARN + ":*"}
	group := rights{
		sid: "LogGroup", service: "logs", on: on,
		read:    "DescribeSubscriptionFilters ListTagsForResource",
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
		sid: "WithoutResources", service: "logs", on: policy.Values{everything},
		read:    "DescribeLogGroups",
		analyse: "GetQueryResults StopQuery",
	}, group}
}

// role may be changed only while it has the boundary, or if the call sets it.
func role(names trail.Names) []rights {
	return []rights{{
		sid: "Role", service: "iam", on: policy.Values{names.RoleARN},
		read:   "GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies",
		write:  "TagRole",
		remove: "DeleteRole DeleteRolePolicy DetachRolePolicy",
	}, {
		sid: "BoundRole", service: "iam", on: policy.Values{names.RoleARN},
		when: equals("iam:PermissionsBoundary", names.BoundaryARN),
		write: "CreateRole DeleteRolePolicy DetachRolePolicy PutRolePermissionsBoundary PutRolePolicy" +
			" UpdateAssumeRolePolicy UpdateRole",
		repair: "PutRolePermissionsBoundary PutRolePolicy",
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
	var list []rights
	if topic.on != nil {
		list = append(list, topic)
	}
	if own := names.OwnAlarmTopicARN; !slices.Contains(topic.on, own) {
		list = append(list, rights{
			sid: "AlarmTopic", service: "sns", on: policy.Values{own},
			read:  "GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource",
			write: "DeleteTopic", remove: "DeleteTopic",
		})
	}
	return list
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

func equals(key string, values ...string) policy.Conditions {
	return policy.Conditions{"StringEquals": {key: values}}
}

// ours is the condition that the tags of the resource, or those in the request, are the
// trail's.
func ours(of string, names trail.Names) policy.Conditions {
	return equals("aws:"+of+"Tag/"+trail.OwnerTag, names.Trail)
}
