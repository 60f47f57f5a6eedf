package trails_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

// TestClient lets the AWS SDK read every answer.
func TestClient(t *testing.T) {
	t.Parallel()
	delivered := start.Add(time.Minute + 250*time.Millisecond)
	s := open(t, func(c *trails.Config) {
		c.Status = func(string, string) trails.Status {
			return trails.Status{
				Logs:          trails.Delivered{Latest: delivered, LatestAttempt: delivered.Add(time.Hour), Error: "AccessDenied"},
				Digests:       trails.Delivered{Latest: delivered.Add(time.Second)},
				LogGroup:      trails.Delivered{Error: "ResourceNotFoundException"},
				Notifications: trails.Delivered{Latest: delivered, LatestAttempt: delivered},
			}
		}
		c.PublicKeys = func(region string, from, until time.Time) []digest.PublicKey {
			return []digest.PublicKey{{Value: []byte("DER"), ValidityStartTime: digest.Time{Time: from},
				ValidityEndTime: digest.Time{Time: until}, Fingerprint: region}}
		}
	})
	ctx, ct := t.Context(), client(s.serve(t), caller{account, region})
	arn := "arn:aws:cloudtrail:us-east-1:123456789012:trail/management"

	created := must(ct.CreateTrail(ctx, &cloudtrail.CreateTrailInput{
		Name: aws.String("management"), S3BucketName: aws.String("logs"), S3KeyPrefix: aws.String("a/b"),
		SnsTopicName: aws.String("topic"), IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true),
		CloudWatchLogsLogGroupArn: aws.String("arn:aws:logs:us-east-1:123456789012:log-group:trail:*"),
		CloudWatchLogsRoleArn:     aws.String("arn:aws:iam::123456789012:role/service-role/trail"),
		KmsKeyId:                  aws.String("alias/trail"),
		TagsList:                  []types.Tag{{Key: aws.String("Team"), Value: aws.String("security")}},
	}))(t)
	equal(t, "TrailARN", aws.ToString(created.TrailARN), arn)
	equal(t, "SnsTopicARN", aws.ToString(created.SnsTopicARN), "arn:aws:sns:us-east-1:123456789012:topic")
	equal(t, "KmsKeyId", aws.ToString(created.KmsKeyId), "arn:aws:kms:us-east-1:123456789012:alias/trail")

	got := must(ct.GetTrail(ctx, &cloudtrail.GetTrailInput{Name: &arn}))(t).Trail
	equal(t, "HomeRegion", aws.ToString(got.HomeRegion), region)
	equal(t, "IncludeGlobalServiceEvents", aws.ToBool(got.IncludeGlobalServiceEvents), true)
	if got.HasCustomEventSelectors == nil || *got.HasCustomEventSelectors || *got.HasInsightSelectors || *got.IsOrganizationTrail {
		t.Errorf("a new trail has %+v", got)
	}

	must(ct.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: &arn}))(t)
	status := must(ct.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &arn}))(t)
	equal(t, "IsLogging", aws.ToBool(status.IsLogging), true)
	equal(t, "LatestDeliveryTime", aws.ToTime(status.LatestDeliveryTime).Equal(delivered), true)
	equal(t, "LatestDeliveryError", aws.ToString(status.LatestDeliveryError), "AccessDenied")
	equal(t, "LatestDeliveryAttemptTime", aws.ToString(status.LatestDeliveryAttemptTime), "2026-03-01T13:01:00Z")
	equal(t, "LatestDeliveryAttemptSucceeded", aws.ToString(status.LatestDeliveryAttemptSucceeded), "2026-03-01T12:01:00Z")
	equal(t, "LatestNotificationAttemptSucceeded", aws.ToString(status.LatestNotificationAttemptSucceeded), "2026-03-01T12:01:00Z")
	equal(t, "LatestCloudWatchLogsDeliveryError", aws.ToString(status.LatestCloudWatchLogsDeliveryError), "ResourceNotFoundException")
	equal(t, "TimeLoggingStarted", aws.ToString(status.TimeLoggingStarted), "2026-03-01T12:00:00Z")
	equal(t, "StopLoggingTime", status.StopLoggingTime, nil)

	must(ct.PutInsightSelectors(ctx, &cloudtrail.PutInsightSelectorsInput{TrailName: &arn,
		InsightSelectors: []types.InsightSelector{{InsightType: types.InsightTypeApiErrorRateInsight}}}))(t)
	insights := must(ct.GetInsightSelectors(ctx, &cloudtrail.GetInsightSelectorsInput{TrailName: &arn}))(t)
	equal(t, "InsightSelectors", len(insights.InsightSelectors), 1)

	tags := must(ct.ListTags(ctx, &cloudtrail.ListTagsInput{ResourceIdList: []string{arn}}))(t)
	equal(t, "tag", aws.ToString(tags.ResourceTagList[0].TagsList[0].Value), "security")
	keys := must(ct.ListPublicKeys(ctx, &cloudtrail.ListPublicKeysInput{StartTime: aws.Time(start.Add(-time.Hour))}))(t).PublicKeyList
	equal(t, "key", string(keys[0].Value), "DER")
	equal(t, "ValidityStartTime", keys[0].ValidityStartTime.Equal(start.Add(-time.Hour)), true)

	must(ct.DeleteTrail(ctx, &cloudtrail.DeleteTrailInput{Name: &arn}))(t)
	_, err := ct.GetTrail(ctx, &cloudtrail.GetTrailInput{Name: aws.String("management")})
	if refused, ok := errors.AsType[*types.TrailNotFoundException](err); !ok ||
		refused.ErrorMessage() != "Unknown trail: "+arn+" for the user: "+account {
		t.Errorf("GetTrail of a deleted trail: %v", err)
	}
	var apiErr smithy.APIError
	_, err = ct.ListEventDataStores(ctx, &cloudtrail.ListEventDataStoresInput{})
	if !errors.As(err, &apiErr) || apiErr.ErrorCode() != "UnsupportedOperationException" {
		t.Errorf("ListEventDataStores: %v", err)
	}
}

func must[Out any](out Out, err error) func(*testing.T) Out {
	return func(t *testing.T) Out {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func equal[V comparable](t *testing.T, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// TestShadows looks at a trail of many Regions and at one of a single Region from
// home, from abroad and from another account.
func TestShadows(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(t, "CreateTrail", `{"Name":"everywhere","S3BucketName":"logs","IsMultiRegionTrail":true}`)
	s.must(t, "CreateTrail", `{"Name":"local","S3BucketName":"logs"}`)
	s.must(t, "StartLogging", `{"Name":"everywhere"}`)
	ct := func(who caller) *cloudtrail.Client { return client(s.serve(t), who) }
	names := func(who caller, in *cloudtrail.DescribeTrailsInput) (names []string) {
		for _, trail := range must(ct(who).DescribeTrails(t.Context(), in))(t).TrailList {
			names = append(names, *trail.Name)
		}
		return names
	}
	const everywhere, local = "arn:aws:cloudtrail:us-east-1:123456789012:trail/everywhere", "arn:aws:cloudtrail:us-east-1:123456789012:trail/local"
	no, at, from := aws.Bool(false), caller{account, region}, caller{account, abroad}
	for _, c := range []struct {
		who  caller
		in   cloudtrail.DescribeTrailsInput
		want []string
	}{
		{at, cloudtrail.DescribeTrailsInput{}, []string{"everywhere", "local"}},
		{at, cloudtrail.DescribeTrailsInput{IncludeShadowTrails: no}, []string{"everywhere", "local"}},
		{at, cloudtrail.DescribeTrailsInput{TrailNameList: []string{"local", "missing"}}, []string{"local"}},
		{from, cloudtrail.DescribeTrailsInput{}, []string{"everywhere"}},
		{from, cloudtrail.DescribeTrailsInput{IncludeShadowTrails: no}, nil},
		{from, cloudtrail.DescribeTrailsInput{TrailNameList: []string{"everywhere"}}, nil},
		{from, cloudtrail.DescribeTrailsInput{TrailNameList: []string{everywhere}}, []string{"everywhere"}},
		{from, cloudtrail.DescribeTrailsInput{TrailNameList: []string{local}}, []string{"local"}},
		{from, cloudtrail.DescribeTrailsInput{TrailNameList: []string{everywhere}, IncludeShadowTrails: no}, nil},
		{caller{other, region}, cloudtrail.DescribeTrailsInput{TrailNameList: []string{everywhere}}, nil},
	} {
		if got := names(c.who, &c.in); !slices.Equal(got, c.want) {
			t.Errorf("DescribeTrails %+v as %v gives %v, want %v", c.in, c.who, got, c.want)
		}
	}
	all := must(ct(from).ListTrails(t.Context(), &cloudtrail.ListTrailsInput{}))(t).Trails
	if len(all) != 2 || *all[0].HomeRegion != region {
		t.Errorf("ListTrails from abroad gives %+v", all)
	}
	if status := must(ct(from).GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: aws.String(everywhere)}))(t); !*status.IsLogging {
		t.Error("the shadow is not logging")
	}

	unknown := func(arn, account string) string {
		return "TrailNotFoundException: Unknown trail: " + arn + " for the user: " + account
	}
	const notHere = "InvalidHomeRegionException: The home Region of the trail " + everywhere + " is us-east-1; the trail can only be changed from there."
	const missing = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/local"
	for _, c := range []struct {
		who             caller
		operation, body string
		want            string
	}{
		{from, "GetTrail", `{"Name":"everywhere"}`, unknown("arn:aws:cloudtrail:eu-west-1:123456789012:trail/everywhere", account)},
		{from, "GetTrailStatus", `{"Name":"` + local + `"}`, unknown(local, account)},
		{from, "GetEventSelectors", `{"TrailName":"local"}`, unknown(missing, account)},
		{caller{other, region}, "GetTrail", `{"Name":"` + everywhere + `"}`, unknown(everywhere, other)},
		{caller{other, region}, "StopLogging", `{"Name":"` + everywhere + `"}`, unknown(everywhere, other)},
		{from, "StopLogging", `{"Name":"everywhere"}`, notHere},
		{from, "UpdateTrail", `{"Name":"` + everywhere + `"}`, notHere},
		{from, "DeleteTrail", `{"Name":"` + everywhere + `"}`, notHere},
		{from, "PutEventSelectors", `{"TrailName":"` + everywhere + `"}`, notHere},
		{from, "PutInsightSelectors", `{"TrailName":"` + everywhere + `","InsightSelectors":[]}`, notHere},
		{from, "StartLogging", `{"Name":"local"}`, unknown(missing, account)},
		{from, "CreateTrail", `{"Name":"everywhere","S3BucketName":"logs"}`, "TrailAlreadyExistsException: Trail everywhere already exists for customer: 123456789012"},
		{at, "CreateTrail", `{"Name":"local","S3BucketName":"logs"}`, "TrailAlreadyExistsException: Trail local already exists for customer: 123456789012"},
		{from, "ListTags", `{"ResourceIdList":["` + everywhere + `"]}`, "CloudTrailARNInvalidException: Region in ARN is wrong, you can only access resources in region eu-west-1."},
		{at, "GetTrail", `{"Name":"arn:aws:cloudtrail:us-east-1:123456789012:channel/x"}`, "CloudTrailARNInvalidException: The ARN is not valid: arn:aws:cloudtrail:us-east-1:123456789012:channel/x."},
	} {
		if got := s.call(t, c.who, c.operation, c.body); got != c.want {
			t.Errorf("%s %s as %v gives %s\nwant %s", c.operation, c.body, c.who, got, c.want)
		}
	}
	s.must(t, "UpdateTrail", `{"Name":"everywhere","IsMultiRegionTrail":false}`)
	if got := names(from, &cloudtrail.DescribeTrailsInput{}); got != nil {
		t.Errorf("the trail is of one Region now, but abroad there are %v", got)
	}
}

// TestListTrailsPages has more trails than a page holds, in many Regions, and
// deletes one between pages.
func TestListTrailsPages(t *testing.T) {
	t.Parallel()
	s := open(t)
	for i := range 105 {
		who := caller{account, fmt.Sprintf("region-%02d", i/5)}
		s.call(t, who, "CreateTrail", fmt.Sprintf(`{"Name":"trail-%d","S3BucketName":"logs"}`, i))
	}
	names := map[string]bool{}
	pages := cloudtrail.NewListTrailsPaginator(client(s.serve(t), caller{account, region}), &cloudtrail.ListTrailsInput{})
	for n := 0; pages.HasMorePages(); n++ {
		for _, trail := range must(pages.NextPage(t.Context()))(t).Trails {
			names[*trail.Name] = true
		}
		if n == 0 {
			if len(names) != 100 {
				t.Errorf("the first page has %d trails", len(names))
			}
			s.call(t, caller{account, "region-00"}, "DeleteTrail", `{"Name":"trail-0"}`)
		}
	}
	if len(names) != 105 {
		t.Errorf("%d trails were listed", len(names))
	}
	if got := s.call(t, caller{account, region}, "ListTrails", `{"NextToken":"!"}`); got != "InvalidNextTokenException: The next token is not valid." {
		t.Errorf("ListTrails with a bad token: %s", got)
	}
}
