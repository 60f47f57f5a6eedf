package permissions_test

import (
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/policy"
)

// requests is what IAM evaluates for a recorded call, as the Service Authorization
// Reference describes it.
func requests(e deploytest.Event, names trail.Names) (list []policy.Request) {
	add := func(action, resource string, context map[string][]string) {
		list = append(list, policy.Request{Action: action, Resource: resource, Context: context})
	}
	if e.Name == "GetCallerIdentity" { // needs no right
		return nil
	}
	action := authorized(e.Call())
	service, _, _ := strings.Cut(action, ":")
	context := map[string][]string{}
	switch {
	case service == "kms" && e.Name != "CreateKey", service == "config" && e.Name == "DeleteConfigRule", e.Name == "DeleteDetector":
		// Our own: no other is there.
		context["aws:ResourceTag/"+trail.OwnerTag] = []string{names.Trail}
	case e.Name == "PutMetricAlarm":
		context["cloudwatch:AlarmActions"] = texts(e.Parameters["alarmActions"])
	case service == "iam":
		// The role has it from the start.
		context["iam:PermissionsBoundary"] = []string{names.BoundaryARN}
	}
	if boundary, ok := e.Parameters["permissionsBoundary"].(string); ok {
		context["iam:PermissionsBoundary"] = []string{boundary}
	}
	tagged := mentions(e.Parameters, trail.OwnerTag)
	if tagged {
		context["aws:RequestTag/"+trail.OwnerTag] = []string{names.Trail}
	}
	for _, resource := range resources(e, service, names) {
		add(action, resource, context)
		switch e.Name {
		case "CreateTrail":
			add("iam:PassRole", names.RoleARN, map[string][]string{"iam:PassedToService": {"cloudtrail.amazonaws.com"}})
			add("cloudtrail:AddTags", resource, context)
		case "UpdateTrail":
			add("iam:PassRole", names.RoleARN, map[string][]string{"iam:PassedToService": {"cloudtrail.amazonaws.com"}})
		case "CreateRole":
			add("iam:TagRole", resource, context)
		case "CreatePolicy":
			add("iam:TagPolicy", resource, context)
		case "CreateKey":
			add("kms:PutKeyPolicy", arn("kms", "key/1"), context)
			add("kms:TagResource", arn("kms", "key/1"), context)
		case "CreateBucket", "CreateLogGroup", "CreateTopic", "PutMetricAlarm", "PutConfigRule", "EnableSecurityHub":
			add(service+":TagResource", strings.TrimSuffix(resource, ":log-stream:"), context)
		case "CreateDetector":
			add("guardduty:TagResource", arn("guardduty", "detector/new"), context)
		case "DeleteObject", "DeleteObjects":
			add("s3:DeleteObjectVersion", resource, context)
		}
	}
	return list
}

// authorized is the action that allows a call, which has another name for some.
func authorized(call string) string {
	for from, to := range map[string]string{
		"monitoring:":                           "cloudwatch:",
		"s3:GetBucketLifecycleConfiguration":    "s3:GetLifecycleConfiguration",
		"s3:PutBucketLifecycleConfiguration":    "s3:PutLifecycleConfiguration",
		"s3:GetBucketReplication":               "s3:GetReplicationConfiguration",
		"s3:GetBucketCors":                      "s3:GetBucketCORS",
		"s3:GetBucketAccelerateConfiguration":   "s3:GetAccelerateConfiguration",
		"s3:GetBucketAccelerate":                "s3:GetAccelerateConfiguration",
		"s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
		"s3:GetBucketLifecycle":                 "s3:GetLifecycleConfiguration",
		"s3:PutBucketLifecycle":                 "s3:PutLifecycleConfiguration",
		"s3:GetBucketEncryption":                "s3:GetEncryptionConfiguration",
		"s3:PutBucketEncryption":                "s3:PutEncryptionConfiguration",
		"s3:GetPublicAccessBlock":               "s3:GetBucketPublicAccessBlock",
		"s3:PutPublicAccessBlock":               "s3:PutBucketPublicAccessBlock",
		"s3:GetObjectLockConfiguration":         "s3:GetBucketObjectLockConfiguration",
		"s3:PutObjectLockConfiguration":         "s3:PutBucketObjectLockConfiguration",
		"s3:ListBuckets":                        "s3:ListAllMyBuckets",
		"s3:HeadBucket":                         "s3:ListBucket",
		"s3:ListObjectVersions":                 "s3:ListBucketVersions",
		"s3:DeleteObjects":                      "s3:DeleteObject",
	} {
		if call == from {
			return to
		}
		if rest, ok := strings.CutPrefix(call, from); ok && strings.HasSuffix(from, ":") {
			return to + rest
		}
	}
	return call
}

func texts(list any) (values []string) {
	for _, value := range list.([]any) {
		values = append(values, fmt.Sprint(value))
	}
	return values
}

func arn(service, resource string) string {
	return "arn:aws:" + service + ":" + deploytest.Region + ":" + deploytest.Account + ":" + resource
}

// resources is what a call is about.
func resources(e deploytest.Event, service string, names trail.Names) []string {
	parameter := func(name string) string {
		value, _ := e.Parameters[name].(string)
		return value
	}
	switch service {
	case "s3":
		bucket := "arn:aws:s3:::" + parameter("bucketName")
		switch e.Name {
		case "DeleteObjects":
			return []string{bucket + "/AWSLogs/1"}
		case "DeleteObject": // of each key of DeleteObjects
			return []string{bucket + "/" + parameter("key")}
		}
		return []string{bucket}
	case "iam":
		if arn := parameter("policyArn"); strings.HasSuffix(arn, names.Boundary) {
			return []string{arn}
		}
		if e.Name == "CreatePolicy" {
			return []string{"arn:aws:iam::" + deploytest.Account + ":policy/" + parameter("policyName")}
		}
		return []string{"arn:aws:iam::" + deploytest.Account + ":role/" + parameter("roleName")}
	case "sns":
		if e.Name == "CreateTopic" {
			return []string{arn("sns", parameter("name"))}
		}
		if e.Name == "ListTagsForResource" || e.Name == "TagResource" {
			return []string{parameter("resourceArn")}
		}
		return []string{parameter("topicArn")}
	case "logs":
		switch e.Name {
		case "DescribeLogGroups":
			return []string{arn("logs", "log-group::log-stream:")}
		case "ListTagsForResource", "TagResource":
			return []string{parameter("resourceArn")}
		}
		return []string{arn("logs", "log-group:"+parameter("logGroupName")+parameter("logGroupIdentifier")+":log-stream:")}
	case "kms":
		switch e.Name {
		case "ListAliases", "ListKeys", "CreateKey":
			return []string{"*"}
		case "CreateAlias", "DeleteAlias", "UpdateAlias":
			return []string{arn("kms", parameter("aliasName")), arn("kms", "key/1")}
		}
		return []string{arn("kms", "key/1")}
	case "cloudtrail":
		if e.Name == "DescribeTrails" {
			return []string{"*"}
		}
		return []string{names.TrailARN}
	case "cloudwatch":
		switch e.Name {
		case "DescribeAlarms":
			return []string{"*"}
		case "ListTagsForResource", "TagResource":
			return []string{parameter("resourceARN")}
		case "DeleteAlarms":
			var list []string
			for _, name := range e.Parameters["alarmNames"].([]any) {
				list = append(list, arn("cloudwatch", "alarm:"+fmt.Sprint(name)))
			}
			return list
		}
		return []string{arn("cloudwatch", "alarm:"+parameter("alarmName"))}
	case "config":
		if strings.HasPrefix(e.Name, "DescribeConfigurationRecorder") {
			return []string{"*"}
		}
		return []string{arn("config", "config-rule/config-rule-1")}
	case "guardduty":
		if e.Name == "ListDetectors" || e.Name == "CreateDetector" {
			return []string{"*"}
		}
		return []string{arn("guardduty", "detector/1")}
	case "securityhub":
		if e.Name == "DescribeStandards" {
			return []string{"*"}
		}
		return []string{arn("securityhub", "hub/default")}
	}
	return []string{"*"}
}

// mentions reports whether a text is among the values or keys of parameters.
func mentions(value any, text string) bool {
	return strings.Contains(fmt.Sprint(value), text+" ") || strings.Contains(fmt.Sprint(value), text+":")
}
