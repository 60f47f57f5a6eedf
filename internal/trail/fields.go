package trail

// A field describes one field of a configuration file.
type field struct {
	path    string
	unset   string // what happens without a value, if the default does not show it
	meaning string
	cost    string // its addition to the bill, in US dollars of us-east-1; "" for nothing
	example string // for fields whose name and default do not show their use
}

// fields lists all fields in the order of Spec; fields inside a list or table follow
// it.
func fields() []field {
	var all []field
	for _, part := range [][]field{nameFields(), bucketFields(), logGroupFields(), selectorFields(), reachFields(), alarmFields(), securityFields()} {
		all = append(all, part...)
	}
	return all
}

func nameFields() []field {
	return []field{
		{path: "env", unset: "required", meaning: "Environment, such as production: the first part of every name. Lower-case letters and digits, with single hyphens inside."},
		{path: "project_id", unset: "required", meaning: "Project, the second part of every name, in the same letters. Both have at most 36 characters together."},
		{path: "region", unset: "that of the AWS configuration", meaning: "Home Region of the trail and of everything beside it. Whatever it is, the trail records all enabled Regions."},
		{
			path: "tags", meaning: "Tags for every resource, besides trailkeeper:trail, which marks resources of the trail. Not for secrets.",
			example: "tags:\n  Team: security\n  CostCenter: \"4711\"",
		},
		{path: "expected_account", unset: "any account", meaning: "The only account to work in, twelve digits in quotes. With credentials for another one, nothing is done."},
	}
}

func bucketFields() []field {
	const storage = "$0.023 per GB and month; a million events are about 0.15 GB"
	return []field{
		{path: "retention_days", meaning: "Days for which logs are kept in the bucket, 1 to 36500; the log group keeps them as long or longer. PCI DSS and AWS Security Hub's CloudWatch.16 ask for 365.", cost: storage},
		{path: "force_destroy", meaning: "Let destroy delete the bucket with all logs in it. Meant for development."},
		{path: "bucket_name", unset: "ENV-PROJECT_ID-cloudtrail-logs", meaning: "Name of the bucket. All AWS accounts share one namespace: choose another name if yours is taken."},
		{
			path: "existing_bucket", unset: "a bucket is made", meaning: "Existing bucket for the logs, such as that of a log account. It is not changed; its owner must let the trail write.",
			example: "existing_bucket:\n  name: example-log-archive\n  owner: \"111111111111\"",
		},
		{path: "existing_bucket.name", unset: "required", meaning: "Its name."},
		{path: "existing_bucket.owner", unset: "required", meaning: "Id of its account."},
		{path: "key_prefix", unset: "none", meaning: "Start of every log file's key, before AWSLogs/."},
		{
			path: "kms", meaning: "none: S3 encrypts with its own key (AES256). create: a KMS key of the trail's own, which CIS 3.5 asks for. Or the ARN of a key in the home Region whose policy lets CloudTrail and CloudWatch Logs use it. With a key, readers of logs need kms:Decrypt.",
			cost: "$1 per month for a created key; $0.03 per 10,000 requests",
		},
		{
			path: "kms_key_readers", meaning: "ARNs of IAM roles and users that the created key lets decrypt logs. They must exist. Others need kms:Decrypt in their own policies.",
			example: "kms_key_readers:\n  - arn:aws:iam::123456789012:role/auditor",
		},
		{
			path: "object_lock", unset: "no lock", meaning: "Default lock on every object of the bucket: S3 refuses to delete a locked version before the lock ends. It cannot be removed from the bucket.",
			example: "object_lock:\n  mode: GOVERNANCE\n  days: 30", cost: "what is locked cannot be deleted to save money",
		},
		{path: "object_lock.mode", unset: "required", meaning: "GOVERNANCE: callers with s3:BypassGovernanceRetention can bypass it. COMPLIANCE: nobody can, not even root, so force_destroy must be false."},
		{path: "object_lock.days", unset: "required", meaning: "Days of the lock, at most retention_days."},
		{
			path: "glacier_after_days", unset: "never", meaning: "Days after which logs move to S3 Glacier Flexible Retrieval, where reading them takes hours. S3 leaves those below 128 KB where they are, which are most.",
			cost: "$0.0036 per GB and month, for 90 days at least; $0.03 per 1,000 files that move",
		},
		{path: "access_logging", meaning: "Server access log of the bucket, which CIS 3.4 asks for: none, create (a bucket for it, named like this one with -access-logs), or the name of a bucket that takes it.", cost: "storage of the access log"},
	}
}

func logGroupFields() []field {
	return []field{
		{
			path: "log_group_retention_days", unset: "the smallest number that CloudWatch Logs accepts and that is at least retention_days; for ever above 3653",
			meaning: "Days for which the log group keeps events: 0 for ever, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653.",
			cost:    "$0.03 per GB and month; before that $0.50 per GB that comes in, about $0.60 for a million events",
		},
		{path: "log_group_deletion_protection", meaning: "Protect the log group against deletion. Then destroy leaves it too."},
		{path: "sns", meaning: "Topic that gets a message for each log file (not for alarms): none, create, or the ARN of a standard topic whose policy lets CloudTrail publish.", cost: "$0.60 per million messages over HTTP; other protocols differ"},
		{
			path: "sns_subscriptions", meaning: "Subscriptions to the created topic.",
			example: "sns: create\nsns_subscriptions:\n  - protocol: sqs\n    endpoint: arn:aws:sqs:eu-west-2:123456789012:new-logs",
		},
		{path: "sns_subscriptions.protocol", unset: "required", meaning: "application, email, email-json, http, https, lambda, sms or sqs. Those by email and HTTP wait until somebody follows the link in the first message."},
		{path: "sns_subscriptions.endpoint", unset: "required", meaning: "Address, URL, telephone number or ARN, as the protocol has it. A queue or function must let SNS in itself."},
	}
}

func selectorFields() []field {
	const conditions = "Values of which one must"
	const none = "Values of which none may"
	return []field{
		{path: "insights", meaning: "ApiCallRateInsight and ApiErrorRateInsight find unusual numbers of calls and errors among management events that write. The first ones come after up to 36 hours.", cost: "$0.35 per 100,000 events analysed, each", example: "insights: [ApiCallRateInsight, ApiErrorRateInsight]"},
		{
			path: "event_selectors", meaning: "Classic selectors, at most 5, of which each adds to what is recorded. None: all management events, reads and writes. Selectors take the place of that, so keep one for management events.",
			cost:    "nothing for the first copy of management events in a Region, $2 per 100,000 of any other; $0.10 per 100,000 data events",
			example: "event_selectors:\n  - data_resources:\n      - type: AWS::S3::Object\n        values: [\"arn:aws:s3:::a-bucket-of-secrets/\"]",
		},
		{path: "event_selectors.read_write_type", unset: "All", meaning: "All, ReadOnly or WriteOnly."},
		{path: "event_selectors.include_management_events", unset: "true", meaning: "Record management events too."},
		{path: "event_selectors.exclude_management_event_sources", meaning: "Services whose management events are excluded: kms.amazonaws.com or rdsdata.amazonaws.com. Alarms cannot see them then."},
		{path: "event_selectors.data_resources", meaning: "What data events are recorded of, with at most 250 values in all selectors."},
		{path: "event_selectors.data_resources.type", unset: "required", meaning: "AWS::S3::Object, AWS::Lambda::Function or AWS::DynamoDB::Table."},
		{path: "event_selectors.data_resources.values", unset: "required", meaning: "ARNs: of buckets with a slash and perhaps the start of keys, functions, tables; arn:aws:s3, arn:aws:lambda or arn:aws:dynamodb for all."},
		{
			path: "advanced_event_selectors", meaning: "Advanced selectors, instead of event_selectors: by fields, with at most 500 values in all.", cost: "as event_selectors",
			example: "advanced_event_selectors:\n  - name: Management events selector\n    field_selectors:\n      - field: eventCategory\n        equals: [Management]\n  - name: Deletions of objects\n    field_selectors:\n" +
				"      - field: eventCategory\n        equals: [Data]\n      - field: resources.type\n        equals: [AWS::S3::Object]\n      - field: eventName\n        starts_with: [Delete]",
		},
		{path: "advanced_event_selectors.name", unset: "none", meaning: "For people. Some auditors look for \"Management events selector\"."},
		{path: "advanced_event_selectors.field_selectors", unset: "required", meaning: "Conditions that must all hold. One is that eventCategory equals Management, Data or NetworkActivity."},
		{path: "advanced_event_selectors.field_selectors.field", unset: "required", meaning: "Field of an event, such as eventName, readOnly, resources.type or resources.ARN."},
		{path: "advanced_event_selectors.field_selectors.equals", meaning: conditions + " be the field's."},
		{path: "advanced_event_selectors.field_selectors.starts_with", meaning: conditions + " start it."},
		{path: "advanced_event_selectors.field_selectors.ends_with", meaning: conditions + " end it."},
		{path: "advanced_event_selectors.field_selectors.not_equals", meaning: none + " be the field's."},
		{path: "advanced_event_selectors.field_selectors.not_starts_with", meaning: none + " start it."},
		{path: "advanced_event_selectors.field_selectors.not_ends_with", meaning: none + " end it."},
	}
}

func reachFields() []field {
	return []field{
		{
			path: "organization", meaning: "Record every account of the AWS organization. It needs all features and trusted access for cloudtrail.amazonaws.com, and the management account's credentials or those of a delegated administrator.",
			cost: "members with trails of their own pay $2 per 100,000 management events for the second copy",
		},
		{
			path: "accounts", meaning: "Ids of other accounts whose trails may deliver to the bucket. Their trails must have this trail's name and home Region.",
			example: "accounts: [\"111111111111\", \"222222222222\"]", cost: "storage of their logs",
		},
	}
}

func alarmFields() []field {
	return []field{
		{
			path: "alarms", meaning: "Metric filters on the log group with an alarm each: the fifteen that CIS AWS Foundations asks for.",
			example: "alarms:\n  enabled: true\n  subscriptions:\n    - protocol: email\n      endpoint: security@example.com\n  disabled: [organizations-changes]\n  overrides:\n    unauthorized-api-calls:\n      threshold: 5",
		},
		{path: "alarms.enabled", meaning: "Make them.", cost: "$0.10 per alarm and $0.30 per metric and month; ten of each are free"},
		{path: "alarms.topic_arn", unset: "a topic is made", meaning: "ARN of the topic in the home Region that the alarms notify. Its policy must let cloudwatch.amazonaws.com publish."},
		{path: "alarms.subscriptions", meaning: "Subscriptions to the created topic. Without one, nobody receives the alarms."},
		{path: "alarms.subscriptions.protocol", unset: "required", meaning: "As in sns_subscriptions."},
		{path: "alarms.subscriptions.endpoint", unset: "required", meaning: "As in sns_subscriptions."},
		{path: "alarms.namespace", meaning: "CloudWatch namespace of the metrics."},
		{path: "alarms.disabled", meaning: "Controls to leave out, by their ids, such as root-account-usage."},
		{path: "alarms.overrides", meaning: "Changes to controls, by their ids."},
		{path: "alarms.overrides.pattern", unset: "the control's", meaning: "Filter pattern. Auditors that compare strings do not find the control any more."},
		{path: "alarms.overrides.threshold", unset: "1", meaning: "Events in one period that raise the alarm."},
		{path: "alarms.overrides.period", unset: "300", meaning: "Seconds: 10, 30 or a multiple of 60."},
		{path: "alarms.tamper", meaning: "Add the control trail-tampering, for ways to blind a trail that the CIS ones overlook.", cost: "one more alarm and metric"},
	}
}

func securityFields() []field {
	return []field{
		{
			path: "config_rules", meaning: "Rules of AWS Config about the trail. They need a configuration recorder in the Region, which is not made.",
			example: "config_rules:\n  enabled: true\n  rules: [CLOUD_TRAIL_ENABLED, MULTI_REGION_CLOUD_TRAIL_ENABLED]",
		},
		{path: "config_rules.enabled", meaning: "Make them.", cost: "$0.001 per evaluation; the recorder $0.003 per item"},
		{path: "config_rules.rules", unset: "all that the trail complies with", meaning: "Identifiers of managed rules."},
		{path: "guardduty", meaning: "Have a GuardDuty detector in the Region. It reads a stream of its own and needs no trail; one that exists is kept as it is.", cost: "$4 per million management events, less for many"},
		{
			path: "security_hub", meaning: "AWS Security Hub in the Region. It needs AWS Config to judge anything; a hub that exists is kept as it is.",
			example: "security_hub:\n  enabled: true\n  standards: [cis-aws-foundations-benchmark/v/3.0.0]",
		},
		{path: "security_hub.enabled", meaning: "Have it.", cost: "$0.001 per check"},
		{path: "security_hub.standards", meaning: "Standards to subscribe to, as their ARNs end."},
	}
}
