package resources

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

func TestTrailErrors(t *testing.T) {
	at := trail.Place{Partition: "aws", Account: testAccount, Region: testRegion}
	member := at
	member.Organization, member.Management = "o-1234567890", "210987654321"
	for _, test := range []struct {
		place         trail.Place
		code, message string
		waits         string // part of why it may pass; "" if it does not
		advice        string // part of what is to be done
	}{
		{at, "InvalidCloudWatchLogsRoleArnException", "Access denied. Check the trust relationships for your role.", "role", "test-trail-cloudtrail-cloudwatch-role must trust"},
		{at, "InvalidCloudWatchLogsLogGroupArnException", "Access denied. Verify in IAM that the role has adequate permissions.", "role", "must trust"},
		{member, "InvalidCloudWatchLogsLogGroupArnException", "CloudTrail cannot validate the specified log group ARN.", "", "credentials of account 210987654321"},
		{at, "InsufficientS3BucketPolicyException", "", "policy of the bucket", "bucket test-trail-cloudtrail-logs"},
		{at, "InsufficientEncryptionPolicyException", "", "policy of the key", "kms:GenerateDataKey*"},
		{at, "InsufficientSnsTopicPolicyException", "", "policy of the topic", "SNS:Publish"},
		{at, "MaximumNumberOfTrailsExceededException", "", "", "5 trails"},
		{at, "TrailAlreadyExistsException", "", "", "home Region"},
		{at, "KmsException", "", "", "must be enabled"},
		{at, "CloudTrailAccessNotEnabledException", "", "", "enable-aws-service-access"},
		{at, "NotOrganizationMasterAccountException", "", "", "management account"},
		{at, "InvalidParameterCombinationException", "", "", ""},
	} {
		b := trailBox{Account: &account.Account{Place: test.place}}
		subject := auditTrail{Set: b.set(func(spec *trail.Spec) { spec.Organization = test.place.Organization != "" })}
		cause := &smithy.GenericAPIError{Code: test.code, Message: test.message}
		err := subject.explain(cause)
		if !errors.Is(err, cause) || !strings.Contains(err.Error(), test.advice) {
			t.Errorf("%s: %q, want the error with %q", test.code, err, test.advice)
		}
		if got := waitForTrail(err); (got == "") != (test.waits == "") || !strings.Contains(got, test.waits) {
			t.Errorf("%s: waits because %q, want %q", test.code, got, test.waits)
		}
	}
	if waitForTrail(errSilent) == "" {
		t.Error("a trail that does not log yet is not waited for")
	}
}

// CloudTrail may answer StartLogging well and not log.
func TestStartIsVerified(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"IsLogging": false}`))
	}))
	defer server.Close()
	b := trailBox{Account: &account.Account{Trails: cloudtrail.New(cloudtrail.Options{
		BaseEndpoint: &server.URL, Region: testRegion, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})}}
	subject := auditTrail{Set: b.set(nil)}
	if err := subject.start(t.Context(), converge.Actual{}); !errors.Is(err, errSilent) {
		t.Errorf("got %v, want %v", err, errSilent)
	}
}

func TestSelectorsInWords(t *testing.T) {
	data := func(kind string, values ...string) types.DataResource {
		return types.DataResource{Type: &kind, Values: values}
	}
	classic := func(selectors ...types.EventSelector) string {
		return strings.Join(sorted(describeClassic(selectors)), "\n")
	}
	field := func(name string, equals ...string) types.AdvancedFieldSelector {
		return types.AdvancedFieldSelector{Field: &name, Equals: equals}
	}
	advanced := func(name string, fields ...types.AdvancedFieldSelector) string {
		return strings.Join(describeAdvanced([]types.AdvancedEventSelector{{Name: &name, FieldSelectors: fields}}), "\n")
	}
	no := aws.Bool(false)

	// The spellings of a line mean the same; the lines differ from each other.
	lines := [][]string{
		{classic(types.EventSelector{}), classic(defaultSelector()), classic(types.EventSelector{DataResources: []types.DataResource{}})},
		{classic(types.EventSelector{ReadWriteType: "ReadOnly"})},
		{
			classic(types.EventSelector{ExcludeManagementEventSources: []string{"kms.amazonaws.com", "rdsdata.amazonaws.com"}}),
			classic(types.EventSelector{ExcludeManagementEventSources: []string{"rdsdata.amazonaws.com", "kms.amazonaws.com"}}),
		},
		{classic(types.EventSelector{ExcludeManagementEventSources: []string{"kms.amazonaws.com"}})},
		{
			classic(types.EventSelector{DataResources: []types.DataResource{data("A", "x", "y"), data("B", "z")}}),
			classic(types.EventSelector{DataResources: []types.DataResource{data("B", "z"), data("A", "y", "x")}}),
		},
		{classic(types.EventSelector{IncludeManagementEvents: no, DataResources: []types.DataResource{data("A", "x", "y"), data("B", "z")}})},
		{classic(types.EventSelector{DataResources: []types.DataResource{data("A", "x")}}, types.EventSelector{DataResources: []types.DataResource{data("B", "z")}})},
		{classic(types.EventSelector{DataResources: []types.DataResource{data("A", "x, y"), data("B", "z")}})},
		{advanced("n", field("eventCategory", "Management"), field("readOnly", "true")), advanced("n", field("readOnly", "true"), field("eventCategory", "Management"))},
		{advanced("m", field("eventCategory", "Management"), field("readOnly", "true"))},
		{advanced("n", field("eventCategory", "Management"))},
		{advanced("", field("eventCategory", "Management"))},
		{advanced("n", field("eventCategory", "Management"), types.AdvancedFieldSelector{Field: aws.String("readOnly"), NotEquals: []string{"true"}})},
	}
	var seen []string
	for _, line := range lines {
		if slices.Contains(seen, line[0]) {
			t.Errorf("%q stands for two selections", line[0])
		}
		seen = append(seen, line[0])
		for _, other := range line[1:] {
			if other != line[0] {
				t.Errorf("%q and %q mean the same", line[0], other)
			}
		}
	}
}
