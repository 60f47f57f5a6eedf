package trail

import (
	"net/url"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/controls"
	"github.com/cerpac/trailkeeper/filterpattern"
)

// maxRetention is a hundred years, S3's limit for a lock.
const maxRetention = 36500

func (c *checker) bucket(s Spec) {
	if s.RetentionDays < 1 || s.RetentionDays > maxRetention {
		c.fail("retention_days", s.RetentionDays, "set a number of days from 1 to %d", maxRetention)
	}
	if s.BucketName != "" {
		if fault := bucketFault(s.BucketName); fault != "" {
			c.fail("bucket_name", s.BucketName, "it %s; choose another", fault)
		}
	}
	c.prefix(s.KeyPrefix)
	c.accessLog(s)
	if s.ObjectLock != nil {
		c.lock(s)
	}
	switch {
	case s.GlacierAfterDays < 0:
		c.fail("glacier_after_days", s.GlacierAfterDays, "set a number of days, or 0 for never")
	case s.GlacierAfterDays > 0 && s.GlacierAfterDays >= s.RetentionDays:
		c.fail("glacier_after_days", s.GlacierAfterDays, "logs expire after retention_days %d, before they move; set fewer days, or 0 for never", s.RetentionDays)
	}
}

func (c *checker) prefix(prefix string) {
	switch {
	case prefix == "":
	case len(prefix) > maxPrefix:
		c.fail("key_prefix", prefix, "it has %d characters; CloudTrail takes %d", len(prefix), maxPrefix)
	case slices.Contains(strings.Split(prefix, "/"), "AWSLogs"):
		c.fail("key_prefix", prefix, "leave AWSLogs out, as CloudTrail adds it itself and takes no prefix with it")
	default:
		c.matches(keyPrefix, "key_prefix", prefix, "write letters, digits and !_.*'()- between single slashes, without a slash at the ends")
	}
}

func (c *checker) accessLog(s Spec) {
	target := s.Names(Place{}).AccessLogBucket
	switch {
	case !s.LogsAccess():
	case s.CreatesAccessLogBucket():
		if bucketFault(s.bucketName()) != "" || len(target) <= maxBucket {
			return
		}
		c.fail("access_logging", s.AccessLogging, "set bucket_name to one of at most %d characters, as the bucket %q for the access log would be longer than the %d that S3 takes",
			maxBucket-len("-access-logs"), target, maxBucket)
	case bucketFault(target) != "":
		c.fail("access_logging", target, "as a bucket's name it %s; set %s, %s or the name of a bucket", bucketFault(target), none, create)
	case target == s.bucketName():
		c.fail("access_logging", target, "it is the trail's own bucket, and each delivery of the access log would be logged again; name another one")
	}
}

func (c *checker) lock(s Spec) {
	lock := *s.ObjectLock
	c.oneOf("object_lock.mode", lock.Mode, governance, compliance)
	switch {
	case lock.Days < 1:
		c.fail("object_lock.days", lock.Days, "set a number of days from 1 to retention_days %d", s.RetentionDays)
	case lock.Days > s.RetentionDays:
		c.fail("object_lock.days", lock.Days, "a locked log cannot be deleted when retention_days %d end; lower it to %[1]d, or raise retention_days", s.RetentionDays)
	}
	if lock.Mode == compliance && s.ForceDestroy {
		c.fail("force_destroy", true, "nobody, not even root, can delete what is locked in the mode %s; set it to false, or object_lock.mode to %s", compliance, governance)
	}
}

// The modes of a lock. GOVERNANCE can be bypassed by callers who have the right.
const (
	governance = "GOVERNANCE"
	compliance = "COMPLIANCE"
)

func (c *checker) encryption(s Spec) {
	switch {
	case s.KMS == none || s.KMS == create || isARN(s.KMS, "kms", regionName, accountID, `key/[A-Za-z0-9-]+`):
	case isARN(s.KMS, "kms", regionName, accountID, `alias/.+`):
		c.fail("kms", s.KMS, "an alias can come to mean another key; give the ARN of the key, ...:key/...")
	default:
		c.fail("kms", s.KMS, "set %s, %s or the ARN of a key", none, create)
	}
	for i, reader := range s.KMSKeyReaders {
		if !isARN(reader, "iam", "", accountID, `(role|user)/.+`) {
			c.fail(at("kms_key_readers", i), reader, "give the full ARN of an IAM role or user")
		}
	}
	c.distinct("kms_key_readers", s.KMSKeyReaders)
	if len(s.KMSKeyReaders) > 0 && !s.CreatesKey() {
		c.fail("kms_key_readers", nil, "they are for a created key and kms is %q; set kms to %q, or name readers in the policy of your own key", shortened(s.KMS), create)
	}
}

func (c *checker) logGroup(s Spec) {
	days := s.LogGroupRetentionDays
	accepted := append([]int{0}, acceptedRetentionDays()...)
	if days != nil && !slices.Contains(accepted, *days) {
		c.fail("log_group_retention_days", *days, "set a number that CloudWatch Logs accepts (0 is for ever): %v", accepted)
	}
}

func (c *checker) topic(s Spec) {
	if s.SNS != none && s.SNS != create && !isARN(s.SNS, "sns", regionName, accountID, topicName) {
		c.fail("sns", s.SNS, "set %s, %s or the ARN of a standard topic; CloudTrail publishes to no FIFO topic", none, create)
	}
	c.subscriptions("sns_subscriptions", s.SNSSubscriptions)
	if len(s.SNSSubscriptions) > 0 && !s.CreatesTopic() {
		c.fail("sns_subscriptions", nil, "they are for a created topic and sns is %q; set sns to %q, or subscribe to your own topic yourself", shortened(s.SNS), create)
	}
}

func (c *checker) subscriptions(field string, list []Subscription) {
	var ids []string
	for i, subscription := range list {
		ids = append(ids, subscription.Protocol+":"+subscription.Endpoint)
		c.subscription(at(field, i), subscription)
	}
	c.distinct(field, ids)
}

func (c *checker) subscription(field string, s Subscription) {
	if s.Protocol == "firehose" {
		c.fail(field+".protocol", s.Protocol, "it needs a role, for which there is no field; subscribe the stream yourself")
		return
	}
	if !c.oneOf(field+".protocol", s.Protocol, "application", "email", "email-json", "http", "https", "lambda", "sms", "sqs") {
		return
	}
	refuse := func(ok bool, remedy string) {
		if !ok {
			c.fail(field+".endpoint", s.Endpoint, "%s", remedy)
		}
	}
	switch s.Protocol {
	case "email", "email-json":
		refuse(isLike(`[^@\s]+@[^@\s]+`, s.Endpoint), "give an email address")
	case "http", "https":
		u, err := url.Parse(s.Endpoint)
		refuse(err == nil && u.Scheme == s.Protocol && u.Host != "", "give a URL that starts with "+s.Protocol+"://")
	case "sms":
		refuse(isLike(`\+[0-9]{6,15}`, s.Endpoint), "give a telephone number with the code of its country, such as +441632960000")
	case "sqs":
		refuse(isARN(s.Endpoint, "sqs", regionName, accountID, `[A-Za-z0-9_-]{1,80}`), "give the ARN of a standard queue; a FIFO queue takes messages of FIFO topics only")
	case "lambda":
		refuse(isARN(s.Endpoint, "lambda", regionName, accountID, `function:.+`), "give the ARN of a function")
	case "application":
		refuse(isARN(s.Endpoint, "sns", regionName, accountID, `endpoint/.+`), "give the ARN of a platform endpoint")
	}
}

func (c *checker) alarms(s Spec) {
	a := s.Alarms
	if a.TopicARN != "" && !isARN(a.TopicARN, "sns", regionName, accountID, `[A-Za-z0-9_.-]{1,256}`) {
		c.fail("alarms.topic_arn", a.TopicARN, "give the ARN of a topic, or leave it empty to have one made")
	}
	c.subscriptions("alarms.subscriptions", a.Subscriptions)
	if len(a.Subscriptions) > 0 && a.TopicARN != "" {
		c.fail("alarms.subscriptions", nil, "they are for a created topic; remove alarms.topic_arn, or subscribe to your own topic yourself")
	}
	if c.matches(`[A-Za-z0-9._/#-]{1,255}`, "alarms.namespace", a.Namespace, "write 1 to 255 letters, digits and ._/#-") && strings.HasPrefix(a.Namespace, "AWS/") {
		c.fail("alarms.namespace", a.Namespace, "AWS reserves AWS/; choose another prefix")
	}
	known, err := a.known()
	if err != nil {
		c.problems = append(c.problems, err)
		return
	}
	for i, id := range a.Disabled {
		c.oneOf(at("alarms.disabled", i), id, known...)
	}
	c.distinct("alarms.disabled", a.Disabled)
	for _, id := range sortedKeys(a.Overrides) {
		field := join("alarms.overrides", id)
		switch {
		case slices.Contains(a.Disabled, id):
			c.fail(field, nil, "alarms.disabled has it too; remove it from one of them")
		case c.oneOf(field, id, known...):
			c.override(field, a.Overrides[id])
		}
	}
}

// known lists the ids of the controls that can have alarms.
func (a Alarms) known() (ids []string, err error) {
	list, err := controls.All()
	for _, control := range list {
		if control.Set != controls.Tamper || a.Tamper {
			ids = append(ids, control.ID)
		}
	}
	return ids, err
}

func (c *checker) override(field string, o AlarmOverride) {
	if o.Pattern != "" {
		if _, err := filterpattern.Parse(o.Pattern); err != nil {
			c.fail(field+".pattern", o.Pattern, "write a filter pattern of CloudWatch Logs: %v", err)
		}
	}
	if o.Threshold != 0 && o.Threshold < 1 {
		c.fail(field+".threshold", o.Threshold, "set 1 or more; with less, the alarm would never clear")
	}
	const week = 7 * 24 * 60 * 60
	if o.Period != 0 && o.Period != 10 && o.Period != 30 && (o.Period < 0 || o.Period%60 != 0 || o.Period > week) {
		c.fail(field+".period", o.Period, "set 10, 30 or a multiple of 60 seconds, up to a week")
	}
}

func (c *checker) security(s Spec) {
	for i, rule := range s.ConfigRules.Rules {
		c.matches(`[A-Z0-9_]{1,128}`, at("config_rules.rules", i), rule,
			"write the identifier of a managed rule, such as CLOUD_TRAIL_ENABLED; names in the console differ")
	}
	c.distinct("config_rules.rules", s.ConfigRules.Rules)
	for i, standard := range s.SecurityHub.Standards {
		c.matches(`[a-z0-9-]+/v/[0-9]+(\.[0-9]+)*`, at("security_hub.standards", i), standard,
			"write a standard as its ARN ends, such as cis-aws-foundations-benchmark/v/3.0.0")
	}
	c.distinct("security_hub.standards", s.SecurityHub.Standards)
}
