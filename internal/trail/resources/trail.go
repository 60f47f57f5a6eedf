package resources

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// trailPace is the time between two writes: CloudTrail allows one per second.
const trailPace = time.Second

// lateDeliveries is about the time from an event to its log file.
const lateDeliveries = 5 * time.Minute

// auditTrail is the trail itself. All calls but CreateTrail use its ARN, because the
// trail of an organization cannot be found by name.
type auditTrail struct {
	*Set
	beside []types.Trail // the Region's other trails, with shadow trails; set by Read
	exists bool
}

// trail comes after everything that CreateTrail checks: bucket, key, topic, log group
// and role.
func (s *Set) trail() []converge.Resource {
	t := &auditTrail{Set: s}
	return []converge.Resource{{
		Kind: "trail", Name: s.Names.Trail,
		Want: t.want, Read: t.read, Create: t.create, Delete: t.delete,
		Parts: []converge.Part{
			{
				Fields: []string{
					"bucket", "key_prefix", "topic", "kms_key", "log_group", "role",
					"multi_region", "global_events", "log_validation", "organization",
				},
				Call: "cloudtrail:UpdateTrail", Write: t.update,
			},
			{Fields: []string{"event_selectors", "advanced_event_selectors"}, Call: "cloudtrail:PutEventSelectors", Write: t.putSelectors},
			{Fields: []string{"logging"}, Call: "cloudtrail:StartLogging", Write: t.start},
			// After StartLogging: a stopped trail loses its Insights.
			{Fields: []string{"insights"}, Call: "cloudtrail:PutInsightSelectors", Write: t.putInsights},
			{Fields: []string{"tags"}, Call: "cloudtrail:AddTags", Write: t.tag},
		},
		Retry: t.wait, Pace: trailPace,
	}}
}

// want returns errors that CreateTrail would return, before anything is created.
func (t *auditTrail) want() (converge.State, error) {
	if !t.exists {
		if err := t.checkRoom(); err != nil {
			return nil, err
		}
	}
	classic, advanced := wantedSelectors(t.Spec)
	return converge.State{
		"bucket":                   t.Names.Bucket,
		"key_prefix":               orNil(t.Spec.KeyPrefix),
		"topic":                    orNil(t.notified()),
		"kms_key":                  t.wantedKey(),
		"log_group":                t.logGroupTarget(),
		"role":                     t.Names.RoleARN,
		"multi_region":             true,
		"global_events":            true,
		"log_validation":           true,
		"organization":             t.Spec.Organization,
		"logging":                  true,
		"event_selectors":          describeClassic(classic),
		"advanced_event_selectors": describeAdvanced(advanced),
		"insights":                 converge.Set(t.Spec.Insights),
		"tags":                     t.wantedTags(),
	}, nil
}

func (t *auditTrail) create(ctx context.Context) error {
	in := &cloudtrail.CreateTrailInput{
		Name:                       &t.Names.Trail,
		S3BucketName:               &t.Names.Bucket,
		S3KeyPrefix:                textOrNil(t.Spec.KeyPrefix),
		SnsTopicName:               textOrNil(t.notifiedReference()),
		KmsKeyId:                   textOrNil(t.encryptedBy()),
		CloudWatchLogsLogGroupArn:  aws.String(t.logGroupTarget()),
		CloudWatchLogsRoleArn:      &t.Names.RoleARN,
		IsMultiRegionTrail:         aws.Bool(true),
		IncludeGlobalServiceEvents: aws.Bool(true),
		EnableLogFileValidation:    aws.Bool(true),
		IsOrganizationTrail:        &t.Spec.Organization,
		TagsList:                   trailTags(t.wantedTags()),
	}
	_, err := t.Account.Trails.CreateTrail(ctx, in)
	return t.explain(err)
}

// update sends the fields that differ. "" removes a value. Log group and role are sent
// together, even if only one of them differs.
func (t *auditTrail) update(ctx context.Context, now converge.Actual) error {
	want, err := t.want()
	if err != nil {
		return err
	}
	differs := func(field string) bool { return want[field] != now.State[field] }
	text := func(field, value string) *string {
		if !differs(field) {
			return nil
		}
		return &value
	}
	flag := func(field string, value bool) *bool {
		if !differs(field) {
			return nil
		}
		return &value
	}
	in := &cloudtrail.UpdateTrailInput{
		Name:                       &t.Names.TrailARN,
		S3BucketName:               text("bucket", t.Names.Bucket),
		S3KeyPrefix:                text("key_prefix", t.Spec.KeyPrefix),
		SnsTopicName:               text("topic", t.notifiedReference()),
		KmsKeyId:                   text("kms_key", t.encryptedBy()),
		IsMultiRegionTrail:         flag("multi_region", true),
		IncludeGlobalServiceEvents: flag("global_events", true),
		EnableLogFileValidation:    flag("log_validation", true),
		IsOrganizationTrail:        flag("organization", t.Spec.Organization),
	}
	if differs("log_group") || differs("role") {
		in.CloudWatchLogsLogGroupArn, in.CloudWatchLogsRoleArn = aws.String(t.logGroupTarget()), &t.Names.RoleARN
	}
	_, err = t.Account.Trails.UpdateTrail(ctx, in)
	return t.explain(err)
}

var errSilent = errors.New("the trail does not log, though StartLogging succeeded")

// start waits until GetTrailStatus confirms that the trail logs.
func (t *auditTrail) start(ctx context.Context, _ converge.Actual) error {
	if _, err := t.Account.Trails.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: &t.Names.TrailARN}); err != nil {
		return t.explain(err)
	}
	status, err := t.Account.Trails.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &t.Names.TrailARN})
	if err == nil && !aws.ToBool(status.IsLogging) {
		err = errSilent
	}
	return err
}

func (t *auditTrail) tag(ctx context.Context, now converge.Actual) error {
	in := &cloudtrail.AddTagsInput{ResourceId: &t.Names.TrailARN, TagsList: trailTags(t.tagsFor(now))}
	_, err := t.Account.Trails.AddTags(ctx, in)
	return t.explain(err)
}

// delete then waits for late log files, unless the bucket stays because of its logs:
// CloudTrail still delivers for some minutes. Late files must be deleted with the
// others, or be seen before an empty bucket is deleted.
func (t *auditTrail) delete(ctx context.Context) error {
	_, err := t.Account.Trails.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: &t.Names.TrailARN})
	if err == nil {
		_, err = t.Account.Trails.DeleteTrail(ctx, &cloudtrail.DeleteTrailInput{Name: &t.Names.TrailARN})
	}
	if err != nil {
		return err
	}
	if !t.Spec.CreatesBucket() {
		return nil
	}
	if stays, err := t.storage("bucket", t.Names.Bucket).keep(ctx); err == nil && stays != "" {
		return nil
	}
	t.Progress(fmt.Sprintf("waiting %s for late log files", t.LateDeliveries))
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for late log files: %w", context.Cause(ctx))
	case <-time.After(t.LateDeliveries):
		return nil
	}
}

// notified is the ARN of the topic that gets a message for each log file, or "".
func (s *Set) notified() string {
	if !s.Spec.Notifies() {
		return ""
	}
	return s.Names.TopicARN
}

// notifiedReference is the form that CloudTrail uses for that topic: its name in the
// same account and Region, else its ARN.
func (s *Set) notifiedReference() string {
	return strings.TrimPrefix(s.notified(), s.Account.ARN("sns", ""))
}

// encryptedBy is the ARN of the key for logs and log group; "" for no key, or one that
// is not created yet.
func (s *Set) encryptedBy() string {
	if s.Spec.Encrypted() && !s.Spec.CreatesKey() {
		return s.Spec.KMS
	}
	return s.refs.KeyARN
}

// wantedKey is encryptedBy as a field.
func (s *Set) wantedKey() any {
	if s.Spec.CreatesKey() && s.refs.KeyARN == "" {
		return converge.Unknown{}
	}
	return orNil(s.encryptedBy())
}

// logGroupTarget is the ARN of the log group in the form that a trail has.
func (s *Set) logGroupTarget() string { return s.Names.LogGroupARN + ":*" }

// orNil returns a text as a field, nil if empty.
func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// textOrNil returns a pointer to a text, nil if empty.
func textOrNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
