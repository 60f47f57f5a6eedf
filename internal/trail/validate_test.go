package trail

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// refusals are changes to a valid spec, and what is said of them; "" where nothing is.
func refusals() []refusal {
	return slices.Concat(nameRefusals(), bucketRefusals(), existingRefusals(), deliveryRefusals(), selectorRefusals(), alarmRefusals())
}

type refusal struct{ name, text, want string }

func existingRefusals() []refusal {
	const bucket = "existing_bucket: {name: example-log-archive, owner: \"111111111111\"}\n"
	const ours = ": it is for a bucket that is made here, and existing_bucket is set; remove one of them"
	return []refusal{
		{"existing bucket", bucket, ""},
		{"existing bucket with what is not the bucket's", bucket + "key_prefix: logs\norganization: true\nsns: create\nretention_days: 365", ""},
		{"existing bucket and our key", bucket + "kms: arn:aws:kms:eu-west-2:111111111111:key/1", ""},
		{"env that makes no bucket's name", bucket + "env: sthree", ""},
		{"existing bucket without a name", "existing_bucket: {owner: \"111111111111\"}", `existing_bucket.name "": it is of length 0 and S3 takes 3 to 63; give the name`},
		{"ARN as name", "existing_bucket: {name: \"arn:aws:s3:::a\", owner: \"111111111111\"}", `existing_bucket.name "arn:aws:s3:::a": it is not of lower-case`},
		{"existing bucket without an owner", "existing_bucket: {name: example-log-archive}", `existing_bucket.owner "": write the id of the bucket's account`},
		{"two buckets", bucket + "bucket_name: a-bucket", `bucket_name "a-bucket"` + ours},
		{"existing bucket and force_destroy", bucket + "force_destroy: true", "force_destroy true" + ours},
		{"existing bucket and lock", bucket + "object_lock: {mode: GOVERNANCE, days: 1}", "object_lock" + ours},
		{"existing bucket and Glacier", bucket + "glacier_after_days: 1", "glacier_after_days 1" + ours},
		{"existing bucket and access log", bucket + "access_logging: their-bucket", `access_logging "their-bucket"` + ours},
		{"existing bucket and accounts", bucket + "accounts: [\"222222222222\"]", "accounts" + ours},
		{"existing bucket and created key", bucket + "kms: create", `kms "create": destroy would take the key away`},
	}
}

func nameRefusals() []refusal {
	return []refusal{
		{"nothing said", "", ""},
		{"no env", "env: \"\"", `env "": write it in lower-case letters and digits`},
		{"capital letter", "env: Production", `env "Production": write it in lower-case`},
		{"two hyphens", "env: a--b", `env "a--b": write it`},
		{"hyphen at the end", "project_id: cerpac-", `project_id "cerpac-": write it`},
		{"underscore", "project_id: a_b", `project_id "a_b": write it`},
		{"36 characters", "env: a-long-environment\nproject_id: and-a-project-tool", ""},
		{"37 characters", "env: a-long-environment\nproject_id: and-a-project-tools", `env and project_id "a-long-environment-and-a-project-tools": shorten them, as the role's name`},
		{"reserved by S3", "env: sthree", `env and project_id "sthree-cerpac": set bucket_name, as the bucket's default name "sthree-cerpac-cloudtrail-logs" has a prefix or suffix that S3 reserves`},
		{"reserved by S3, and another bucket", "env: sthree\nbucket_name: a-bucket", ""},
		{"region", "region: London", `region "London": write a Region's code`},
		{"regions", "region: us-gov-west-1", ""},
		{"expected account", "expected_account: \"123\"", `expected_account "123": write the account's id`},
		{"AWS's tag", "tags: {\"AWS:x\": y}", `tags.AWS:x: AWS keeps keys`},
		{"our tag", "tags: {\"trailkeeper:trail\": y}", `tags.trailkeeper:trail: keys that start with trailkeeper:`},
		{"long key", "tags: {" + strings.Repeat("k", 129) + ": y}", `write the key in 1 to 128`},
		{"letters of a key", "tags: {\"a#\": y}", `tags.a#: write the key`},
		{"letters of a value", "tags: {a: \"<b>\"}", `tags.a "<b>": write the value`},
		{"long value", "tags: {a: " + strings.Repeat("v", 257) + "}", `write the value in at most 256`},
		{"the same key to IAM", "tags: {team: a, Team: b}", `tags.team: IAM takes it for "Team"`},
		{"letters of the world", "tags: {Équipe: sécurité}", ""},
		{"50 tags", "tags: {" + manyTags(50) + "}", "tags: there are 50; keep at most 49"},
		{"49 tags", "tags: {" + manyTags(49) + "}", ""},
	}
}

func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: v,", i)
	}
	return b.String()
}

func bucketRefusals() []refusal {
	long := strings.Repeat("a", 63)
	return []refusal{
		{"no days", "retention_days: 0", "retention_days 0: set a number of days from 1 to 36500"},
		{"more than a century", "retention_days: 36501", "retention_days 36501: set"},
		{"short bucket", "bucket_name: ab", `bucket_name "ab": it is of length 2 and S3 takes 3 to 63; choose another`},
		{"bucket of 63", "bucket_name: " + long, ""},
		{"bucket of 64", "bucket_name: a" + long, "is of length 64"},
		{"address", "bucket_name: 192.168.5.4", "looks like an IP address"},
		{"two dots", "bucket_name: a..b", "has a dot next to"},
		{"dot and hyphen", "bucket_name: a.-b", "has a dot next to"},
		{"underscore in bucket", "bucket_name: a_b", "is not of lower-case"},
		{"start that S3 keeps", "bucket_name: xn--abc", "that S3 reserves"},
		{"end that S3 keeps", "bucket_name: abc-s3alias", "that S3 reserves"},
		{"prefix", "key_prefix: audit/trail-1", ""},
		{"slash at the end", "key_prefix: logs/", `key_prefix "logs/": write letters`},
		{"AWSLogs in prefix", "key_prefix: a/AWSLogs", `key_prefix "a/AWSLogs": leave AWSLogs out`},
		{"prefix of 201", "key_prefix: " + strings.Repeat("p", 201), "it has 201 characters; CloudTrail takes 200"},
		{"lock", "object_lock: {mode: COMPLIANCE, days: 90}", ""},
		{"unknown lock", "object_lock: {mode: governance, days: 1}", `object_lock.mode "governance": choose GOVERNANCE or COMPLIANCE; did you mean "GOVERNANCE"?`},
		{"lock of no days", "object_lock: {mode: GOVERNANCE}", "object_lock.days 0: set a number of days from 1 to retention_days 90"},
		{"lock longer than retention", "object_lock: {mode: GOVERNANCE, days: 91}", "object_lock.days 91: a locked log cannot be deleted when retention_days 90 end; lower it to 90"},
		{"compliance and force_destroy", "object_lock: {mode: COMPLIANCE, days: 1}\nforce_destroy: true", "force_destroy true: nobody, not even root"},
		{"governance and force_destroy", "object_lock: {mode: GOVERNANCE, days: 1}\nforce_destroy: true", ""},
		{"negative glacier", "glacier_after_days: -1", "glacier_after_days -1: set a number of days, or 0"},
		{"glacier after the end", "glacier_after_days: 90", "glacier_after_days 90: logs expire after retention_days 90, before they move"},
		{"glacier before the end", "glacier_after_days: 89", ""},
		{"no bucket", "access_logging: X", `access_logging "X": as a bucket's name it is of length 1`},
		{"its own bucket", "access_logging: production-cerpac-cloudtrail-logs", "it is the trail's own bucket"},
		{"bucket for the access log", "access_logging: their-bucket", ""},
		{"too long for the access log", "access_logging: create\nbucket_name: " + long[:52], "set bucket_name to one of at most 51 characters"},
		{"short enough for the access log", "access_logging: create\nbucket_name: " + long[:51], ""},
		{"default too long for the access log", "access_logging: create\nenv: a-long-environment\nproject_id: and-a-project-tool", "set bucket_name to one of at most 51 characters"},
	}
}

func deliveryRefusals() []refusal {
	const key, reader = "arn:aws:kms:eu-west-2:111111111111:key/1", "arn:aws:iam::123456789012:role/r"
	const topic = "arn:aws:sns:us-east-1:111111111111:t"
	subscription := func(protocol, endpoint string) string {
		return fmt.Sprintf("sns: create\nsns_subscriptions: [{protocol: %s, endpoint: %q}]", protocol, endpoint)
	}
	return []refusal{
		{"key", "kms: " + key, ""},
		{"alias", "kms: arn:aws:kms:eu-west-2:111111111111:alias/x", "an alias can come to mean another key"},
		{"unknown kms", "kms: aws", `kms "aws": set none, create or the ARN of a key`},
		{"ARN of another service", "kms: " + topic, "set none, create or the ARN of a key"},
		{"key far away", "region: us-east-1\nkms: " + key, "it is in the Region eu-west-2; name one of us-east-1, where bucket and log group are"},
		{"key in another partition", "region: cn-north-1\nkms: " + key, `it is in the partition aws, the trail in aws-cn`},
		{"partitions that differ", "kms: " + key + "\nsns: arn:aws-cn:sns:cn-north-1:111111111111:t", `sns "arn:aws-cn:sns:cn-north-1:111111111111:t": it is in the partition aws-cn, the trail in aws`},
		{"reader", "kms: create\nkms_key_readers: [" + reader + "]", ""},
		{"reader without key", "kms_key_readers: [" + reader + "]", `kms_key_readers: they are for a created key and kms is "none"`},
		{"reader is a group", "kms: create\nkms_key_readers: [\"arn:aws:iam::123456789012:group/g\"]", "kms_key_readers[0] \"arn:aws:iam::123456789012:group/g\": give the full ARN"},
		{"reader twice", "kms: create\nkms_key_readers: [" + reader + ", " + reader + "]", "kms_key_readers[1]"},
		{"days that CloudWatch Logs refuses", "log_group_retention_days: 2555", "log_group_retention_days 2555: set a number that CloudWatch Logs accepts (0 is for ever): [0 1 3"},
		{"for ever", "log_group_retention_days: 0", ""},
		{"topic", "sns: " + topic, ""},
		{"FIFO topic", "sns: " + topic + ".fifo", "CloudTrail publishes to no FIFO topic"},
		{"unknown sns", "sns: \"yes\"", `sns "yes": set none, create`},
		{"subscription without topic", "sns_subscriptions: [{protocol: email, endpoint: a@b}]", `sns_subscriptions: they are for a created topic and sns is "none"`},
		{"unknown protocol", subscription("mail", "a@b"), `sns_subscriptions[0].protocol "mail": choose application, email, `},
		{"email", subscription("email", "a@example.com"), ""},
		{"no email", subscription("email", "a"), `sns_subscriptions[0].endpoint "a": give an email address`},
		{"https", subscription("https", "https://example.com/x"), ""},
		{"another scheme", subscription("https", "http://example.com/x"), "give a URL that starts with https://"},
		{"queue", subscription("sqs", "arn:aws:sqs:eu-west-2:111111111111:q"), ""},
		{"FIFO queue", subscription("sqs", "arn:aws:sqs:eu-west-2:111111111111:q.fifo"), "a FIFO queue takes"},
		{"function", subscription("lambda", "arn:aws:lambda:eu-west-2:111111111111:function:f:live"), ""},
		{"function as queue", subscription("sqs", "arn:aws:lambda:eu-west-2:111111111111:function:f"), "give the ARN of a standard queue"},
		{"queue as function", subscription("lambda", "arn:aws:sqs:eu-west-2:111111111111:q"), "give the ARN of a function"},
		{"sms", subscription("sms", "+441632960000"), ""},
		{"no telephone number", subscription("sms", "01632 960000"), "give a telephone number"},
		{"no platform endpoint", subscription("application", "x"), "give the ARN of a platform endpoint"},
		{"firehose", subscription("firehose", "arn:aws:firehose:eu-west-2:111111111111:deliverystream/d"), "it needs a role"},
		{"subscription twice", "sns: create\nsns_subscriptions: [{protocol: email, endpoint: a@b}, {protocol: email, endpoint: a@b}]", "sns_subscriptions[1]"},
		{"account too short", "accounts: [\"12345678901\"]", `accounts[0] "12345678901": write the account's id`},
		{"account twice", "accounts: [\"111111111111\", \"111111111111\"]", `accounts[1] "111111111111": it is listed twice`},
		{"own account", "expected_account: \"123456789012\"\naccounts: [\"123456789012\"]", "it is the trail's own account"},
		{"organization and accounts", "organization: true\naccounts: [\"111111111111\"]", ""},
	}
}

func selectorRefusals() []refusal {
	classic := func(text string) string { return "event_selectors: [{" + text + "}]" }
	data := func(kind, value string) string {
		return classic(fmt.Sprintf("data_resources: [{type: %s, values: [%q]}]", kind, value))
	}
	advanced := func(fields string) string { return "advanced_event_selectors: [{field_selectors: [" + fields + "]}]" }
	const management, dataEvents = "{field: eventCategory, equals: [Management]}", "{field: eventCategory, equals: [Data]}"
	const object = "{field: resources.type, equals: [\"AWS::S3::Object\"]}"
	const insight = "insights: [ApiCallRateInsight]\n"
	return []refusal{
		{"six", "event_selectors: [{},{},{},{},{},{}]", "event_selectors: there are 6; CloudTrail takes 5"},
		{"kind", classic("read_write_type: Write"), `event_selectors[0].read_write_type "Write": choose All, ReadOnly or WriteOnly; did you mean "WriteOnly"?`},
		{"nothing selected", classic("include_management_events: false"), "event_selectors[0]: it selects nothing"},
		{"source", classic("exclude_management_event_sources: [s3.amazonaws.com]"), "choose kms.amazonaws.com or rdsdata.amazonaws.com"},
		{"nothing to exclude from", classic("include_management_events: false, exclude_management_event_sources: [kms.amazonaws.com], data_resources: [{type: AWS::S3::Object, values: [\"arn:aws:s3\"]}]"), "there is nothing to exclude"},
		{"type", data("AWS::SNS::Topic", "x"), "use advanced_event_selectors for others"},
		{"no values", classic("data_resources: [{type: AWS::S3::Object}]"), "event_selectors[0].data_resources[0].values: give at least one"},
		{"all buckets", data("AWS::S3::Object", "arn:aws:s3"), ""},
		{"star for all buckets", data("AWS::S3::Object", "arn:aws:s3:::*"), `event_selectors[0].data_resources[0].values[0] "arn:aws:s3:::*": give arn:aws:s3 for all buckets`},
		{"bucket without slash", data("AWS::S3::Object", "arn:aws:s3:::bucket"), "a bucket with a slash"},
		{"bucket in another partition", "region: eu-west-2\n" + data("AWS::S3::Object", "arn:aws-cn:s3:::bucket/"), "it is in the partition aws-cn"},
		{"star for functions", data("AWS::Lambda::Function", "arn:aws:lambda:*"), "give arn:aws:lambda for all functions"},
		{"table", data("AWS::DynamoDB::Table", "arn:aws:dynamodb:eu-west-2:111111111111:table/t"), ""},
		{"251 values", classic("data_resources: [{type: AWS::S3::Object, values: [" + strings.Repeat("\"arn:aws:s3:::b-b/\",", 251) + "]}]"), "have 251 values in all; CloudTrail takes 250"},
		{"both kinds", classic("") + "\n" + advanced(management), "a trail has one kind"},
		{"advanced", advanced(management) + "\n" + insight, ""},
		{"no category", advanced("{field: readOnly, equals: [\"true\"]}"), "advanced_event_selectors[0]: give it one field selector eventCategory"},
		{"category of a data store", advanced("{field: eventCategory, equals: [Insight]}"), "give it one field selector eventCategory"},
		{"unknown field", advanced(management + ", {field: eventname, equals: [x]}"), `field_selectors[1].field "eventname": Management events are selected by eventCategory, readOnly or eventSource`},
		{"field of data events", advanced(dataEvents + ", " + object + ", {field: eventname, equals: [x]}"), `did you mean "eventName"?`},
		{"field twice", advanced(management + ", " + management), "it is listed twice; put all its conditions in one"},
		{"operator", advanced(management + ", {field: readOnly, not_equals: [\"true\"]}"), "advanced_event_selectors[0].field_selectors[1].not_equals: readOnly takes equals only"},
		{"value", advanced(management + ", {field: readOnly, equals: [\"yes\"]}"), `field_selectors[1].equals[0] "yes": choose true or false`},
		{"two values of one", advanced(management + ", {field: readOnly, equals: [\"true\", \"false\"]}"), "give readOnly one value only"},
		{"empty value", advanced(dataEvents + ", " + object + ", {field: eventName, equals: [\"\"]}"), `equals[0] "": give a value`},
		{"no value", advanced(management + ", {field: readOnly}"), "give readOnly a value for at least one operator"},
		{"no type", advanced(dataEvents), "give it a field selector resources.type, which Data events need"},
		{"long name", "advanced_event_selectors: [{name: " + strings.Repeat("n", 1001) + ", field_selectors: [" + management + "]}]", "it has 1001 characters; CloudTrail takes 1000"},
		{"501 values", advanced(dataEvents + ", " + object + ", {field: eventName, equals: [" + strings.Repeat("Name,", 499) + "]}"), "have 501 values in all; CloudTrail takes 500"},
		{"unknown insight", "insights: [ApiCallRate]", `insights[0] "ApiCallRate": choose ApiCallRateInsight or ApiErrorRateInsight; did you mean "ApiCallRateInsight"?`},
		{"insight twice", "insights: [ApiCallRateInsight, ApiCallRateInsight]", "it is listed twice"},
		{"insights without writes", insight + classic("read_write_type: ReadOnly"), "they analyse management events that write"},
		{"insights with writes", insight + classic("read_write_type: WriteOnly"), ""},
		{"insights of data", insight + advanced(dataEvents+", "+object), "they analyse management events that write"},
		{"insights of reads", insight + advanced(management+", {field: readOnly, equals: [\"true\"]}"), "they analyse management events that write"},
	}
}

func alarmRefusals() []refusal {
	override := func(text string) string { return "alarms: {enabled: true, overrides: {vpc-changes: {" + text + "}}}" }
	return []refusal{
		{"no topic", "alarms: {topic_arn: alerts}", `alarms.topic_arn "alerts": give the ARN of a topic`},
		{"topic far away", "region: us-east-1\nalarms: {topic_arn: \"arn:aws:sns:eu-west-2:123456789012:t\"}", "name one of us-east-1, where the alarms are"},
		{"subscription to another topic", "alarms: {topic_arn: \"arn:aws:sns:eu-west-2:123456789012:t\", subscriptions: [{protocol: email, endpoint: a@b}]}", "alarms.subscriptions: they are for a created topic"},
		{"bad subscription", "alarms: {subscriptions: [{protocol: email, endpoint: x}]}", `alarms.subscriptions[0].endpoint "x": give an email address`},
		{"AWS's namespace", "alarms: {namespace: AWS/Logs}", "AWS reserves AWS/"},
		{"no namespace", "alarms: {namespace: \"\"}", `alarms.namespace "": write 1 to 255`},
		{"unknown control", "alarms: {disabled: [root-account-usages]}", `did you mean "root-account-usage"?`},
		{"control twice", "alarms: {disabled: [vpc-changes, vpc-changes]}", "alarms.disabled[1]"},
		{"unknown override", "alarms: {overrides: {root: {threshold: 2}}}", `alarms.overrides.root "root": choose `},
		{"disabled and changed", "alarms: {disabled: [vpc-changes], overrides: {vpc-changes: {threshold: 2}}}", "alarms.overrides.vpc-changes: alarms.disabled has it too"},
		{"tampering without tamper", "alarms: {overrides: {trail-tampering: {threshold: 2}}}", "choose "},
		{"tampering", "alarms: {tamper: true, overrides: {trail-tampering: {threshold: 2}}}", ""},
		{"pattern", override("pattern: \"{ $.a = }\""), `alarms.overrides.vpc-changes.pattern "{ $.a = }": write a filter pattern`},
		{"long pattern", override("pattern: \"" + strings.Repeat("a", 1025) + "\""), "write a filter pattern"},
		{"threshold", override("threshold: 0.5"), "alarms.overrides.vpc-changes.threshold 0.5: set 1 or more"},
		{"odd period", override("period: 45"), "alarms.overrides.vpc-changes.period 45: set 10, 30 or a multiple of 60"},
		{"long period", override("period: 604860"), "up to a week"},
		{"override", override("threshold: 2.5, period: 3600, pattern: \"{ $.a = b }\""), ""},
		{"name of a rule", "config_rules: {rules: [cloudtrail-enabled]}", "write the identifier of a managed rule"},
		{"rule twice", "config_rules: {rules: [A, A]}", "config_rules.rules[1]"},
		{"ARN of a standard", "security_hub: {standards: [\"arn:aws:securityhub:eu-west-2::standards/x/v/1\"]}", "write a standard as its ARN ends"},
		{"standards", "security_hub: {enabled: true, standards: [cis-aws-foundations-benchmark/v/1.2.0, aws-foundational-security-best-practices/v/1.0.0]}", ""},
	}
}

// withNames adds the fields without which nothing is valid.
func withNames(text string) string {
	for _, line := range []string{"env: production", "project_id: cerpac"} {
		field, _, _ := strings.Cut(line, ":")
		if !strings.Contains("\n"+text, "\n"+field+":") {
			text = line + "\n" + text
		}
	}
	return text
}

func TestValidate(t *testing.T) {
	for _, c := range refusals() {
		t.Run(c.name, func(t *testing.T) {
			spec, err := Read("f", []byte(withNames(c.text)))
			if err != nil {
				t.Fatal(err)
			}
			err = spec.Validate()
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v\nwant %s", err, c.want)
			case err != nil && outcome.ExitCode(err) != outcome.Misused:
				t.Errorf("exit code %d", outcome.ExitCode(err))
			}
		})
	}
}

// One run reports every problem.
func TestValidateTellsEverything(t *testing.T) {
	s := named()
	s.Env, s.RetentionDays, s.KMS, s.SNS = "X", 0, "x", "x"
	if lines := strings.Split(s.Validate().Error(), "\n"); len(lines) != 4 {
		t.Errorf("%q", lines)
	}
}

func TestFits(t *testing.T) {
	for _, c := range []refusal{
		{"here", "kms: arn:aws:kms:eu-west-2:111111111111:key/1", ""},
		{"key far away", "kms: arn:aws:kms:us-east-1:111111111111:key/1", "name one of eu-west-2"},
		{"topic far away", "sns: arn:aws:sns:us-east-1:111111111111:t", ""},
		{"another partition", "sns: arn:aws-cn:sns:cn-north-1:111111111111:t", "it is in the partition aws-cn, the trail in aws"},
		{"subscription of another partition", "sns: create\nsns_subscriptions: [{protocol: sqs, endpoint: \"arn:aws-cn:sqs:cn-north-1:111111111111:q\"}]", "sns_subscriptions[0].endpoint"},
		{"own account", "accounts: [\"111111111111\", \"123456789012\"]", `accounts[1] "123456789012": it is the trail's own account`},
		{"no organization", "organization: true", "organization true: the account 123456789012 is in no organization"},
		{"many accounts", "accounts: [" + accountIDs(200) + "]", "for 200 the policy of the bucket has"},
		{"not too many accounts", "accounts: [" + accountIDs(50) + "]", ""},
		{"many readers", "kms: create\nkms_key_readers: [" + readers(600) + "]", "for 600 and 0 the policy of the key has"},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec, err := Read("f", []byte(withNames(c.text)))
			if err != nil {
				t.Fatal(err)
			}
			err = spec.Fits(london())
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

func accountIDs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "\"%012d\",", i+1)
	}
	return b.String()
}

func readers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "\"arn:aws:iam::123456789012:role/reader-%d\",", i)
	}
	return b.String()
}

func TestWarnings(t *testing.T) {
	for _, c := range []refusal{
		{"nothing said", "", ""},
		{"long retention", "retention_days: 3654", "the log group keeps events for ever"},
		{"retention of seven years", "retention_days: 2555", ""},
		{"long retention, told", "retention_days: 3654\nlog_group_retention_days: 365", ""},
		{"force_destroy", "force_destroy: true", "destroy deletes the bucket"},
		{"compliance", "object_lock: {mode: COMPLIANCE, days: 7}", "for 7 days nobody"},
		{"governance and force_destroy", "object_lock: {mode: GOVERNANCE, days: 7}\nforce_destroy: true", "destroy leaves the bucket while"},
		{"glacier", "glacier_after_days: 30\nretention_days: 365", "few logs will move"},
		{"glacier for a while", "glacier_after_days: 30", "is charged for 90 days there, and retention_days 90 deletes it after 60"},
		{"writes only", "event_selectors: [{read_write_type: WriteOnly}]", "management events that read:"},
		{"reads only", "event_selectors: [{read_write_type: ReadOnly}]", "management events that write:"},
		{"reads and writes", "event_selectors: [{read_write_type: ReadOnly}, {read_write_type: WriteOnly}]", ""},
		{"sources left out", "event_selectors: [{exclude_management_event_sources: [kms.amazonaws.com]}]", "kms.amazonaws.com are excluded"},
		{"sources left out by one of two", "event_selectors: [{exclude_management_event_sources: [kms.amazonaws.com]}, {}]", ""},
		{"sources left out by field", "advanced_event_selectors: [{field_selectors: [{field: eventCategory, equals: [Management]}, {field: eventSource, not_equals: [kms.amazonaws.com]}]}]", "kms.amazonaws.com are excluded"},
		{"unheard", "alarms: {enabled: true}", "nobody receives the alarms"},
		{"heard", "alarms: {enabled: true, subscriptions: [{protocol: email, endpoint: a@b}]}", ""},
		{"pattern", "alarms: {enabled: true, topic_arn: x, overrides: {vpc-changes: {pattern: x}}}", "auditors that compare strings will not find the control vpc-changes"},
		{"idle alarms", "alarms: {disabled: [vpc-changes]}", "alarms is not enabled"},
		{"idle rules", "config_rules: {rules: [A]}", "config_rules is not enabled"},
		{"idle hub", "security_hub: {standards: [x/v/1]}", "security_hub is not enabled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec, err := Read("f", []byte(withNames(c.text)))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(spec.Warnings(), "\n")
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestLogGroupRetention(t *testing.T) {
	for days, want := range map[int]int{1: 1, 2: 3, 6: 7, 90: 90, 91: 120, 2555: 2557, 3653: 3653, 3654: 0, 36500: 0} {
		s := named()
		s.RetentionDays = days
		if got := s.LogGroupRetention(); got != want {
			t.Errorf("%d: %d, want %d", days, got, want)
		}
	}
	s := named()
	s.LogGroupRetentionDays = new(0)
	if got := s.LogGroupRetention(); got != 0 {
		t.Errorf("%d", got)
	}
}
