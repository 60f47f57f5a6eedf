package trail

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNames(t *testing.T) {
	place := Place{Partition: "aws", Account: "123456789012", Region: "eu-west-2", Organization: "o-example", Management: "999999999999"}
	spec := Default()
	spec.Env, spec.ProjectID = "prod", "shop"
	want := Names{
		Trail: "prod-shop-audit-trail", TrailARN: "arn:aws:cloudtrail:eu-west-2:123456789012:trail/prod-shop-audit-trail",
		Bucket: "prod-shop-cloudtrail-logs", BucketARN: "arn:aws:s3:::prod-shop-cloudtrail-logs",
		AccessLogBucket: "prod-shop-cloudtrail-logs-access-logs", AccessLogBucketARN: "arn:aws:s3:::prod-shop-cloudtrail-logs-access-logs",
		KeyAlias: "alias/prod-shop-cloudtrail",
		LogGroup: "/aws/cloudtrail/prod-shop-audit-trail", LogGroupARN: "arn:aws:logs:eu-west-2:123456789012:log-group:/aws/cloudtrail/prod-shop-audit-trail",
		Role: "prod-shop-cloudtrail-cloudwatch-role", RoleARN: "arn:aws:iam::123456789012:role/prod-shop-cloudtrail-cloudwatch-role", RolePolicy: "write-log-streams",
		Boundary: "prod-shop-cloudtrail-boundary", BoundaryARN: "arn:aws:iam::123456789012:policy/prod-shop-cloudtrail-boundary",
		Topic: "prod-shop-cloudtrail-notifications", TopicARN: "arn:aws:sns:eu-west-2:123456789012:prod-shop-cloudtrail-notifications",
		AlarmTopic: "prod-shop-cloudtrail-alarms", AlarmTopicARN: "arn:aws:sns:eu-west-2:123456789012:prod-shop-cloudtrail-alarms",
		OwnAlarmTopic: "prod-shop-cloudtrail-alarms", OwnAlarmTopicARN: "arn:aws:sns:eu-west-2:123456789012:prod-shop-cloudtrail-alarms",
	}
	for _, test := range []struct {
		name   string
		change func(*Spec, *Place, *Names)
	}{
		{"defaults", func(*Spec, *Place, *Names) {}},
		{"partition", func(_ *Spec, p *Place, n *Names) {
			p.Partition = "aws-cn"
			for _, arn := range []*string{
				&n.TrailARN, &n.BucketARN, &n.AccessLogBucketARN, &n.LogGroupARN, &n.RoleARN, &n.BoundaryARN,
				&n.TopicARN, &n.AlarmTopicARN, &n.OwnAlarmTopicARN,
			} {
				*arn = "arn:aws-cn" + (*arn)[len("arn:aws"):]
			}
		}},
		{"organization", func(s *Spec, _ *Place, n *Names) {
			s.Organization = true
			n.TrailARN = "arn:aws:cloudtrail:eu-west-2:999999999999:trail/prod-shop-audit-trail"
		}},
		{"own access log", func(s *Spec, _ *Place, _ *Names) { s.AccessLogging = "create" }},
		{"access log of others", func(s *Spec, _ *Place, n *Names) {
			s.AccessLogging = "their-logs"
			n.AccessLogBucket, n.AccessLogBucketARN = "their-logs", "arn:aws:s3:::their-logs"
		}},
		{"bucket name", func(s *Spec, _ *Place, n *Names) {
			s.BucketName = "named"
			n.Bucket, n.BucketARN = "named", "arn:aws:s3:::named"
			n.AccessLogBucket, n.AccessLogBucketARN = "named-access-logs", "arn:aws:s3:::named-access-logs"
		}},
		{"bucket of others", func(s *Spec, _ *Place, n *Names) {
			s.ExistingBucket = &ExistingBucket{Name: "theirs"}
			n.Bucket, n.BucketARN = "theirs", "arn:aws:s3:::theirs"
			n.AccessLogBucket, n.AccessLogBucketARN = "theirs-access-logs", "arn:aws:s3:::theirs-access-logs"
		}},
		{"topics of others", func(s *Spec, _ *Place, n *Names) {
			s.SNS, s.Alarms.TopicARN = "arn:aws:sns:eu-west-2:210987654321:logs", "arn:aws:sns:eu-west-1:210987654321:alarms"
			n.Topic, n.TopicARN = "logs", s.SNS
			n.AlarmTopic, n.AlarmTopicARN = "alarms", s.Alarms.TopicARN
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, p, n := spec, place, want
			test.change(&s, &p, &n)
			if diff := cmp.Diff(n, s.Names(p)); diff != "" {
				t.Errorf("names (-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhatIsMade(t *testing.T) {
	type made struct{ Key, Encrypted, Topic, Notifies, AccessLogBucket, LogsAccess, Bucket, AlarmTopic bool }
	of := func(s Spec) made {
		return made{
			s.CreatesKey(), s.Encrypted(), s.CreatesTopic(), s.Notifies(), s.CreatesAccessLogBucket(), s.LogsAccess(),
			s.CreatesBucket(), s.CreatesAlarmTopic(),
		}
	}
	const topic = "arn:aws:sns:eu-west-2:210987654321:logs"
	for _, test := range []struct {
		name string
		spec Spec
		want made
	}{
		{"nothing", Spec{KMS: "none", SNS: "none", AccessLogging: "none", ExistingBucket: &ExistingBucket{}}, made{}},
		{
			"everything", Spec{KMS: "create", SNS: "create", AccessLogging: "create", Alarms: Alarms{Enabled: true}},
			made{true, true, true, true, true, true, true, true},
		},
		{
			"others'", Spec{KMS: "alias/theirs", SNS: topic, AccessLogging: "theirs", ExistingBucket: &ExistingBucket{}, Alarms: Alarms{Enabled: true, TopicARN: topic}},
			made{Encrypted: true, Notifies: true, LogsAccess: true},
		},
	} {
		if diff := cmp.Diff(test.want, of(test.spec)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
}

func TestTagsAndFolders(t *testing.T) {
	place := Place{Partition: "aws", Account: "123456789012", Region: "eu-west-2", Organization: "o-example", Management: "999999999999"}
	spec := Spec{Env: "prod", ProjectID: "shop", Tags: map[string]string{"a": "b", OwnerTag: "forged"}, Accounts: []string{"300000000000", "200000000000"}}
	if diff := cmp.Diff(map[string]string{"a": "b", OwnerTag: "prod-shop-audit-trail"}, spec.AllTags(place)); diff != "" {
		t.Errorf("tags (-want +got)\n%s", diff)
	}
	accounts, members := spec.LogFolders(place)
	want := []string{"AWSLogs/123456789012/", "AWSLogs/200000000000/", "AWSLogs/300000000000/"}
	if diff := cmp.Diff(want, accounts); diff != "" || members != "" {
		t.Errorf("folders %q (-want +got)\n%s", members, diff)
	}
	spec.KeyPrefix, spec.Organization, spec.Accounts = "x/y", true, nil
	accounts, members = spec.LogFolders(place)
	if diff := cmp.Diff([]string{"x/y/AWSLogs/999999999999/"}, accounts); diff != "" || members != "x/y/AWSLogs/o-example/" {
		t.Errorf("folders of an organization %q (-want +got)\n%s", members, diff)
	}
}
