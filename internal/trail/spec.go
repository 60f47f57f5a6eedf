// Package trail is the configuration of an audit trail, and the names and policy documents that follow from it.
package trail

import "github.com/cerpac/trailkeeper/selector"

// Spec is the configuration in trailkeeper.yaml. Default sets every field's default;
// Validate finds contradictions.
type Spec struct {
	Env       string            `yaml:"env"`
	ProjectID string            `yaml:"project_id"`
	Region    string            `yaml:"region"` // the trail's home Region; "" means that of the AWS configuration
	Tags      map[string]string `yaml:"tags"`
	// ExpectedAccount is the only account to work in; "" allows the caller's account,
	// whichever it is.
	ExpectedAccount string `yaml:"expected_account"`

	RetentionDays int    `yaml:"retention_days"`
	ForceDestroy  bool   `yaml:"force_destroy"`
	BucketName    string `yaml:"bucket_name"`
	// ExistingBucket receives the logs; nil creates a bucket.
	ExistingBucket *ExistingBucket `yaml:"existing_bucket"`
	KeyPrefix      string          `yaml:"key_prefix"`
	// KMS is none, create, or the ARN of a key.
	KMS           string      `yaml:"kms"`
	KMSKeyReaders []string    `yaml:"kms_key_readers"`
	ObjectLock    *ObjectLock `yaml:"object_lock"`
	// GlacierAfterDays moves logs to Glacier; 0 means never.
	GlacierAfterDays int `yaml:"glacier_after_days"`
	// AccessLogging is none, create, or the name of a bucket.
	AccessLogging string `yaml:"access_logging"`

	// LogGroupRetentionDays nil means the smallest accepted value of at least
	// RetentionDays; 0 means for ever.
	LogGroupRetentionDays      *int `yaml:"log_group_retention_days"`
	LogGroupDeletionProtection bool `yaml:"log_group_deletion_protection"`

	// SNS is none, create, or the ARN of a topic.
	SNS              string         `yaml:"sns"`
	SNSSubscriptions []Subscription `yaml:"sns_subscriptions"`

	Insights               []string            `yaml:"insights"`
	EventSelectors         []selector.Basic    `yaml:"event_selectors"`
	AdvancedEventSelectors []selector.Advanced `yaml:"advanced_event_selectors"`

	Organization bool     `yaml:"organization"`
	Accounts     []string `yaml:"accounts"`

	Alarms      Alarms      `yaml:"alarms"`
	ConfigRules ConfigRules `yaml:"config_rules"`
	GuardDuty   bool        `yaml:"guardduty"`
	SecurityHub SecurityHub `yaml:"security_hub"`
}

// ObjectLock is the bucket's default lock.
type ObjectLock struct {
	Mode string `yaml:"mode"` // GOVERNANCE or COMPLIANCE
	Days int    `yaml:"days"`
}

// ExistingBucket is a bucket that somebody else manages, such as that of a log account.
type ExistingBucket struct {
	Name  string `yaml:"name"`
	Owner string `yaml:"owner"` // account
}

// Subscription is a subscription to the created topic.
type Subscription struct {
	Protocol string `yaml:"protocol"`
	Endpoint string `yaml:"endpoint"`
}

// Alarms are the CIS metric filters, with an alarm each.
type Alarms struct {
	Enabled bool `yaml:"enabled"`
	// TopicARN is the topic that the alarms notify; "" creates one.
	TopicARN string `yaml:"topic_arn"`
	// Subscriptions are those to the created topic.
	Subscriptions []Subscription `yaml:"subscriptions"`
	Namespace     string         `yaml:"namespace"`
	Disabled      []string       `yaml:"disabled"` // ids of controls, such as root-account-usage
	// Overrides change controls, by id.
	Overrides map[string]AlarmOverride `yaml:"overrides"`
	// Tamper adds a filter on changes to the trail that the CIS ones do not see.
	Tamper bool `yaml:"tamper"`
}

// AlarmOverride changes one alarm. Zero fields change nothing.
type AlarmOverride struct {
	Pattern   string  `yaml:"pattern"`
	Threshold float64 `yaml:"threshold"`
	Period    int     `yaml:"period"` // seconds
}

// ConfigRules are AWS Config's managed rules about the trail.
type ConfigRules struct {
	Enabled bool     `yaml:"enabled"`
	Rules   []string `yaml:"rules"` // source identifiers; empty means those that the trail complies with
}

// SecurityHub enables Security Hub, with standards.
type SecurityHub struct {
	Enabled   bool     `yaml:"enabled"`
	Standards []string `yaml:"standards"` // such as cis-aws-foundations-benchmark/v/3.0.0
}

// Place is an account and Region to deploy to.
type Place struct {
	Partition string // an id of package partition: aws, aws-us-gov
	Account   string
	Region    string
	// Organization and Management are set for an organization trail: the organization's
	// id, o-..., and the management account, which owns the trail.
	Organization string
	Management   string
}
