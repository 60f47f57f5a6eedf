package terraformcheck

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/cerpac/trailkeeper/internal/trail"
)

type inputs = map[string]any

// refusal is an input that a module must not take, with words of its message, or
// one that it must take, without.
type refusal struct {
	name   string
	inputs inputs
	want   string
}

// required are inputs without which no module of that name can be called.
func required(module string) inputs {
	if module == "cis_alarms" {
		return inputs{"log_group_name": "/aws/cloudtrail/trail", "sns_topic_arn": "arn:aws:sns:eu-west-2:123456789012:alerts"}
	}
	return inputs{"env": "production", "project_id": "cerpac"}
}

func refusals() map[string][]refusal {
	selector := func(members inputs) inputs { return inputs{"event_selectors": []any{members}} }
	advanced := func(fields ...inputs) inputs {
		return inputs{"advanced_event_selectors": []any{inputs{"field_selectors": fields}}}
	}
	management := inputs{"field": "eventCategory", "equals": []any{"Management"}}
	many := func(n int) []any { return make([]any, n) }
	objects := func(n int) inputs {
		values := many(n)
		for i := range values {
			values[i] = "arn:aws:s3:::bucket/"
		}
		return selector(inputs{"data_resources": []any{inputs{"type": "AWS::S3::Object", "values": values}}})
	}
	names := func(n int) []any {
		values := many(n)
		for i := range values {
			values[i] = "Name"
		}
		return values
	}
	selectors := many(6)
	for i := range selectors {
		selectors[i] = inputs{}
	}
	lock := func(mode string, days any) inputs {
		return inputs{"object_lock": inputs{"mode": mode, "days": days}}
	}
	existing := func(more inputs) inputs {
		return with(inputs{"existing_bucket": inputs{"name": "their-bucket", "owner": "111111111111"}}, more)
	}
	long := strings.Repeat("a", 60)

	return map[string][]refusal{
		"cloud_trail": {
			{"capital letter", inputs{"env": "Production"}, "Write env in lower-case"},
			{"two hyphens", inputs{"env": "a--b"}, "Write env in lower-case"},
			{"hyphen at the end", inputs{"project_id": "cerpac-"}, "Write project_id in lower-case"},
			{"empty", inputs{"project_id": ""}, "Write project_id in lower-case"},
			{"names just short enough", inputs{"env": "a-long-environment", "project_id": "and-a-project-tool"}, ""},
			{"names too long", inputs{"env": "a-long-environment", "project_id": "and-a-long-project-too"}, "Shorten env or project_id"},
			{"no days", inputs{"retention_days": 0}, "Set retention_days"},
			{"half days", inputs{"retention_days": 1.5}, "Set retention_days"},
			{"AWS's tag", inputs{"tags": inputs{"AWS:x": "y"}}, "Rename the tags"},
			{"short bucket", inputs{"bucket_name": "ab"}, "Choose a bucket_name"},
			{"long bucket", inputs{"bucket_name": long + "aaaa"}, "Choose a bucket_name"},
			{"address as bucket", inputs{"bucket_name": "192.168.5.4"}, "Choose a bucket_name"},
			{"two dots", inputs{"bucket_name": "a..b"}, "Choose a bucket_name"},
			{"underscore in bucket", inputs{"bucket_name": "a_b"}, "Choose a bucket_name"},
			{"existing bucket", existing(nil), ""},
			{"existing bucket and its owner's key", existing(inputs{"kms": "arn:aws:kms:eu-west-2:111111111111:key/1", "key_prefix": "a"}), ""},
			{"ARN as existing bucket", inputs{"existing_bucket": inputs{"name": "arn:aws:s3:::a", "owner": "111111111111"}}, "Give in existing_bucket.name"},
			{"existing bucket of nobody", inputs{"existing_bucket": inputs{"name": "their-bucket", "owner": "1"}}, "Write existing_bucket.owner"},
			{"two buckets", existing(inputs{"bucket_name": "our-bucket"}), "Remove bucket_name"},
			{"existing bucket and force_destroy", existing(inputs{"force_destroy": true}), "Remove bucket_name"},
			{"existing bucket and lock", existing(lock("GOVERNANCE", 1)), "Remove bucket_name"},
			{"existing bucket and Glacier", existing(inputs{"glacier_after_days": 1}), "Remove bucket_name"},
			{"existing bucket and access log", existing(inputs{"access_logging": "their-bucket"}), "Remove bucket_name"},
			{"existing bucket and accounts", existing(inputs{"accounts": []any{"222222222222"}}), "Remove bucket_name"},
			{"existing bucket and created key", existing(inputs{"kms": "create"}), "Give in kms the ARN of a key of the bucket's owner"},
			{"slash at the end", inputs{"key_prefix": "logs/"}, "Write key_prefix"},
			{"AWSLogs in prefix", inputs{"key_prefix": "a/AWSLogs"}, "Write key_prefix"},
			{"long prefix", inputs{"key_prefix": strings.Repeat(long, 4)}, "Write key_prefix"},
			{"alias as key", inputs{"kms": "arn:aws:kms:eu-west-2:123456789012:alias/x"}, "Set kms to"},
			{"unknown kms", inputs{"kms": "aws"}, "Set kms to"},
			{"key of another Region", inputs{"kms": "arn:aws:kms:us-east-1:123456789012:key/1"}, "Give in kms a key of the Region eu-west-2"},
			{"readers without key", inputs{"kms_key_readers": []any{"arn:aws:iam::123456789012:role/r"}}, "Set kms to \"create\", or name readers"},
			{"reader is no ARN", inputs{"kms": "create", "kms_key_readers": []any{"r"}}, "List in kms_key_readers"},
			{"unknown lock", lock("LEGAL", 1), "Set object_lock.mode"},
			{"lock of no days", lock("GOVERNANCE", 0), "Set object_lock.days"},
			{"lock longer than retention", lock("GOVERNANCE", 91), "Lower object_lock.days"},
			{"compliance and force_destroy", with(lock("COMPLIANCE", 1), inputs{"force_destroy": true}), "Set force_destroy to false"},
			{"glacier at once", inputs{"glacier_after_days": 0}, "Set glacier_after_days"},
			{"glacier after the end", inputs{"glacier_after_days": 90}, "Lower glacier_after_days"},
			{"retention of no service", inputs{"log_group_retention_days": 2555}, "Set log_group_retention_days"},
			{"unknown sns", inputs{"sns": "yes"}, "Set sns to \"none\""},
			{"FIFO topic", inputs{"sns": "arn:aws:sns:eu-west-2:123456789012:t.fifo"}, "Set sns to \"none\""},
			{"subscription without topic", inputs{"sns_subscriptions": []any{inputs{"protocol": "email", "endpoint": "a@b"}}}, "Set sns to \"create\", or subscribe"},
			{"unknown protocol", inputs{"sns": "create", "sns_subscriptions": []any{inputs{"protocol": "fax", "endpoint": "1"}}}, "Choose the protocol"},
			{"unknown insight", inputs{"insights": []any{"Rate"}}, "Choose insights"},
			{"insights without writes", with(selector(inputs{"read_write_type": "ReadOnly"}), inputs{"insights": []any{"ApiCallRateInsight"}}), "Insights analyse management events"},
			{
				"insights without management events", with(advanced(inputs{"field": "eventCategory", "equals": []any{"Data"}}), inputs{"insights": []any{"ApiCallRateInsight"}}),
				"Insights analyse management events",
			},
			{
				"insights with reads alone", with(advanced(management, inputs{"field": "readOnly", "equals": []any{"true"}}), inputs{"insights": []any{"ApiCallRateInsight"}}),
				"Insights analyse management events",
			},
			{"six selectors", inputs{"event_selectors": selectors}, "Give at most five event_selectors"},
			{"unknown kind of event", selector(inputs{"read_write_type": "Write"}), "Set read_write_type"},
			{"unknown source", selector(inputs{"exclude_management_event_sources": []any{"s3.amazonaws.com"}}), "Exclude only kms"},
			{"unknown data", selector(inputs{"data_resources": []any{inputs{"type": "AWS::SNS::Topic", "values": []any{"a"}}}}), "Classic event_selectors know"},
			{"no values", objects(0), "Give each data resource of event_selectors"},
			{"too many values", objects(251), "Give each data resource of event_selectors"},
			{"selects nothing", selector(inputs{"include_management_events": false}), "Each of event_selectors must"},
			{"no category", advanced(inputs{"field": "readOnly", "equals": []any{"true"}}), "exactly one field selector eventCategory"},
			{"no operator", advanced(management, inputs{"field": "eventSource"}), "a value for at least one operator"},
			{"too many conditions", advanced(management, inputs{"field": "eventName", "equals": names(500)}), "Give at most 500 values"},
			{"both kinds", with(selector(inputs{"read_write_type": "WriteOnly"}), advanced(management)), "not both"},
			{"account too short", inputs{"accounts": []any{"12345678901"}}, "Write each of accounts"},
			{"our own account", inputs{"accounts": []any{account}}, "Remove 123456789012 from accounts"},
			{"no bucket for the access log", inputs{"access_logging": "x"}, "Set access_logging"},
			{"short names", inputs{"env": "a", "project_id": "1"}, ""},
			{"one day", inputs{"retention_days": 1}, ""},
			{"seven years", inputs{"retention_days": 2555}, ""},
			{"bucket with dots", inputs{"bucket_name": "a.1-b.c"}, ""},
			{"bucket of 63", inputs{"bucket_name": long + "aaa"}, ""},
			{"prefix of 200", inputs{"key_prefix": strings.Repeat("abcdefghi/", 19) + "abcdefghij"}, ""},
			{"our key", inputs{"kms": "arn:aws:kms:eu-west-2:111111111111:key/mrk-12"}, ""},
			{"lock as long as retention", with(lock("COMPLIANCE", 90), inputs{"tags": inputs{"a": "b"}}), ""},
			{"governance and force_destroy", with(lock("GOVERNANCE", 1), inputs{"force_destroy": true}), ""},
			{"glacier before the end", inputs{"glacier_after_days": 89}, ""},
			{"topic elsewhere", inputs{"sns": "arn:aws:sns:us-east-1:111111111111:T_1-2"}, ""},
			{"subscriptions", inputs{"sns": "create", "sns_subscriptions": []any{inputs{"protocol": "sqs", "endpoint": "arn:aws:sqs:eu-west-2:111111111111:logs"}}}, ""},
			{"250 values", objects(250), ""},
			{"insights with writes", with(advanced(management, inputs{"field": "readOnly", "equals": []any{"false"}}), inputs{"insights": []any{"ApiErrorRateInsight"}}), ""},
			{"every log group for ever", inputs{"log_group_retention_days": 0}, ""},
			{"bucket for the access log", inputs{"access_logging": "their-bucket"}, ""},
			{"access log bucket too long", inputs{"access_logging": "create", "bucket_name": long}, "Shorten bucket_name to 51"},
		},
		"cis_alarms": {
			{"ARN as name", inputs{"log_group_name": "arn:aws:logs:eu-west-2:123456789012:log-group:x"}, "not its ARN"},
			{"name as ARN", inputs{"sns_topic_arn": "alerts"}, "sns_topic_arn"},
			{"AWS's namespace", inputs{"namespace": "AWS/Logs"}, "Write namespace"},
			{"space in prefix", inputs{"alarm_prefix": "my alarms"}, "Write alarm_prefix"},
			{"no such alarm to disable", inputs{"disabled": []any{"root"}}, "Remove from disabled the keys that are not alarms: root."},
			{"no such alarm to change", inputs{"overrides": inputs{"root": inputs{"threshold": 2}}}, "Remove from overrides the keys that are not alarms of this configuration: root."},
			{"long pattern", inputs{"overrides": inputs{"vpc-changes": inputs{"pattern": strings.Repeat("a", 1025)}}}, "Shorten the pattern"},
			{"odd period", inputs{"overrides": inputs{"vpc-changes": inputs{"period": 45}}}, "Set period in overrides"},
			{"no threshold", inputs{"overrides": inputs{"vpc-changes": inputs{"threshold": 0}}}, "Set threshold and evaluation_periods"},
			{"AWS's tag", inputs{"tags": inputs{"aws:x": "y"}}, "Rename the tags"},
		},
		"aws_config": {
			{"underscore", inputs{"env": "a_b"}, "Write env in lower-case"},
			{"dot", inputs{"project_id": "a.b"}, "Write project_id in lower-case"},
			{"names too long", inputs{"env": long}, "Shorten env or project_id"},
			{"no days", inputs{"retention_days": 0}, "Set retention_days"},
			{"long rule", inputs{"rules": inputs{long + long + long: inputs{"identifier": "X"}}}, "Shorten the names of rules"},
			{"name as identifier", inputs{"rules": inputs{"x": inputs{"identifier": "cloudtrail-enabled"}}}, "Write identifiers of rules"},
			{"unknown frequency", inputs{"rules": inputs{"x": inputs{"identifier": "X", "maximum_execution_frequency": "1h"}}}, "Set maximum_execution_frequency"},
			{"AWS's tag", inputs{"tags": inputs{"aws:x": "y"}}, "Rename the tags"},
		},
	}
}

func TestInputs(t *testing.T) {
	withTerraform(t, func(t *testing.T, tf terraform) {
		for name, cases := range refusals() {
			m := load(t, filepath.Join(root, "modules/security", name))
			b := m.bare(t, tf, places()[0].stubs())
			for _, c := range cases {
				t.Run(name+"/"+c.name, func(t *testing.T) {
					t.Parallel()
					_, refused := b.plan(t, with(required(name), c.inputs))
					if (c.want == "") != (refused == "") || !strings.Contains(refused, c.want) {
						t.Errorf("got %q\nwant %q", refused, c.want)
					}
				})
			}
		}
	})
}

// The program takes and refuses the same inputs as the module.
func TestProgramTakesTheSameInputs(t *testing.T) {
	p := places()[0]
	at := trail.Place{Partition: p.partition, Account: account, Region: p.region}
	for _, c := range refusals()["cloud_trail"] {
		if c.name == "glacier at once" { // the program has no null there: 0 is never
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			text, err := json.Marshal(with(required("cloud_trail"), c.inputs))
			if err != nil {
				t.Fatal(err)
			}
			spec, refused := trail.Read("inputs", text)
			if refused == nil {
				refused = errors.Join(spec.Validate(), spec.Fits(at))
			}
			if (c.want == "") != (refused == nil) {
				t.Errorf("got %v, want %q", refused, c.want)
			}
		})
	}
}

// Every message that a module has is seen by the test above.
func TestEveryCheckHasABadInput(t *testing.T) {
	for _, m := range modules(t) {
		cases := refusals()[filepath.Base(m.dir)]
		checks := m.preconditions()
		for _, block := range m.variables {
			checks = append(checks, block.Body.Blocks...)
		}
		if len(checks) < 5 {
			t.Errorf("%s: found only %d checks", m.name, len(checks))
		}
		for _, check := range checks {
			if !provoked(check, cases) {
				t.Errorf("%s: no bad input for %q", m.name, literal(check.Body.Attributes["error_message"].Expr))
			}
		}
	}
}

// provoked compares by the words before the first value in a message.
func provoked(check *hclsyntax.Block, cases []refusal) bool {
	message := literal(check.Body.Attributes["error_message"].Expr)
	start, _, _ := strings.Cut(message, "...")
	for _, c := range cases {
		if c.want != "" && (strings.Contains(message, c.want) || strings.HasPrefix(c.want, start)) {
			return true
		}
	}
	return false
}
