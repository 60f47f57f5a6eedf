package lookup

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/event"
)

// rule says that a member of requestParameters or responseElements with this
// name, at any depth, names a resource.
type rule struct {
	member string
	source string // the service's eventSource before ".amazonaws.com", "" for any
	kind   string // the resource type
}

// rules are tried in order; the first that fits a member counts. A list of
// strings under the plural of a name (instanceIds) holds several of them.
var rules = [...]rule{
	{"bucketName", "", "AWS::S3::Bucket"},
	{"s3BucketName", "", "AWS::S3::Bucket"},
	{"userName", "iam", "AWS::IAM::User"},
	{"userName", "signin", "AWS::IAM::User"},
	{"roleName", "", "AWS::IAM::Role"},
	{"roleArn", "", "AWS::IAM::Role"},
	{"policyArn", "", "AWS::IAM::Policy"},
	{"policyName", "iam", "AWS::IAM::Policy"},
	{"groupName", "iam", "AWS::IAM::Group"},
	{"instanceProfileName", "", "AWS::IAM::InstanceProfile"},
	{"accessKeyId", "", "AWS::IAM::AccessKey"},
	{"serialNumber", "iam", "AWS::IAM::MfaDevice"},
	{"instanceId", "", "AWS::EC2::Instance"},
	{"groupId", "ec2", "AWS::EC2::SecurityGroup"},
	{"groupName", "ec2", "AWS::EC2::SecurityGroup"},
	{"imageId", "ec2", "AWS::EC2::Ami"},
	{"volumeId", "ec2", "AWS::EC2::Volume"},
	{"snapshotId", "ec2", "AWS::EC2::Snapshot"},
	{"vpcId", "", "AWS::EC2::VPC"},
	{"subnetId", "", "AWS::EC2::Subnet"},
	{"networkInterfaceId", "", "AWS::EC2::NetworkInterface"},
	{"internetGatewayId", "", "AWS::EC2::InternetGateway"},
	{"routeTableId", "", "AWS::EC2::RouteTable"},
	{"networkAclId", "", "AWS::EC2::NetworkAcl"},
	{"allocationId", "ec2", "AWS::EC2::EIP"},
	{"keyName", "ec2", "AWS::EC2::KeyPair"},
	{"keyId", "kms", "AWS::KMS::Key"},
	{"aliasName", "kms", "AWS::KMS::Alias"},
	{"functionName", "lambda", "AWS::Lambda::Function"},
	{"name", "cloudtrail", "AWS::CloudTrail::Trail"},
	{"trailName", "cloudtrail", "AWS::CloudTrail::Trail"},
	{"trailARN", "cloudtrail", "AWS::CloudTrail::Trail"},
	{"secretId", "secretsmanager", "AWS::SecretsManager::Secret"},
	{"dBInstanceIdentifier", "rds", "AWS::RDS::DBInstance"},
	{"dBClusterIdentifier", "rds", "AWS::RDS::DBCluster"},
	{"dBSnapshotIdentifier", "rds", "AWS::RDS::DBSnapshot"},
	{"tableName", "dynamodb", "AWS::DynamoDB::Table"},
	{"queueUrl", "sqs", "AWS::SQS::Queue"},
	{"topicArn", "", "AWS::SNS::Topic"},
	{"stackName", "cloudformation", "AWS::CloudFormation::Stack"},
	{"logGroupName", "", "AWS::Logs::LogGroup"},
	{"alarmName", "monitoring", "AWS::CloudWatch::Alarm"},
	{"hostedZoneId", "route53", "AWS::Route53::HostedZone"},
	{"loadBalancerName", "", "AWS::ElasticLoadBalancing::LoadBalancer"},
	{"autoScalingGroupName", "", "AWS::AutoScaling::AutoScalingGroup"},
	{"configurationRecorderName", "", "AWS::Config::ConfigurationRecorder"},
	{"detectorId", "guardduty", "AWS::GuardDuty::Detector"},
}

// resources lists what a record refers to, each once: first what CloudTrail
// itself lists, then what the parameters and the answer name.
func resources(r *event.Record) []Resource {
	f := finder{source: strings.TrimSuffix(string(r.Text(event.EventSource)), ".amazonaws.com")}
	f.listed(r.Get(event.Resources).Raw)
	f.named(r.Get(event.RequestParameters).Raw)
	f.named(r.Get(event.ResponseElements).Raw)
	return f.found
}

type finder struct {
	source string
	found  []Resource
}

func (f *finder) add(kind, name string) {
	if r := (Resource{kind, name}); name != "" && !slices.Contains(f.found, r) {
		f.found = append(f.found, r)
	}
}

// listed takes the record's own resources. Elements that are no objects, and
// members of theirs that are no strings, are left alone.
func (f *finder) listed(raw []byte) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return
	}
	for _, element := range list {
		var r struct{ Type, ARN, ARNPrefix string }
		_ = json.Unmarshal(element, &r) // what is a string is there, whatever the error
		f.add(r.Type, cmp.Or(r.ARN, r.ARNPrefix))
	}
}

// named searches a value for members that name a resource.
func (f *finder) named(raw []byte) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // a number beyond float64 is no error
	f.value(d, "")
}

// value reads the next value of d, the member name of an object or an element
// of the list name. The text was checked when it came into the lake, so an
// error can only be its end.
func (f *finder) value(d *json.Decoder, name string) {
	token, err := d.Token()
	if err != nil {
		return
	}
	switch token := token.(type) {
	case string:
		if kind := f.kindOf(name); kind != "" {
			f.add(kind, token)
		}
	case json.Delim:
		element := strings.TrimSuffix(name, "s")
		for d.More() {
			if token == '{' {
				key, _ := d.Token()
				element, _ = key.(string)
			}
			f.value(d, element)
		}
		_, _ = d.Token() // the closing delimiter
	}
}

func (f *finder) kindOf(member string) string {
	for _, rule := range rules {
		if member == rule.member && (rule.source == "" || rule.source == f.source) {
			return rule.kind
		}
	}
	return ""
}
