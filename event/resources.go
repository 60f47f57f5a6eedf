package event

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Resource is something that an event refers to, as LookupEvents lists it.
type Resource struct {
	Type string // such as AWS::S3::Bucket, "" when the record does not tell
	Name string // an ARN, an id or a name
}

// ResourceRule says that a string member of requestParameters or
// responseElements with this name, at any depth, names a resource.
type ResourceRule struct {
	Member  string
	Service string // the service's eventSource before ".amazonaws.com", "" for any
	Type    string // of the resource
}

// ResourceRules returns all rules, sorted by Member. Of the rules of a member
// the first that fits the service counts. A list of strings under the plural of
// a name (instanceIds) holds several of them.
func ResourceRules() []ResourceRule { return slices.Clone(resourceRules[:]) }

// The types of resources come from AWS and its use of them in LookupEvents;
// docs/lookup.md tells what is known of that.
var resourceRules = [...]ResourceRule{
	{"accessKeyId", "", "AWS::IAM::AccessKey"},
	{"alarmName", "monitoring", "AWS::CloudWatch::Alarm"},
	{"aliasName", "kms", "AWS::KMS::Alias"},
	{"allocationId", "ec2", "AWS::EC2::EIP"},
	{"autoScalingGroupName", "", "AWS::AutoScaling::AutoScalingGroup"},
	{"bucketName", "", "AWS::S3::Bucket"},
	{"configurationRecorderName", "", "AWS::Config::ConfigurationRecorder"},
	{"dBClusterIdentifier", "rds", "AWS::RDS::DBCluster"},
	{"dBInstanceIdentifier", "rds", "AWS::RDS::DBInstance"},
	{"dBSnapshotIdentifier", "rds", "AWS::RDS::DBSnapshot"},
	{"detectorId", "guardduty", "AWS::GuardDuty::Detector"},
	{"functionName", "lambda", "AWS::Lambda::Function"},
	{"groupId", "ec2", "AWS::EC2::SecurityGroup"},
	{"groupName", "iam", "AWS::IAM::Group"},
	{"groupName", "ec2", "AWS::EC2::SecurityGroup"},
	{"hostedZoneId", "route53", "AWS::Route53::HostedZone"},
	{"imageId", "ec2", "AWS::EC2::Ami"},
	{"instanceId", "", "AWS::EC2::Instance"},
	{"instanceProfileName", "", "AWS::IAM::InstanceProfile"},
	{"internetGatewayId", "", "AWS::EC2::InternetGateway"},
	{"keyId", "kms", "AWS::KMS::Key"},
	{"keyName", "ec2", "AWS::EC2::KeyPair"},
	{"loadBalancerName", "", "AWS::ElasticLoadBalancing::LoadBalancer"},
	{"logGroupName", "", "AWS::Logs::LogGroup"},
	{"name", "cloudtrail", "AWS::CloudTrail::Trail"},
	{"networkAclId", "", "AWS::EC2::NetworkAcl"},
	{"networkInterfaceId", "", "AWS::EC2::NetworkInterface"},
	{"policyArn", "", "AWS::IAM::Policy"},
	{"policyName", "iam", "AWS::IAM::Policy"},
	{"queueUrl", "sqs", "AWS::SQS::Queue"},
	{"roleArn", "", "AWS::IAM::Role"},
	{"roleName", "", "AWS::IAM::Role"},
	{"routeTableId", "", "AWS::EC2::RouteTable"},
	{"s3BucketName", "", "AWS::S3::Bucket"},
	{"secretId", "secretsmanager", "AWS::SecretsManager::Secret"},
	{"serialNumber", "iam", "AWS::IAM::MfaDevice"},
	{"snapshotId", "ec2", "AWS::EC2::Snapshot"},
	{"stackName", "cloudformation", "AWS::CloudFormation::Stack"},
	{"subnetId", "", "AWS::EC2::Subnet"},
	{"tableName", "dynamodb", "AWS::DynamoDB::Table"},
	{"topicArn", "", "AWS::SNS::Topic"},
	{"trailARN", "cloudtrail", "AWS::CloudTrail::Trail"},
	{"trailName", "cloudtrail", "AWS::CloudTrail::Trail"},
	{"userName", "iam", "AWS::IAM::User"},
	{"userName", "signin", "AWS::IAM::User"},
	{"volumeId", "ec2", "AWS::EC2::Volume"},
	{"vpcId", "", "AWS::EC2::VPC"},
}

// Resources lists what the event refers to, each once: first what the record
// itself lists, then what its parameters and its answer name.
func (r *Record) Resources() []Resource {
	return ResourcesOf(r.Text(EventSource), r.Get(Resources), r.Get(RequestParameters), r.Get(ResponseElements))
}

// ResourcesOf is [Record.Resources] for these members of a decoded record.
func ResourcesOf(source []byte, listed, request, response Value) []Resource {
	f := resourceFinder{service: bytes.TrimSuffix(source, []byte(".amazonaws.com"))}
	listed.Elements(f.element)
	eachString(request.Raw, f.named)
	eachString(response.Raw, f.named)
	return f.found
}

type resourceFinder struct {
	service []byte
	found   []Resource
	known   map[Resource]bool // those found, nil while they are few
}

// fewResources is the number of resources up to which a linear search is used.
const fewResources = 16

func (f *resourceFinder) add(kind string, name []byte) {
	if len(name) == 0 {
		return
	}
	r := Resource{kind, string(name)}
	switch {
	case f.known == nil && slices.Contains(f.found, r) || f.known[r]:
		return
	case f.known != nil:
		f.known[r] = true
	case len(f.found) == fewResources:
		f.known = map[Resource]bool{r: true}
		for _, before := range f.found {
			f.known[before] = true
		}
	}
	f.found = append(f.found, r)
}

// element takes an element of the record's own resources. One that is no
// object, and members that are no strings, are left alone.
func (f *resourceFinder) element(v Value) bool {
	var kind, arn, prefix []byte
	v.Members(func(name []byte, v Value) {
		text, ok := v.Text()
		switch {
		case !ok:
		case bytes.EqualFold(name, []byte("ARN")):
			arn = text
		case bytes.EqualFold(name, []byte("ARNPrefix")):
			prefix = text
		case bytes.EqualFold(name, []byte("type")):
			kind = text
		}
	})
	if len(arn) == 0 {
		arn = prefix
	}
	f.add(string(kind), arn)
	return true
}

// named takes a string in parameters or in an answer.
func (f *resourceFinder) named(member []byte, v Value) {
	at, found := slices.BinarySearchFunc(resourceRules[:], member, func(rule ResourceRule, member []byte) int {
		return cmp.Compare(rule.Member, string(member))
	})
	if !found {
		return
	}
	for _, rule := range resourceRules[at:] {
		if rule.Member != string(member) {
			return
		}
		if rule.Service == "" || rule.Service == string(f.service) {
			text, _ := v.Text()
			f.add(rule.Type, text)
			return
		}
	}
}

// Username returns the name that LookupEvents shows: the user, "root", the
// session of an assumed role, or the calling service.
func (id *Identity) Username() string {
	switch string(id.Type) {
	case "Root":
		return "root"
	case "AssumedRole", "FederatedUser":
		// arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, principalId ID:SESSION
		return cmp.Or(afterLast(id.ARN, "/"), afterLast(id.PrincipalID, ":"))
	case "AWSService":
		return string(id.InvokedBy)
	case "IdentityCenterUser":
		if len(id.UserName) == 0 {
			return string(id.UserID) // most events leave the name out
		}
	}
	switch {
	case len(id.UserName) > 0:
		return string(id.UserName)
	case len(id.ARN) > 0:
		return afterLast(id.ARN, "/")
	}
	return string(id.InvokedBy)
}

// afterLast returns what follows the last separator, or "" when there is none.
func afterLast(s []byte, separator string) string {
	text := string(s)
	if at := strings.LastIndex(text, separator); at >= 0 {
		return text[at+1:]
	}
	return ""
}
