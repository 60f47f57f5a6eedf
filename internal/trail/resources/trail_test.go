package resources

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/selector"
)

// full asks for all that a trail can have.
func full(spec *trail.Spec) {
	spec.KMS, spec.SNS, spec.Insights = "create", "create", []string{"ApiCallRateInsight", "ApiErrorRateInsight"}
	spec.KeyPrefix = "logs"
	spec.EventSelectors = []selector.Basic{
		{ExcludeManagementEventSources: []string{"rdsdata.amazonaws.com", "kms.amazonaws.com"}},
		{ReadWriteType: "WriteOnly", IncludeManagementEvents: aws.Bool(false), DataResources: []selector.DataResource{
			{Type: "AWS::S3::Object", Values: []string{"arn:aws:s3:::second/", "arn:aws:s3:::first/"}},
		}},
	}
}

// update changes the trail behind our back.
func (b *trailBox) update(s *Set, in cloudtrail.UpdateTrailInput) func(context.Context) error {
	return func(ctx context.Context) error {
		in.Name = &s.Names.TrailARN
		_, err := b.Trails.UpdateTrail(ctx, &in)
		return err
	}
}

func (b *trailBox) putSelectors(s *Set, in cloudtrail.PutEventSelectorsInput) func(context.Context) error {
	return func(ctx context.Context) error {
		in.TrailName = &s.Names.TrailARN
		_, err := b.Trails.PutEventSelectors(ctx, &in)
		return err
	}
}

func (b *trailBox) putInsights(s *Set, selectors ...types.InsightSelector) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := b.Trails.PutInsightSelectors(ctx, &cloudtrail.PutInsightSelectorsInput{
			TrailName: &s.Names.TrailARN, InsightSelectors: append([]types.InsightSelector{}, selectors...),
		})
		return err
	}
}

func (b *trailBox) stop(s *Set) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := b.Trails.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: &s.Names.TrailARN})
		return err
	}
}

func (b *trailBox) createBucket(t *testing.T, name string) {
	t.Helper()
	_, err := b.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: &name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: testRegion},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func advanced(name string, fields ...types.AdvancedFieldSelector) cloudtrail.PutEventSelectorsInput {
	fields = append(fields, types.AdvancedFieldSelector{Field: aws.String("eventCategory"), Equals: []string{"Management"}})
	return cloudtrail.PutEventSelectorsInput{AdvancedEventSelectors: []types.AdvancedEventSelector{{Name: &name, FieldSelectors: fields}}}
}

func TestTrail(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{Unchecked: true}) // so that it can be sent anywhere
	s := b.set(full)
	b.createBucket(t, "another-bucket")
	mustApply(t, s.core()) // with what the trail stands on
	otherGroup := strings.Replace(s.logGroupTarget(), s.Names.LogGroup, "elsewhere", 1)

	mends(t, s.trail(), []drift{
		{"bucket", b.update(s, cloudtrail.UpdateTrailInput{S3BucketName: aws.String("another-bucket")}), []string{"bucket"}},
		{"prefix", b.update(s, cloudtrail.UpdateTrailInput{S3KeyPrefix: aws.String("elsewhere")}), []string{"key_prefix"}},
		{"prefix cleared", b.update(s, cloudtrail.UpdateTrailInput{S3KeyPrefix: aws.String("")}), []string{"key_prefix"}},
		{"topic", b.update(s, cloudtrail.UpdateTrailInput{SnsTopicName: aws.String("another")}), []string{"topic"}},
		{"topic cleared", b.update(s, cloudtrail.UpdateTrailInput{SnsTopicName: aws.String("")}), []string{"topic"}},
		{"key cleared", b.update(s, cloudtrail.UpdateTrailInput{KmsKeyId: aws.String("")}), []string{"kms_key"}},
		{"log group", b.update(s, cloudtrail.UpdateTrailInput{CloudWatchLogsLogGroupArn: &otherGroup, CloudWatchLogsRoleArn: &s.Names.RoleARN}), []string{"log_group"}},
		{"role", b.update(s, cloudtrail.UpdateTrailInput{
			CloudWatchLogsLogGroupArn: aws.String(s.logGroupTarget()), CloudWatchLogsRoleArn: aws.String(s.Names.RoleARN + "-other"),
		}), []string{"role"}},
		{"log group and role cleared", b.update(s, cloudtrail.UpdateTrailInput{
			CloudWatchLogsLogGroupArn: aws.String(""), CloudWatchLogsRoleArn: aws.String(""),
		}), []string{"log_group", "role"}},
		{"one region", b.update(s, cloudtrail.UpdateTrailInput{IsMultiRegionTrail: aws.Bool(false)}), []string{"multi_region"}},
		{"without global events", b.update(s, cloudtrail.UpdateTrailInput{
			IsMultiRegionTrail: aws.Bool(false), IncludeGlobalServiceEvents: aws.Bool(false),
		}), []string{"global_events", "multi_region"}},
		{"validation", b.update(s, cloudtrail.UpdateTrailInput{EnableLogFileValidation: aws.Bool(false)}), []string{"log_validation"}},
		{"all at once", b.update(s, cloudtrail.UpdateTrailInput{
			S3BucketName: aws.String("another-bucket"), S3KeyPrefix: aws.String(""), SnsTopicName: aws.String(""), KmsKeyId: aws.String(""),
			CloudWatchLogsLogGroupArn: aws.String(""), CloudWatchLogsRoleArn: aws.String(""),
			IsMultiRegionTrail: aws.Bool(false), IncludeGlobalServiceEvents: aws.Bool(false), EnableLogFileValidation: aws.Bool(false),
		}), []string{"bucket", "global_events", "key_prefix", "kms_key", "log_group", "log_validation", "multi_region", "role", "topic"}},
		{"stopped", b.stop(s), []string{"logging"}},
		{"reads only", b.putSelectors(s, cloudtrail.PutEventSelectorsInput{EventSelectors: []types.EventSelector{{ReadWriteType: "ReadOnly"}}}), []string{"event_selectors"}},
		{"no management events", b.putSelectors(s, cloudtrail.PutEventSelectorsInput{EventSelectors: []types.EventSelector{{
			IncludeManagementEvents: aws.Bool(false),
			DataResources:           []types.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{"arn:aws:s3:::none/"}}},
		}}}), []string{"event_selectors"}},
		{"reset", b.putSelectors(s, cloudtrail.PutEventSelectorsInput{EventSelectors: []types.EventSelector{defaultSelector()}}), []string{"event_selectors"}},
		{"advanced", b.putSelectors(s, advanced("")), []string{"advanced_event_selectors", "event_selectors"}},
		{"no Insights", b.putInsights(s), []string{"insights"}},
		{"fewer Insights", b.putInsights(s, types.InsightSelector{InsightType: "ApiErrorRateInsight"}), []string{"insights"}},
		{"Insights of data events", b.putInsights(s, types.InsightSelector{InsightType: "ApiCallRateInsight"},
			types.InsightSelector{InsightType: "ApiErrorRateInsight", EventCategories: []types.SourceEventCategory{"Data"}}), []string{"insights"}},
		{"tags", func(ctx context.Context) error {
			_, err := b.Trails.RemoveTags(ctx, &cloudtrail.RemoveTagsInput{ResourceId: &s.Names.TrailARN, TagsList: []types.Tag{{Key: aws.String("team")}}})
			return err
		}, []string{"tags"}},
		{"tags of others", func(ctx context.Context) error {
			_, err := b.Trails.AddTags(ctx, &cloudtrail.AddTagsInput{ResourceId: &s.Names.TrailARN, TagsList: trailTags(map[string]string{"cost": "7"})})
			return err
		}, nil},
		{"deleted", func(ctx context.Context) error {
			_, err := b.Trails.DeleteTrail(ctx, &cloudtrail.DeleteTrailInput{Name: &s.Names.TrailARN})
			return err
		}, []string{
			"bucket", "event_selectors", "global_events", "insights", "key_prefix", "kms_key", "log_group", "log_validation",
			"logging", "multi_region", "organization", "role", "tags", "topic",
		}},
	})

	t.Run("not ours", func(t *testing.T) {
		_, err := b.Trails.RemoveTags(t.Context(), &cloudtrail.RemoveTagsInput{ResourceId: &s.Names.TrailARN, TagsList: []types.Tag{{Key: aws.String(trail.OwnerTag)}}})
		if err != nil {
			t.Fatal(err)
		}
		refuses(t, s.trail(), "")
	})
}

func TestTrailWithFewerOptions(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{Unchecked: true})
	mustApply(t, b.set(full).core())
	t.Run("none", func(t *testing.T) {
		s := b.set(nil)
		mustApply(t, s.core())
		got, err := b.Trails.GetTrail(t.Context(), &cloudtrail.GetTrailInput{Name: &s.Names.TrailARN})
		if err != nil {
			t.Fatal(err)
		}
		if got.Trail.KmsKeyId != nil || got.Trail.SnsTopicARN != nil || got.Trail.S3KeyPrefix != nil || *got.Trail.HasCustomEventSelectors || *got.Trail.HasInsightSelectors {
			t.Errorf("options are left over: %+v", *got.Trail)
		}
		mends(t, s.trail(), []drift{
			{"events of KMS left out", b.putSelectors(s, cloudtrail.PutEventSelectorsInput{EventSelectors: []types.EventSelector{{
				ExcludeManagementEventSources: []string{"kms.amazonaws.com"},
			}}}), []string{"event_selectors"}},
			{"Insights that nobody wanted", b.putInsights(s, types.InsightSelector{InsightType: "ApiCallRateInsight"}), []string{"insights"}},
		})
	})
	t.Run("advanced", func(t *testing.T) {
		s := b.set(func(spec *trail.Spec) {
			spec.AdvancedEventSelectors = []selector.Advanced{{Name: "Management events selector", FieldSelectors: []selector.FieldSelector{
				{Field: "eventCategory", Equals: []string{"Management"}},
			}}}
		})
		mends(t, s.trail(), []drift{
			{"name", b.putSelectors(s, advanced("other")), []string{"advanced_event_selectors"}},
			{"condition", b.putSelectors(s, advanced("Management events selector",
				types.AdvancedFieldSelector{Field: aws.String("readOnly"), Equals: []string{"true"}})), []string{"advanced_event_selectors"}},
			{"classic", b.putSelectors(s, cloudtrail.PutEventSelectorsInput{EventSelectors: []types.EventSelector{defaultSelector()}}),
				[]string{"advanced_event_selectors", "event_selectors"}},
		})
	})
}

// With its checks on, the sandbox refuses a trail until everything lets CloudTrail in,
// and a role for a while after it changed.
func TestTrailOnFreshResources(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{Propagation: 5 * time.Second})
	s := b.set(full)
	var waits []string
	options := converge.Options{Classify: Classify, Progress: func(step converge.Step) {
		if step.Wait > 0 && step.Kind == "trail" {
			waits = append(waits, step.Why)
		}
	}}
	if _, err := converge.Apply(t.Context(), s.core(), options); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(waits, func(why string) bool { return strings.Contains(why, "role is not known to CloudTrail yet") }) {
		t.Errorf("the trail waited for %q, not for the role", waits)
	}
	if plan := mustPlan(t, s.core()); !plan.Empty() {
		t.Errorf("still to do:\n%s", planText(t, plan))
	}

	t.Run("health", func(t *testing.T) {
		b.deliver(t)
		if note := noteOf(t, s.trail()); note != "" {
			t.Errorf("the healthy trail has the note %q", note)
		}
		_, err := b.S3.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &s.Names.Bucket})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.IAM.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: &s.Names.Role, PolicyName: &s.Names.RolePolicy}); err != nil {
			t.Fatal(err)
		}
		b.deliver(t)
		note := noteOf(t, s.trail())
		for _, want := range []string{"log files do not reach the bucket: AccessDenied", "events do not reach the log group: "} {
			if !strings.Contains(note, want) {
				t.Errorf("the note %q does not tell that %q", note, want)
			}
		}
	})

	t.Run("destroy", func(t *testing.T) {
		if _, err := converge.Destroy(t.Context(), s.trail(), hurried()); err != nil {
			t.Fatal(err)
		}
		_, err := b.Trails.GetTrail(t.Context(), &cloudtrail.GetTrailInput{Name: &s.Names.TrailARN})
		if !account.Missing(err) {
			t.Errorf("GetTrail: %v, want that it is missing", err)
		}
	})
}

func noteOf(t *testing.T, resources []converge.Resource) string {
	t.Helper()
	actual, err := resources[0].Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return actual.Note
}

func TestTrailWaitsForLateDeliveries(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{Unchecked: true})
	s := b.set(func(spec *trail.Spec) { spec.ForceDestroy = true })
	mustApply(t, s.core())
	s.LateDeliveries = time.Hour
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { // as soon as the trail is gone, somebody is tired of waiting
		for ctx.Err() == nil {
			_, err := b.Trails.GetTrail(t.Context(), &cloudtrail.GetTrailInput{Name: &s.Names.TrailARN})
			if account.Missing(err) {
				cancel(errors.New("tired"))
			}
		}
	}()
	if err := s.trail()[0].Delete(ctx); err == nil || !strings.Contains(err.Error(), "wait for late log files: tired") {
		t.Errorf("got %v, want that the waiting was cut short", err)
	}
}

func TestNoRoomForTrail(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{Unchecked: true})
	s := b.set(nil)
	b.createBucket(t, "another-bucket")
	create := func(region, name string, multi bool) {
		_, err := b.Trails.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{
			Name: &name, S3BucketName: aws.String("another-bucket"), IsMultiRegionTrail: &multi,
		}, func(o *cloudtrail.Options) { o.Region = region })
		if err != nil {
			t.Fatal(err)
		}
	}
	fails := func(want ...string) {
		t.Helper()
		_, err := converge.PlanApply(t.Context(), s.core(), hurried())
		for _, want := range want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the plan fails with %v, want an error that has %q", err, want)
			}
		}
	}
	for _, name := range []string{"one", "two", "three", "four"} {
		create(testRegion, name, false)
	}
	mustPlan(t, s.core())
	create("us-east-1", "five", true)
	fails("eu-west-2 has the 5 trails", "five of us-east-1, four of eu-west-2")
	if _, err := converge.PlanDestroy(t.Context(), s.core(), hurried()); err != nil {
		t.Errorf("PlanDestroy: %v", err)
	}

	t.Run("other home", func(t *testing.T) {
		if _, err := b.Trails.DeleteTrail(t.Context(), &cloudtrail.DeleteTrailInput{Name: aws.String("one")}); err != nil {
			t.Fatal(err)
		}
		create("us-west-2", s.Names.Trail, true)
		fails("exists with the home Region us-west-2", "set region to us-west-2")
	})
}

func TestOrganizationTrail(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	if _, err := b.Organizations.CreateOrganization(t.Context(), &organizations.CreateOrganizationInput{FeatureSet: "ALL"}); err != nil {
		t.Fatal(err)
	}
	var err error
	b.Account, err = account.Connect(t.Context(), account.Options{Region: testRegion, Endpoint: b.endpoint, Organization: true})
	if err != nil {
		t.Fatal(err)
	}
	s := b.set(func(spec *trail.Spec) { spec.Organization = true })
	_, err = converge.PlanApply(t.Context(), s.core(), hurried())
	if want := "enable-aws-service-access --service-principal cloudtrail.amazonaws.com"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("without trusted access the plan fails with %v, want an error that has %q", err, want)
	}
	if _, err := converge.PlanDestroy(t.Context(), s.core(), hurried()); err != nil {
		t.Errorf("PlanDestroy without trusted access: %v", err)
	}
	_, err = b.Organizations.EnableAWSServiceAccess(t.Context(), &organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String(account.ServicePrincipal)})
	if err != nil {
		t.Fatal(err)
	}
	mustApply(t, s.core())
	mends(t, s.trail(), []drift{
		{"of one account", b.update(s, cloudtrail.UpdateTrailInput{IsOrganizationTrail: aws.Bool(false)}), []string{"organization"}},
	})
	if _, err := converge.Destroy(t.Context(), s.core(), hurried()); err != nil {
		t.Error(err)
	}
}
