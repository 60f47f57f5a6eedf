package supplement_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
)

func securityHub(s *sandbox) {
	s.aws.Region = "eu-west-2" // another hub than that of the findings
	hub := securityhub.NewFromConfig(s.aws)
	for _, err := range []error{
		second(hub.GetEnabledStandards(s.Context(), &securityhub.GetEnabledStandardsInput{})),
		second(hub.DescribeStandards(s.Context(), &securityhub.DescribeStandardsInput{})),
		second(hub.GetFindings(s.Context(), &securityhub.GetFindingsInput{})),
		second(hub.UpdateSecurityHubConfiguration(s.Context(), &securityhub.UpdateSecurityHubConfigurationInput{})),
	} {
		s.refused(err, "InvalidAccessException")
	}
	_, err := hub.EnableSecurityHub(s.Context(), &securityhub.EnableSecurityHubInput{Tags: map[string]string{"team": "security"}})
	s.must(err)
	_, err = hub.EnableSecurityHub(s.Context(), &securityhub.EnableSecurityHubInput{})
	s.refused(err, "ResourceConflictException")

	hubTags(s, hub)
	described, err := hub.DescribeStandards(s.Context(), &securityhub.DescribeStandardsInput{})
	s.must(err)
	var cis string
	for _, standard := range described.Standards {
		if strings.HasSuffix(*standard.StandardsArn, "cis-aws-foundations-benchmark/v/5.0.0") {
			cis = *standard.StandardsArn
		}
	}
	if cis != "arn:aws:securityhub:eu-west-2::standards/cis-aws-foundations-benchmark/v/5.0.0" {
		s.Fatalf("CIS 5.0.0 is %q", cis)
	}
	enabled, err := hub.BatchEnableStandards(s.Context(), &securityhub.BatchEnableStandardsInput{
		StandardsSubscriptionRequests: []types.StandardsSubscriptionRequest{{StandardsArn: &cis}},
	})
	s.must(err)
	arn := *enabled.StandardsSubscriptions[0].StandardsSubscriptionArn
	if arn != "arn:aws:securityhub:eu-west-2:123456789012:subscription/cis-aws-foundations-benchmark/v/5.0.0" || enabled.StandardsSubscriptions[0].StandardsStatus != "PENDING" {
		s.Errorf("subscription: %+v", enabled.StandardsSubscriptions)
	}
	_, err = hub.BatchEnableStandards(s.Context(), &securityhub.BatchEnableStandardsInput{
		StandardsSubscriptionRequests: []types.StandardsSubscriptionRequest{{StandardsArn: aws.String("arn:aws:securityhub:::standards/cis-aws-foundations-benchmark/v/1.4.0")}},
	})
	s.refused(err, "InvalidInputException")

	s.restart()
	s.aws.Region = "eu-west-2"
	hub = securityhub.NewFromConfig(s.aws)
	statuses := func() (list []string) {
		out, err := hub.GetEnabledStandards(s.Context(), &securityhub.GetEnabledStandardsInput{})
		s.must(err)
		for _, subscription := range out.StandardsSubscriptions {
			_, name, _ := strings.Cut(*subscription.StandardsArn, "/")
			list = append(list, name+" "+string(subscription.StandardsStatus))
		}
		return list
	}
	statuses()
	want := "[aws-foundational-security-best-practices/v/1.0.0 READY cis-aws-foundations-benchmark/v/1.2.0 READY cis-aws-foundations-benchmark/v/5.0.0 READY]"
	if got := fmt.Sprint(statuses()); got != want {
		s.Errorf("standards: %s", got)
	}
	_, err = hub.BatchDisableStandards(s.Context(), &securityhub.BatchDisableStandardsInput{StandardsSubscriptionArns: []string{arn}})
	s.must(err)
	_, err = hub.BatchDisableStandards(s.Context(), &securityhub.BatchDisableStandardsInput{StandardsSubscriptionArns: []string{arn}})
	s.refused(err, "InvalidInputException")
	if out := s.cli("securityhub", "get-enabled-standards", "--region", "eu-west-2"); strings.Contains(out, "v/5.0.0") || !strings.Contains(out, "v/1.2.0") {
		s.Errorf("get-enabled-standards: %s", out)
	}

	// A new hub has nothing of the old one.
	_, err = hub.DisableSecurityHub(s.Context(), &securityhub.DisableSecurityHubInput{})
	s.must(err)
	_, err = hub.EnableSecurityHub(s.Context(), &securityhub.EnableSecurityHubInput{EnableDefaultStandards: aws.Bool(false)})
	s.must(err)
	if got := statuses(); len(got) != 0 {
		s.Errorf("standards of a new hub: %v", got)
	}
}

func second[T any](_ T, err error) error { return err }

func findings(s *sandbox) {
	hub := securityhub.NewFromConfig(s.aws)
	now := time.Now().UTC()
	finding := func(id, severity string, age time.Duration) types.AwsSecurityFinding {
		at := aws.String(now.Add(-age).Format(time.RFC3339))
		return types.AwsSecurityFinding{
			Id: &id, AwsAccountId: aws.String(account), ProductArn: aws.String("arn:aws:securityhub:us-east-1:123456789012:product/123456789012/default"),
			GeneratorId: aws.String("trailkeeper/" + id), Title: aws.String("Finding " + id), Description: aws.String("found"), SchemaVersion: aws.String("2018-10-08"),
			CreatedAt: at, UpdatedAt: at, Severity: &types.Severity{Label: types.SeverityLabel(severity)}, Types: []string{"TTPs/Defense Evasion", "Effects/" + id},
			Resources:  []types.Resource{{Id: aws.String("arn:aws:cloudtrail:us-east-1:123456789012:trail/" + id), Type: aws.String("AwsCloudTrailTrail")}},
			Confidence: aws.Int32(int32(len(id))), ProductFields: map[string]string{"rule": id},
		}
	}
	input := &securityhub.BatchImportFindingsInput{Findings: []types.AwsSecurityFinding{
		finding("one", "HIGH", 0), finding("three", "LOW", time.Hour), finding("four", "HIGH", 72*time.Hour),
	}}
	_, err := hub.BatchImportFindings(s.Context(), input)
	s.refused(err, "InvalidAccessException")
	_, err = hub.EnableSecurityHub(s.Context(), &securityhub.EnableSecurityHubInput{})
	s.must(err)
	imported, err := hub.BatchImportFindings(s.Context(), input)
	s.must(err)
	if *imported.SuccessCount != 3 {
		s.Fatalf("imported: %+v", imported)
	}

	text := func(comparison types.StringFilterComparison, values ...string) (filters []types.StringFilter) {
		for _, value := range values {
			filters = append(filters, types.StringFilter{Comparison: comparison, Value: &value})
		}
		return filters
	}
	tests := []struct {
		name    string
		filters types.AwsSecurityFindingFilters
		want    string
	}{
		{"all", types.AwsSecurityFindingFilters{}, "one three four"},
		{"equals", types.AwsSecurityFindingFilters{SeverityLabel: text("EQUALS", "HIGH")}, "one four"},
		{"one of several", types.AwsSecurityFindingFilters{Id: text("EQUALS", "one", "three")}, "one three"},
		{"none of several", types.AwsSecurityFindingFilters{Id: text("NOT_EQUALS", "one", "three")}, "four"},
		{"of each name", types.AwsSecurityFindingFilters{SeverityLabel: text("EQUALS", "HIGH"), GeneratorId: text("PREFIX", "trailkeeper/f")}, "four"},
		{"in a list", types.AwsSecurityFindingFilters{Type: text("CONTAINS", "/three")}, "three"},
		{"not in a list", types.AwsSecurityFindingFilters{Type: text("PREFIX_NOT_EQUALS", "Effects/o")}, "three four"},
		{"of a resource", types.AwsSecurityFindingFilters{ResourceId: text("CONTAINS", "trail/four")}, "four"},
		{"what Security Hub adds", types.AwsSecurityFindingFilters{RecordState: text("EQUALS", "ACTIVE"), WorkflowStatus: text("EQUALS", "NEW")}, "one three four"},
		{"a map", types.AwsSecurityFindingFilters{ProductFields: []types.MapFilter{{Comparison: "EQUALS", Key: aws.String("rule"), Value: aws.String("one")}}}, "one"},
		{"a number", types.AwsSecurityFindingFilters{Confidence: []types.NumberFilter{{Gte: aws.Float64(4), Lt: aws.Float64(5)}}}, "four"},
		{"days", types.AwsSecurityFindingFilters{UpdatedAt: []types.DateFilter{{DateRange: &types.DateRange{Value: aws.Int32(1), Unit: "DAYS"}}}}, "one three"},
		{"dates", types.AwsSecurityFindingFilters{CreatedAt: []types.DateFilter{{
			Start: aws.String(now.Add(-100 * time.Hour).Format(time.RFC3339)), End: aws.String(now.Add(-2 * time.Hour).Format(time.RFC3339)),
		}}}, "four"},
	}
	for _, test := range tests {
		out, err := hub.GetFindings(s.Context(), &securityhub.GetFindingsInput{Filters: &test.filters})
		s.must(err)
		var ids []string
		for _, f := range out.Findings {
			ids = append(ids, *f.Id)
		}
		if got := strings.Join(ids, " "); got != test.want {
			s.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	_, err = hub.GetFindings(s.Context(), &securityhub.GetFindingsInput{Filters: &types.AwsSecurityFindingFilters{NetworkDirection: text("EQUALS", "IN")}})
	s.refused(err, "InvalidInputException")

	var pages []string
	paged := securityhub.NewGetFindingsPaginator(hub, &securityhub.GetFindingsInput{
		MaxResults: aws.Int32(2), SortCriteria: []types.SortCriterion{{Field: aws.String("Title"), SortOrder: types.SortOrderDescending}},
	})
	for paged.HasMorePages() {
		page, err := paged.NextPage(s.Context())
		s.must(err)
		for _, f := range page.Findings {
			pages = append(pages, *f.Id)
		}
		pages = append(pages, "|")
	}
	if got := strings.Join(pages, " "); got != "three one | four |" {
		s.Errorf("pages: %s", got)
	}
}

func hubTags(s *sandbox, hub *securityhub.Client) {
	arn := aws.String("arn:aws:securityhub:eu-west-2:123456789012:hub/default")
	tags := func() string {
		out, err := hub.ListTagsForResource(s.Context(), &securityhub.ListTagsForResourceInput{ResourceArn: arn})
		s.must(err)
		return fmt.Sprint(out.Tags)
	}
	if got := tags(); got != "map[team:security]" {
		s.Errorf("tags of a new hub: %s", got)
	}
	_, err := hub.TagResource(s.Context(), &securityhub.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"a": "1", "b:c/d": "2"}})
	s.must(err)
	_, err = hub.UntagResource(s.Context(), &securityhub.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"team", "a"}})
	s.must(err)
	if got := tags(); got != "map[b:c/d:2]" {
		s.Errorf("tags after changes: %s", got)
	}
	_, err = hub.ListTagsForResource(s.Context(), &securityhub.ListTagsForResourceInput{ResourceArn: aws.String(*arn + "s")})
	s.refused(err, "ResourceNotFoundException")
}
