// Package trail is the audit trail somebody wants: its configuration, and the names and documents that follow from it.
package trail

import "github.com/cerpac/trailkeeper/selector"

// Spec is the wanted trail, as trailkeeper.yaml has it. Default gives every field its
// default; Validate says what makes no sense.
type Spec struct {
	Env       string            `yaml:"env"`
	ProjectID string            `yaml:"project_id"`
	Region    string            `yaml:"region"` // the trail's home; "" is the one of the AWS configuration
	Tags      map[string]string `yaml:"tags"`
	// ExpectedAccount refuses to work in any other account; "" takes the caller's.
	ExpectedAccount string `yaml:"expected_account"`

	RetentionDays int    `yaml:"retention_days"`
	ForceDestroy  bool   `yaml:"force_destroy"`
	BucketName    string `yaml:"bucket_name"`
	// ExistingBucket takes the logs; nil has a bucket made for them.
	ExistingBucket *ExistingBucket `yaml:"existing_bucket"`
	KeyPrefix      string          `yaml:"key_prefix"`
	// KMS is none, create, or the ARN of a key.
	KMS           string      `yaml:"kms"`
	KMSKeyReaders []string    `yaml:"kms_key_readers"`
	ObjectLock    *ObjectLock `yaml:"object_lock"`
	// GlacierAfterDays moves logs to Glacier; 0 never does.
	GlacierAfterDays int `yaml:"glacier_after_days"`
	// AccessLogging is none, create, or the name of a bucket.
	AccessLogging string `yaml:"access_logging"`

	// LogGroupRetentionDays is nil for the smallest accepted value of at least
	// RetentionDays, and 0 for ever.
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

// ExistingBucket is a bucket that somebody else keeps, as that of a log account.
type ExistingBucket struct {
	Name  string `yaml:"name"`
	Owner string `yaml:"owner"` // account
}

// Subscription is one to the created topic.
type Subscription struct {
	Protocol string `yaml:"protocol"`
	Endpoint string `yaml:"endpoint"`
}

// Alarms are the CIS metric filters with an alarm each.
type Alarms struct {
	Enabled bool `yaml:"enabled"`
	// TopicARN is what the alarms notify; "" is a topic that is made for them.
	TopicARN string `yaml:"topic_arn"`
	// Subscriptions are those to the made topic.
	Subscriptions []Subscription `yaml:"subscriptions"`
	Namespace     string         `yaml:"namespace"`
	Disabled      []string       `yaml:"disabled"` // controls by their ids, such as root-account-usage
	// Overrides change controls by their ids.
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
	Rules   []string `yaml:"rules"` // source identifiers; empty for those that fit the trail
}

// SecurityHub turns the hub on, with standards.
type SecurityHub struct {
	Enabled   bool     `yaml:"enabled"`
	Standards []string `yaml:"standards"` // such as cis-aws-foundations-benchmark/v/3.0.0
}

// Place is where a trail is.
type Place struct {
	Partition string // the id of package partition: aws, aws-us-gov
	Account   string
	Region    string
	// Organization and Management are set for an organization trail: o-... and the
	// management account, which owns the trail.
	Organization string
	Management   string
}
