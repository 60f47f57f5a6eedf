package resources

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// read reads both kinds of selectors. A trail's description says only whether it has
// any.
func (t *auditTrail) read(ctx context.Context) (converge.Actual, error) {
	described, err := t.Account.Trails.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	if err != nil {
		return converge.Actual{}, err
	}
	t.beside = described.TrailList
	at := slices.IndexFunc(t.beside, func(other types.Trail) bool { return aws.ToString(other.TrailARN) == t.Names.TrailARN })
	if t.exists = at >= 0; !t.exists {
		return converge.Actual{}, nil
	}
	found := t.beside[at]
	tags, err := t.tags(ctx)
	if err != nil {
		return converge.Actual{}, err
	}
	actual := t.found(tags, converge.State{
		"bucket":         orNil(aws.ToString(found.S3BucketName)),
		"key_prefix":     orNil(aws.ToString(found.S3KeyPrefix)),
		"topic":          orNil(aws.ToString(found.SnsTopicARN)),
		"kms_key":        orNil(aws.ToString(found.KmsKeyId)),
		"log_group":      orNil(aws.ToString(found.CloudWatchLogsLogGroupArn)),
		"role":           orNil(aws.ToString(found.CloudWatchLogsRoleArn)),
		"multi_region":   aws.ToBool(found.IsMultiRegionTrail),
		"global_events":  aws.ToBool(found.IncludeGlobalServiceEvents),
		"log_validation": aws.ToBool(found.LogFileValidationEnabled),
		"organization":   aws.ToBool(found.IsOrganizationTrail),
	})
	for _, part := range []func(context.Context, *converge.Actual) error{t.readStatus, t.readSelectors, t.readInsights} {
		if err := part(ctx, &actual); err != nil {
			return converge.Actual{}, err
		}
	}
	return actual, nil
}

// readStatus also notes failed deliveries, which no setting of the trail shows.
func (t *auditTrail) readStatus(ctx context.Context, actual *converge.Actual) error {
	status, err := t.Account.Trails.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &t.Names.TrailARN})
	if err != nil {
		return err
	}
	actual.State["logging"] = aws.ToBool(status.IsLogging)
	var broken []string
	for _, delivery := range []struct {
		what, how string
		err       *string
	}{
		{"log files do not reach the bucket", "check the bucket, its policy and the key", status.LatestDeliveryError},
		{"digests do not reach the bucket", "check the bucket, its policy and the key", status.LatestDigestDeliveryError},
		{"events do not reach the log group", "check the log group, the role and its policies", status.LatestCloudWatchLogsDeliveryError},
		{"notifications do not reach the topic", "check the topic and its policy", status.LatestNotificationError},
	} {
		if text := aws.ToString(delivery.err); text != "" {
			broken = append(broken, delivery.what+": "+text+" ("+delivery.how+")")
		}
	}
	actual.Note = strings.Join(broken, "; ")
	return nil
}

func (t *auditTrail) readSelectors(ctx context.Context, actual *converge.Actual) error {
	got, err := t.Account.Trails.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: &t.Names.TrailARN})
	if err != nil {
		return err
	}
	classic := got.EventSelectors
	if len(classic)+len(got.AdvancedEventSelectors) == 0 {
		classic = []types.EventSelector{defaultSelector()}
	}
	actual.State["event_selectors"] = describeClassic(classic)
	actual.State["advanced_event_selectors"] = describeAdvanced(got.AdvancedEventSelectors)
	return nil
}

func (t *auditTrail) readInsights(ctx context.Context, actual *converge.Actual) error {
	got, err := t.Account.Trails.GetInsightSelectors(ctx, &cloudtrail.GetInsightSelectorsInput{TrailName: &t.Names.TrailARN})
	var off *types.InsightNotEnabledException
	if errors.As(err, &off) {
		got, err = &cloudtrail.GetInsightSelectorsOutput{}, nil
	}
	if err != nil {
		return err
	}
	actual.State["insights"] = describeInsights(got.InsightSelectors)
	return nil
}

func (t *auditTrail) tags(ctx context.Context) (map[string]string, error) {
	tags := map[string]string{}
	pages := cloudtrail.NewListTagsPaginator(t.Account.Trails, &cloudtrail.ListTagsInput{ResourceIdList: []string{t.Names.TrailARN}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, resource := range page.ResourceTagList {
			for _, tag := range resource.TagsList {
				tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			}
		}
	}
	return tags, nil
}

// trailTags returns tags in CloudTrail's type, sorted by key.
func trailTags(tags map[string]string) (list []types.Tag) {
	for key, value := range tags {
		list = append(list, types.Tag{Key: &key, Value: &value})
	}
	slices.SortFunc(list, func(a, b types.Tag) int { return cmp.Compare(*a.Key, *b.Key) })
	return list
}
