package trail

import (
	"maps"
	"slices"

	"github.com/cerpac/trailkeeper/arn"
)

// OwnerTag is on every resource that was made for a trail; its value is the trail's
// name.
const OwnerTag = "trailkeeper:trail"

// AdoptedTag takes the place of OwnerTag on resources that were there before the trail
// took them over. Only OwnerTag permits deletion, so a resource without either tag stays.
const AdoptedTag = "trailkeeper:adopted"

// Names are the AWS names of a trail's resources, also of those that the spec does not
// want. ARNs are computed rather than read, because the policies of bucket, key and
// topic name the trail, which is made after them.
type Names struct {
	Trail, TrailARN           string
	Bucket, BucketARN         string
	AccessLogBucket           string // the created bucket, or the one that access_logging names
	AccessLogBucketARN        string
	KeyAlias                  string
	LogGroup, LogGroupARN     string // the ARN without :*
	Role, RoleARN, RolePolicy string
	Boundary, BoundaryARN     string // the managed policy that bounds the role
	Topic, TopicARN           string // for notifications: the created topic, or the one that sns names
	AlarmTopic, AlarmTopicARN string // likewise
	// OwnAlarmTopic is the topic that is created for alarms unless the configuration
	// names one.
	OwnAlarmTopic, OwnAlarmTopicARN string
}

// The values of an option that create a resource, or none.
const (
	create = "create"
	none   = "none"
)

// CreatesKey reports whether the trail has a KMS key of its own.
func (s Spec) CreatesKey() bool { return s.KMS == create }

// Encrypted reports whether a KMS key encrypts the trail, its own or another.
func (s Spec) Encrypted() bool { return s.KMS != none }

// CreatesTopic reports whether the trail has a topic of its own.
func (s Spec) CreatesTopic() bool { return s.SNS == create }

// Notifies reports whether a topic gets a message for each log file.
func (s Spec) Notifies() bool { return s.SNS != none }

// CreatesAccessLogBucket reports whether the trail has its own bucket for the access log
// of its bucket.
func (s Spec) CreatesAccessLogBucket() bool { return s.AccessLogging == create }

// CreatesBucket reports whether the trail has a bucket of its own.
func (s Spec) CreatesBucket() bool { return s.ExistingBucket == nil }

// LogsAccess reports whether the bucket has an access log.
func (s Spec) LogsAccess() bool { return s.AccessLogging != none }

// CreatesAlarmTopic reports whether a topic is created for the alarms.
func (s Spec) CreatesAlarmTopic() bool { return s.Alarms.Enabled && s.Alarms.TopicARN == "" }

// Names returns the names in an account and Region.
func (s Spec) Names(p Place) Names {
	name := s.Env + "-" + s.ProjectID
	n := Names{
		Trail:      name + "-audit-trail",
		Bucket:     s.bucketName(),
		Role:       name + "-cloudtrail-cloudwatch-role",
		RolePolicy: "write-log-streams",
		Boundary:   name + "-cloudtrail-boundary",
		KeyAlias:   "alias/" + name + "-cloudtrail",
		Topic:      name + "-cloudtrail-notifications",
		AlarmTopic: name + "-cloudtrail-alarms",
	}
	n.TrailARN = p.trailARN(s.owner(p), n.Trail)
	n.BucketARN = arn.Build(p.Partition, "s3", "", "", n.Bucket)
	n.AccessLogBucket = n.Bucket + "-access-logs"
	if !s.CreatesAccessLogBucket() && s.LogsAccess() {
		n.AccessLogBucket = s.AccessLogging
	}
	n.AccessLogBucketARN = arn.Build(p.Partition, "s3", "", "", n.AccessLogBucket)
	n.LogGroup = "/aws/cloudtrail/" + n.Trail
	n.LogGroupARN = p.ARN("logs", "log-group:"+n.LogGroup)
	n.RoleARN = arn.Build(p.Partition, "iam", "", p.Account, "role/"+n.Role)
	n.BoundaryARN = arn.Build(p.Partition, "iam", "", p.Account, "policy/"+n.Boundary)
	n.Topic, n.TopicARN = p.topic(n.Topic, s.SNS)
	n.OwnAlarmTopic, n.OwnAlarmTopicARN = p.topic(n.AlarmTopic, "")
	n.AlarmTopic, n.AlarmTopicARN = p.topic(n.AlarmTopic, s.Alarms.TopicARN)
	return n
}

func (s Spec) bucketName() string {
	switch {
	case !s.CreatesBucket():
		return s.ExistingBucket.Name
	case s.BucketName != "":
		return s.BucketName
	}
	return s.Env + "-" + s.ProjectID + "-cloudtrail-logs"
}

// AllTags returns the tags of every resource.
func (s Spec) AllTags(p Place) map[string]string {
	tags := map[string]string{}
	maps.Copy(tags, s.Tags)
	tags[OwnerTag] = s.Names(p).Trail
	return tags
}

// owner returns the account that owns the trail: an organization's trail belongs to the
// management account, even if a delegated administrator creates it.
func (s Spec) owner(p Place) string {
	if s.Organization {
		return p.Management
	}
	return p.Account
}

// ARN returns the ARN of a resource in the place's account and Region.
func (p Place) ARN(service, resource string) string {
	return arn.Build(p.Partition, service, p.Region, p.Account, resource)
}

func (p Place) trailARN(account, name string) string {
	return arn.Build(p.Partition, "cloudtrail", p.Region, account, "trail/"+name)
}

// topic returns the name and ARN of the topic that an option names by ARN, or of the
// created one.
func (p Place) topic(name, option string) (string, string) {
	if a, err := arn.Parse(option); err == nil {
		return a.Resource, option
	}
	return name, p.ARN("sns", name)
}

// LogFolders returns the prefixes of keys that the trails deliver below: one for each
// account, and one for the members of the organization.
func (s Spec) LogFolders(p Place) (accounts []string, members string) {
	logs := "AWSLogs/"
	if s.KeyPrefix != "" {
		logs = s.KeyPrefix + "/" + logs
	}
	for _, account := range s.deliverers(p) {
		accounts = append(accounts, logs+account+"/")
	}
	if s.Organization {
		members = logs + p.Organization + "/"
	}
	return accounts, members
}

// deliverers lists the accounts whose trails deliver to the bucket, our own first.
func (s Spec) deliverers(p Place) []string {
	return append([]string{s.owner(p)}, s.others()...)
}

// others lists the other accounts whose trails deliver to the bucket.
func (s Spec) others() []string { return slices.Sorted(slices.Values(s.Accounts)) }
