package operation

import "strings"

// spell sets CloudTrail's names of an identified operation.
func (o *Operation) spell(q *request, form formBody) {
	if isGlobal(o.Service) && isCommercial(o.Region) {
		o.Region = defaultRegion
	}
	o.EventSource = eventSource(o, q)
	o.APIVersion = o.apiVersion(q, form)
	if o.EventName == "" {
		o.EventName = o.eventName(q)
	}
	o.ReadOnly = o.Certain && isReadOnly(o.Service, o.Name) || !o.Certain && (q.method == "GET" || q.method == "HEAD")
	o.Category, o.Recorded = Management, !isSilent(o.Service, o.Name) && !q.forEmulator()
	if o.Certain {
		o.ResourceType = dataEvents()[event{o.Service, o.Name}]
	}
	if o.ResourceType != "" {
		o.Category = Data
	}
	if o.ResourceType == "AWS::S3::Object" && (q.host.accessPoint() || strings.Contains(o.Path["Bucket"], ":accesspoint")) {
		o.ResourceType = "AWS::S3::AccessPoint"
	}
}

// isGlobal reports whether CloudTrail records a service in us-east-1, whatever Region a
// client signed for.
func isGlobal(service string) bool {
	switch service {
	case "iam", "cloudfront", "route53", "route53domains", "organizations", "account", "shield", "waf", "ce", "budgets", "support", "health":
		return true
	}
	return false
}

// isCommercial reports whether a Region belongs to the partition of us-east-1.
func isCommercial(region string) bool {
	return !strings.HasPrefix(region, "cn-") && !strings.Contains(region, "-gov-") && !strings.Contains(region, "iso")
}

// eventSource returns the signing name, with exceptions. The model distinguishes
// services with the same signing name.
func eventSource(o *Operation, q *request) string {
	name := strings.ToLower(o.Service)
	target, _ := cutTarget(q.header.Get("X-Amz-Target"))
	switch {
	case name == "mq":
		name = "amazonmq"
	case name == "awsssoportal", name == "sso-oauth":
		name = "sso"
	case name == "rds-data":
		name = "rdsdata"
	case name == "application-autoscaling":
		name = "autoscaling"
	case name == "servicecatalog" && o.Protocol == RESTJSON:
		name = "servicecatalog-appregistry"
	case target == "AWSMPCommerceService_v20200301":
		name = "agreement-marketplace"
	case target == "AWSMPEntitlementService":
		name = "entitlement-marketplace"
	case target == "AWSMPMeteringService":
		name = "metering-marketplace"
	}
	return name + ".amazonaws.com"
}

// apiVersion returns the version as in real records. Most have none, and those of S3
// never.
func (o *Operation) apiVersion(q *request, form formBody) string {
	switch o.Service {
	case "dynamodb":
		return "2012-08-10"
	case "elasticloadbalancing":
		version := firstOf(q.query.Get("Version"), form.get("Version"))
		if isName(version) {
			return version
		}
	case "events":
		return "2015-10-07"
	case "logs":
		return "20140328"
	case "route53":
		return "2013-04-01"
	case "cloudfront":
		if !isFunctionOfCloudFront(o.Name) {
			return strings.ReplaceAll(pathDate(q.path), "-", "_")
		}
	}
	return ""
}

// eventName returns the operation's name. Lambda and CloudFront functions add the date
// of their path, and S3 has its own names.
func (o *Operation) eventName(q *request) string {
	if !o.Certain {
		return o.Name
	}
	switch o.Service {
	case "s3":
		if name := s3Names[o.Name]; name != "" {
			return name
		}
	case "lambda":
		return lambdaName(o.Name, strings.ReplaceAll(pathDate(q.path), "-", ""))
	case "cloudfront":
		if isFunctionOfCloudFront(o.Name) {
			return o.Name + strings.ReplaceAll(pathDate(q.path), "-", "_")
		}
	}
	return o.Name
}

// s3Names maps operations whose events have another name, from "Amazon S3 CloudTrail
// events" in the S3 user guide, confirmed by real records.
var s3Names = map[string]string{
	"DeletePublicAccessBlock":            "DeleteBucketPublicAccessBlock",
	"GetBucketAccelerateConfiguration":   "GetAccelerateConfiguration",
	"GetBucketLifecycleConfiguration":    "GetBucketLifecycle",
	"GetBucketNotificationConfiguration": "GetBucketNotification",
	"GetObjectLockConfiguration":         "GetBucketObjectLockConfiguration",
	"GetPublicAccessBlock":               "GetBucketPublicAccessBlock",
	"ListObjectsV2":                      "ListObjects",
	"PutBucketAccelerateConfiguration":   "PutAccelerateConfiguration",
	"PutBucketLifecycleConfiguration":    "PutBucketLifecycle",
	"PutBucketNotificationConfiguration": "PutBucketNotification",
	"PutObjectLockConfiguration":         "PutBucketObjectLockConfiguration",
	"PutPublicAccessBlock":               "PutBucketPublicAccessBlock",
}

// lambdaName adds the date of the API's version, as Lambda did until 2018. Some
// operations are in their second version.
func lambdaName(name, date string) string {
	if date == "" || date > "20181031" || strings.HasPrefix(name, "Invoke") {
		return name
	}
	switch name {
	case "AddPermission", "GetFunction", "GetFunctionConfiguration", "GetPolicy", "RemovePermission",
		"TagResource", "UntagResource", "UpdateFunctionCode", "UpdateFunctionConfiguration":
		date += "v2"
	}
	return name + date
}

func isFunctionOfCloudFront(name string) bool {
	switch name {
	case "CreateFunction", "DeleteFunction", "DescribeFunction", "GetFunction", "ListFunctions", "PublishFunction", "TestFunction", "UpdateFunction":
		return true
	}
	return false
}

// pathDate returns the date at the start of a path such as /2015-03-31/functions, or
// "".
func pathDate(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if len(first) == len("2006-01-02") && isDate(strings.ReplaceAll(first, "-", "")) {
		return first
	}
	return ""
}
