package resources_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/selector"
)

// full is a trail with every option that can be used together.
func full(env string) trail.Spec {
	spec := deploytest.Spec(env)
	spec.Tags = map[string]string{"CostCenter": "security"}
	spec.RetentionDays, spec.GlacierAfterDays = 400, 100
	spec.ForceDestroy = true
	spec.KeyPrefix = "audit"
	spec.KMS, spec.SNS, spec.AccessLogging = "create", "create", "create"
	spec.SNSSubscriptions = []trail.Subscription{{Protocol: "email", Endpoint: "logs@example.com"}}
	spec.Insights = []string{"ApiCallRateInsight", "ApiErrorRateInsight"}
	spec.EventSelectors = []selector.Basic{{
		ReadWriteType: "All",
		DataResources: []selector.DataResource{{Type: "AWS::S3::Object", Values: []string{"arn:aws:s3:::somebodys-bucket/"}}},
	}}
	spec.Alarms.Enabled, spec.Alarms.Tamper = true, true
	spec.Alarms.Subscriptions = []trail.Subscription{{Protocol: "email", Endpoint: "alarms@example.com"}}
	spec.GuardDuty = true
	spec.SecurityHub.Enabled = true
	return spec
}

// plain is a trail with defaults whose logs may be deleted.
func plain(env string) trail.Spec {
	spec := deploytest.Spec(env)
	spec.ForceDestroy = true
	return spec
}

func specs() map[string]trail.Spec {
	return map[string]trail.Spec{"defaults": plain("dev"), "everything": full("prod")}
}

// A trail from nothing to nothing.
func TestDeploy(t *testing.T) {
	box := deploytest.Open(t)
	for name, spec := range specs() {
		t.Run(name, func(t *testing.T) {
			for _, change := range box.Plan(t, spec).Changes() {
				if change.Action != converge.Create && change.Action != converge.Gone {
					t.Errorf("at first, the plan is to %s %s %s: %s", change.Action, change.Kind, change.Name, change.Note)
				}
			}
			if done := box.Apply(t, spec); len(done) == 0 {
				t.Error("apply says that it did nothing")
			}

			recorded := box.Recorded(t)
			if done := box.Apply(t, spec); len(done) > 0 {
				t.Errorf("a second apply says %q", done)
			}
			for _, e := range recorded() {
				if !e.ReadOnly {
					t.Errorf("a second apply calls %s with %s", e.Call(), e.Parameters)
				}
			}
			mustBeEmpty(t, box, spec)
			mustDeliver(t, box, spec)
			mustBeEmpty(t, box, spec)

			result := box.Destroy(t, spec)
			for _, change := range box.Plan(t, spec).Changes() {
				if change.Action != converge.Create && change.Action != converge.Gone {
					t.Errorf("after destroy, the plan is to %s %s %s: %s", change.Action, change.Kind, change.Name, change.Note)
				}
			}
			if len(result.Stays) > 0 {
				t.Errorf("destroy leaves %q", result.Stays)
			}
		})
	}
}

func mustBeEmpty(t *testing.T, box *deploytest.Box, spec trail.Spec) {
	t.Helper()
	plan := box.Plan(t, spec)
	if plan.Empty() {
		return
	}
	for _, change := range plan.Changes() {
		if change.Action != converge.None && change.Action != converge.Gone {
			t.Errorf("the plan is to %s %s %s: %+v %s", change.Action, change.Kind, change.Name, change.Fields, change.Note)
		}
	}
}

// mustDeliver makes a call and looks for it in the bucket and in the log group.
func mustDeliver(t *testing.T, box *deploytest.Box, spec trail.Spec) {
	t.Helper()
	set := box.Set(t, spec)
	if _, err := set.Account.IAM.CreateUser(t.Context(), &iam.CreateUserInput{UserName: new("somebody-" + spec.Env)}); err != nil {
		t.Fatal(err)
	}
	box.Deliver(t)
	folder := "AWSLogs/" + deploytest.Account + "/CloudTrail/us-east-1/"
	if spec.KeyPrefix != "" {
		folder = spec.KeyPrefix + "/" + folder
	}
	objects, err := set.Account.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &set.Names.Bucket, Prefix: &folder})
	if err != nil || len(objects.Contents) == 0 {
		t.Errorf("no log file below %s (%v)", folder, err)
	}
	events, err := set.Account.Logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &set.Names.LogGroup})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(events.Events, func(e types.FilteredLogEvent) bool { return strings.Contains(*e.Message, `"somebody-`+spec.Env+`"`) }) {
		t.Errorf("the call is not among the %d events of the log group", len(events.Events))
	}
}

// A resource with our name and without our tag is foreign until it is adopted.
func TestAdopt(t *testing.T) {
	box := deploytest.Open(t)
	spec := plain("dev")
	set := box.Set(t, spec)
	if _, err := set.Account.Logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &set.Names.LogGroup}); err != nil {
		t.Fatal(err)
	}
	recorded := box.Recorded(t)
	result, err := converge.Apply(t.Context(), set.All(), deploytest.Options())
	if err == nil || !strings.Contains(outcome.Hint(err), "--adopt") || len(result.Done) > 0 {
		t.Errorf("a foreign log group: %v, done: %q, hint: %s", err, result.Done, outcome.Hint(err))
	}
	for _, e := range recorded() {
		if !e.ReadOnly {
			t.Errorf("refused, and yet %s", e.Call())
		}
	}
	kept := box.Destroy(t, spec)
	if len(kept.Done) > 0 || len(kept.Stays) != 1 {
		t.Errorf("destroy does %q, leaves %q", kept.Done, kept.Stays)
	}

	options := deploytest.Options()
	options.Adopt = true
	if _, err := converge.Apply(t.Context(), set.All(), options); err != nil {
		t.Fatal(err)
	}
	mustBeEmpty(t, box, spec)
	box.Destroy(t, spec)
	for _, c := range box.Plan(t, spec).Changes() {
		if c.Action != converge.Gone && c.Action == converge.Create == (c.Kind == "log group") {
			t.Errorf("after destroy, %s is to %s", c.Kind, c.Action)
		}
	}
}
