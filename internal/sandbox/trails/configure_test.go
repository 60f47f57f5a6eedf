package trails_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

// guards records what was asked of it and refuses what it is told to.
type guards struct {
	asked  []string
	refuse map[string]error
	trail  permit.Trail // of the last question
}

func (g *guards) ask(what string, t permit.Trail) error {
	g.asked, g.trail = append(g.asked, what), t
	return g.refuse[what]
}

func (g *guards) Bucket(_ context.Context, t permit.Trail) error   { return g.ask("bucket", t) }
func (g *guards) Key(_ context.Context, t permit.Trail) error      { return g.ask("key", t) }
func (g *guards) Topic(_ context.Context, t permit.Trail) error    { return g.ask("topic", t) }
func (g *guards) LogGroup(_ context.Context, t permit.Trail) error { return g.ask("log group", t) }

// TestRefusedConfigurations changes one member of a request that is taken as it is.
func TestRefusedConfigurations(t *testing.T) {
	t.Parallel()
	const group, role = "arn:aws:logs:us-east-1:123456789012:log-group:g:*", "arn:aws:iam::123456789012:role/r"
	for _, c := range []struct {
		change string // members of CreateTrail
		want   string // "" if it is taken
	}{
		{`"Name":""`, "InvalidTrailNameException: Trail name cannot be blank!"},
		{`"Name":null`, "InvalidTrailNameException: Trail name cannot be blank!"},
		{`"Name":"ab"`, "InvalidTrailNameException: Trail name too short. Minimum allowed length: 3 characters. Specified name length: 2 characters."},
		{`"Name":"` + strings.Repeat("a", 128) + `"`, ""},
		{`"Name":"` + strings.Repeat("a", 129) + `"`, "InvalidTrailNameException: Trail name too long. Maximum allowed length: 128 characters. Specified name length: 129 characters."},
		{`"Name":"-abc"`, "InvalidTrailNameException: Trail name must starts with a letter or number."},
		{`"Name":"abc_"`, "InvalidTrailNameException: Trail name must ends with a letter or number."},
		{`"Name":"a b"`, "InvalidTrailNameException: Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_)."},
		{`"Name":"my-_namespace"`, "InvalidTrailNameException: Trail name or ARN cannot contain adjacent periods (.), hyphens (-), or underscores (_)."},
		{`"Name":"192.168.5.4"`, "InvalidTrailNameException: Trail name cannot be in IP address format."},
		{`"Name":"192.168.5.4a"`, ""},
		{`"Name":7`, `SerializationException: A JSON number is no value for the member "Name".`},
		{`"IsMultiRegionTrail":"true"`, `SerializationException: A JSON string is no value for the member "IsMultiRegionTrail".`},
		{`"TagsList":{}`, `SerializationException: A JSON object is no value for the member "TagsList".`},
		{`"Whatever":[{}]`, ""},
		{`"S3BucketName":""`, "InvalidS3BucketNameException: Bucket name cannot be blank!"},
		{`"S3BucketName":null`, "InvalidS3BucketNameException: Bucket name cannot be blank!"},
		{`"S3BucketName":"ab"`, "InvalidS3BucketNameException: Bucket name must be between 3 and 63 characters long."},
		{`"S3BucketName":"Logs"`, "InvalidS3BucketNameException: Bucket name is not valid: Logs."},
		{`"S3BucketName":"lo..gs"`, "InvalidS3BucketNameException: Bucket name is not valid: lo..gs."},
		{`"S3BucketName":"192.168.5.4"`, "InvalidS3BucketNameException: Bucket name is not valid: 192.168.5.4."},
		{`"S3KeyPrefix":"` + strings.Repeat("p", 200) + `"`, ""},
		{`"S3KeyPrefix":"` + strings.Repeat("p", 201) + `"`, "InvalidS3PrefixException: S3 prefix is longer than maximum length of 200 characters."},
		{`"S3KeyPrefix":"a/AWSLogs"`, "InvalidS3PrefixException: S3 prefix cannot contain AWSLogs/: a/AWSLogs."},
		{`"S3KeyPrefix":"myAWSLogs/"`, ""},
		{`"SnsTopicName":"arn:aws:sns:eu-west-1:210987654321:topic"`, ""},
		{`"SnsTopicName":"a topic"`, "InvalidSnsTopicNameException: SNS topic name or ARN is not valid: a topic."},
		{`"SnsTopicName":"arn:aws:sqs:eu-west-1:210987654321:topic"`, "InvalidSnsTopicNameException: SNS topic name or ARN is not valid: arn:aws:sqs:eu-west-1:210987654321:topic."},
		{`"IsMultiRegionTrail":true,"IncludeGlobalServiceEvents":false`, "InvalidParameterCombinationException: Multi-Region trail must include global service events."},
		{`"CloudWatchLogsLogGroupArn":"` + group + `"`, "InvalidCloudWatchLogsRoleArnException: You must specify a role ARN as well as a log group."},
		{`"CloudWatchLogsRoleArn":"` + role + `"`, "InvalidCloudWatchLogsLogGroupArnException: You must specify a log group as well as a role ARN."},
		{`"CloudWatchLogsLogGroupArn":"` + group + `","CloudWatchLogsRoleArn":"` + role + `"`, ""},
		{`"CloudWatchLogsLogGroupArn":"` + strings.TrimSuffix(group, ":*") + `","CloudWatchLogsRoleArn":"` + role + `"`,
			"InvalidCloudWatchLogsLogGroupArnException: CloudTrail cannot validate the specified log group ARN."},
		{`"CloudWatchLogsLogGroupArn":"` + strings.Replace(group, account, other, 1) + `","CloudWatchLogsRoleArn":"` + role + `"`,
			"InvalidCloudWatchLogsLogGroupArnException: CloudTrail cannot validate the specified log group ARN."},
		{`"CloudWatchLogsLogGroupArn":"` + group + `","CloudWatchLogsRoleArn":"r"`,
			"InvalidCloudWatchLogsRoleArnException: CloudTrail cannot validate the specified role ARN."},
		{`"KmsKeyId":"a b/c"`, ""}, // a key's id, which only KMS can judge
		{`"KmsKeyId":"arn:aws:s3:us-east-1:123456789012:key/k"`, "InvalidKmsKeyIdException: The KMS key ID is not valid: arn:aws:s3:us-east-1:123456789012:key/k."},
		{`"KmsKeyId":"alias/"`, "InvalidKmsKeyIdException: The KMS key ID is not valid: alias/."},
		{`"IsOrganizationTrail":true`, "OrganizationsNotInUseException: Your account is not a member of an organization."},
		{`"TagsList":[{"Key":"aws:x"}]`, "InvalidTagParameterException: A tag key must not begin with aws:, which is reserved for AWS."},
	} {
		s := open(t)
		request := map[string]json.RawMessage{}
		merge(t, request, `{"Name":"trail","S3BucketName":"logs"}`)
		merge(t, request, "{"+c.change+"}")
		body, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		got := s.call(t, caller{account, region}, "CreateTrail", string(body))
		if taken := strings.HasPrefix(got, "{"); taken != (c.want == "") || !taken && got != c.want {
			t.Errorf("CreateTrail with %s gives %s\nwant %s", c.change, got, c.want)
		}
		if n := len(s.All()); n == 1 != (c.want == "") {
			t.Errorf("CreateTrail with %s leaves %d trails", c.change, n)
		}
	}
}

func merge(t *testing.T, into map[string]json.RawMessage, text string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	s := open(t)
	for body, want := range map[string]string{
		"":                  "SerializationException: The request is not JSON: unexpected end of JSON input.",
		"{":                 "SerializationException: The request is not JSON: unexpected end of JSON input.",
		"[]":                `SerializationException: A JSON array is no value for the member "".`,
		"null":              "InvalidTrailNameException: Trail name cannot be blank!",
		`{"Name":["x"]}`:    `SerializationException: A JSON array is no value for the member "Name".`,
		`{"Name":"x"} trap`: "SerializationException: The request is not JSON: invalid character 't' after top-level value.",
	} {
		if got := s.call(t, caller{account, region}, "GetTrail", body); got != want {
			t.Errorf("GetTrail %s gives %s\nwant %s", body, got, want)
		}
	}
	if got := s.call(t, caller{account, region}, "CreateChannel", "{}"); got != "UnsupportedOperationException: The sandbox does not have the CloudTrail operation CreateChannel." {
		t.Errorf("CreateChannel gives %s", got)
	}
}

func TestUpdateTrail(t *testing.T) {
	t.Parallel()
	g := &guards{}
	s := open(t, func(c *trails.Config) { c.Permit = g })
	const logs = `"CloudWatchLogsLogGroupArn":"arn:aws:logs:us-east-1:123456789012:log-group:g:*","CloudWatchLogsRoleArn":"arn:aws:iam::123456789012:role/r"`
	s.must(t, "CreateTrail", `{"Name":"trail","S3BucketName":"logs","S3KeyPrefix":"p","SnsTopicName":"n","KmsKeyId":"k",`+logs+`}`)
	if want := []string{"bucket", "topic", "key", "log group"}; !slices.Equal(g.asked, want) {
		t.Errorf("CreateTrail asked %v, want %v", g.asked, want)
	}
	want := permit.Trail{
		ARN: "arn:aws:cloudtrail:us-east-1:123456789012:trail/trail", Account: account, Region: region, Bucket: "logs", Prefix: "p",
		KeyARN: "arn:aws:kms:us-east-1:123456789012:key/k", TopicARN: "arn:aws:sns:us-east-1:123456789012:n",
		LogGroupARN: "arn:aws:logs:us-east-1:123456789012:log-group:g:*", RoleARN: "arn:aws:iam::123456789012:role/r",
	}
	if g.trail != want {
		t.Errorf("CreateTrail asked about %+v", g.trail)
	}
	for _, c := range []struct {
		change string
		asked  []string
		gone   string // a member that the trail has no more
	}{
		{`"EnableLogFileValidation":true`, nil, ""},
		{`"S3KeyPrefix":""`, []string{"bucket"}, "S3KeyPrefix"},
		{`"SnsTopicName":""`, nil, "SnsTopicARN"},
		{`"CloudWatchLogsLogGroupArn":"","CloudWatchLogsRoleArn":""`, nil, "CloudWatchLogsRoleArn"},
		{logs, []string{"log group"}, ""},
		{`"CloudWatchLogsLogGroupArn":""`, nil, "CloudWatchLogsLogGroupArn"},
		{`"KmsKeyId":""`, nil, "KmsKeyId"},
		{`"S3BucketName":"others"`, []string{"bucket"}, ""},
	} {
		g.asked = nil
		answer := s.must(t, "UpdateTrail", `{"Name":"trail",`+c.change+`}`)
		if !slices.Equal(g.asked, c.asked) {
			t.Errorf("UpdateTrail %s asked %v, want %v", c.change, g.asked, c.asked)
		}
		if c.gone != "" && strings.Contains(answer, c.gone) {
			t.Errorf("UpdateTrail %s left %s", c.change, answer)
		}
	}
	const left = `{"Name":"trail","S3BucketName":"others","IncludeGlobalServiceEvents":true,"IsMultiRegionTrail":false,` +
		`"TrailARN":"arn:aws:cloudtrail:us-east-1:123456789012:trail/trail","LogFileValidationEnabled":true,"IsOrganizationTrail":false}`
	if got := s.must(t, "UpdateTrail", `{"Name":"arn:aws:cloudtrail:us-east-1:123456789012:trail/trail"}`); got != left {
		t.Errorf("the trail is %s\nwant %s", got, left)
	}

	g.refuse = map[string]error{"bucket": &permit.Denial{Code: "InsufficientS3BucketPolicyException", Message: "Incorrect S3 bucket policy is detected for bucket: b-1"}}
	const refused = "InsufficientS3BucketPolicyException: Incorrect S3 bucket policy is detected for bucket: b-1"
	if got := s.call(t, caller{account, region}, "UpdateTrail", `{"Name":"trail","S3BucketName":"b-1"}`); got != refused {
		t.Errorf("UpdateTrail to a closed bucket gives %s", got)
	}
	g.refuse["bucket"] = errors.New("connection refused")
	if got := s.call(t, caller{account, region}, "CreateTrail", `{"Name":"second","S3BucketName":"b-1"}`); !strings.HasPrefix(got, "InternalFailure: ") || !strings.HasSuffix(got, "connection refused") {
		t.Errorf("CreateTrail without an upstream gives %s", got)
	}
	if all := s.All(); len(all) != 1 || all[0].Bucket != "others" {
		t.Errorf("refused calls left %+v", all)
	}
}

// TestRoom fills Regions with trails.
func TestRoom(t *testing.T) {
	t.Parallel()
	s := open(t)
	create := func(who caller, name, more string) string {
		return s.call(t, who, "CreateTrail", fmt.Sprintf(`{"Name":%q,"S3BucketName":"logs"%s}`, name, more))
	}
	full := func(region string) string {
		return "MaximumNumberOfTrailsExceededException: User: 123456789012 already has 5 trails in " + region + "."
	}
	here, there := caller{account, region}, caller{account, abroad}
	const everywhere = `,"IsMultiRegionTrail":true`
	for i := range 4 {
		create(here, fmt.Sprintf("here-%d", i), "")
	}
	create(there, "there", "")
	if got := create(there, "everywhere", everywhere); !strings.HasPrefix(got, "{") {
		t.Fatal(got)
	}
	for _, c := range []struct{ got, want string }{
		{create(here, "one-more", ""), full(region)},
		{create(there, "one-more", everywhere), full(region)},
		{s.call(t, there, "UpdateTrail", `{"Name":"there","IsMultiRegionTrail":true}`), full(region)},
	} {
		if c.got != c.want {
			t.Errorf("a trail too many gives %s\nwant %s", c.got, c.want)
		}
	}
	if got := create(caller{other, region}, "one-more", ""); !strings.HasPrefix(got, "{") {
		t.Errorf("another account's trail: %s", got)
	}
	s.must(t, "DeleteTrail", `{"Name":"here-0"}`)
	if got := create(here, "one-more", ""); !strings.HasPrefix(got, "{") {
		t.Errorf("a trail in the room of another: %s", got)
	}
}

// keys knows one key by its alias.
type keys struct{}

func (keys) KeyARN(_ context.Context, account, region, arn string) (string, error) {
	if arn == "arn:aws:kms:"+region+":"+account+":alias/known" {
		return "arn:aws:kms:us-east-1:123456789012:key/1", nil
	}
	return "", nil
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *trails.Config) { c.Keys = keys{} })
	if got := s.must(t, "CreateTrail", `{"Name":"trail","S3BucketName":"logs","KmsKeyId":"alias/known"}`); !strings.Contains(got, `"KmsKeyId":"arn:aws:kms:us-east-1:123456789012:key/1"`) {
		t.Errorf("the key of an alias: %s", got)
	}
	if got := s.call(t, caller{account, region}, "UpdateTrail", `{"Name":"trail","KmsKeyId":"alias/unknown"}`); got != "KmsKeyNotFoundException: The KMS key alias/unknown was not found." {
		t.Errorf("an unknown key: %s", got)
	}
}

// TestLogging starts and stops a trail, and reads it again from the disk each time.
func TestLogging(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(t, "CreateTrail", `{"Name":"trail","S3BucketName":"logs"}`)
	step := func(operation string) trails.Trail {
		s.advance(time.Hour)
		if got := s.must(t, operation, `{"Name":"arn:aws:cloudtrail:us-east-1:123456789012:trail/trail"}`); got != "{}" {
			t.Errorf("%s answers %s", operation, got)
		}
		s.reopen(t)
		return s.All()[0]
	}
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	step("StopLogging") // it never logged
	step("StartLogging")
	trail := step("StartLogging")
	if !slices.Equal(trail.Logging, []trails.Span{{From: at(2)}}) {
		t.Errorf("started twice: %v", trail.Logging)
	}
	step("StopLogging")
	trail = step("StopLogging")
	if !slices.Equal(trail.Logging, []trails.Span{{From: at(2), Until: at(4)}}) {
		t.Errorf("stopped twice: %v", trail.Logging)
	}
	step("StartLogging")
	status := s.must(t, "GetTrailStatus", `{"Name":"trail"}`)
	const want = `{"IsLogging":true,"StartLoggingTime":1772388000,"StopLoggingTime":1772380800,"LatestDeliveryAttemptTime":"",` +
		`"LatestNotificationAttemptTime":"","LatestNotificationAttemptSucceeded":"","LatestDeliveryAttemptSucceeded":"",` +
		`"TimeLoggingStarted":"2026-03-01T18:00:00Z","TimeLoggingStopped":"2026-03-01T16:00:00Z"}`
	if status != want {
		t.Errorf("the status is %s\nwant %s", status, want)
	}
	trail = step("DeleteTrail")
	if !slices.Equal(trail.Logging, []trails.Span{{From: at(2), Until: at(4)}, {From: at(6), Until: at(7)}}) || trail.Deleted != at(7) {
		t.Errorf("deleted: %v", trail)
	}
	for hours, logged := range map[int]bool{1: false, 2: true, 4: true, 5: false, 6: true, 7: true, 8: false} {
		if trail.LoggedAt(at(hours)) != logged {
			t.Errorf("LoggedAt after %d hours is %v", hours, !logged)
		}
	}
	s.must(t, "CreateTrail", `{"Name":"trail","S3BucketName":"logs"}`)
	all := s.All()
	if len(all) != 2 || all[0].ARN != all[1].ARN || all[0].ID == all[1].ID {
		t.Fatalf("the trail and its successor are %+v", all)
	}
	for _, trail := range all { // of which one exists
		if err := s.Forget(trail.ID); err != nil {
			t.Fatal(err)
		}
	}
	if left := s.All(); len(left) != 1 || left[0].ID != all[1].ID {
		t.Errorf("forgetting left %+v", left)
	}
	s.must(t, "DeleteTrail", `{"Name":"trail"}`)
	if left := s.All(); len(left) != 0 {
		t.Errorf("a trail that never logged is kept: %+v", left)
	}
}

func TestDamagedFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"Format":1,"Trails":[{"Name"`: "unexpected end of JSON input",
		`{"Format":2}`:                  "format 2 is not 1, the one this version knows",
		"":                              "unexpected end of JSON input",
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "trails.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := trails.Open(trails.Config{Dir: dir})
		if want = fmt.Sprintf("read trails %q: %s", path, want); err == nil || err.Error() != want {
			t.Errorf("opening %q gives %v, want %s", text, err, want)
		}
	}
}

// TestUnwritable asks for a change that cannot be kept: it must not be made.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *trails.Config) {
		// A folder is where the file would be written aside.
		if err := os.Mkdir(filepath.Join(c.Dir, "trails.json.part"), 0o700); err != nil {
			t.Fatal(err)
		}
	})
	got := s.call(t, caller{account, region}, "CreateTrail", `{"Name":"trail","S3BucketName":"logs"}`)
	if !strings.HasPrefix(got, "InternalFailure: write trails: ") || len(s.All()) != 0 {
		t.Errorf("CreateTrail gives %s, and %d trails", got, len(s.All()))
	}
}

// TestManyAtOnce makes calls at the same time: all that was answered is kept.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	var calls sync.WaitGroup
	for i := range 40 {
		who := caller{fmt.Sprintf("%012d", i/4), region} // four trails each
		calls.Go(func() {
			name := fmt.Sprintf("trail-%d", i)
			for _, operation := range []string{"CreateTrail", "StartLogging", "DescribeTrails", "GetTrailStatus"} {
				if got := s.call(t, who, operation, fmt.Sprintf(`{"Name":%q,"S3BucketName":"logs"}`, name)); !strings.HasPrefix(got, "{") {
					t.Errorf("%s %s as %v: %s", operation, name, who, got)
				}
			}
		})
	}
	calls.Wait()
	s.reopen(t)
	all := s.All()
	if len(all) != 40 || slices.ContainsFunc(all, func(trail trails.Trail) bool { return len(trail.Logging) != 1 }) {
		t.Errorf("there are %d trails: %+v", len(all), all)
	}
}
