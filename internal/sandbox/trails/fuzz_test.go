package trails_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

// FuzzHandle makes any call. It must be answered with JSON, and what is on disk
// then must be what the store has.
func FuzzHandle(f *testing.F) {
	operations := []string{
		"CreateTrail", "UpdateTrail", "DeleteTrail", "GetTrail", "DescribeTrails", "ListTrails", "GetTrailStatus",
		"StartLogging", "StopLogging", "PutEventSelectors", "GetEventSelectors", "PutInsightSelectors", "GetInsightSelectors",
		"AddTags", "ListTags", "RemoveTags", "LookupEvents", "ListPublicKeys", "StartQuery",
	}
	for i := range operations {
		for _, body := range []string{
			``, `{}`, `[]`, `null`, `{"Name":"trail"}`, `{"Name":"new","S3BucketName":"logs","KmsKeyId":"k","SnsTopicName":"arn:aws:sns:::"}`,
			`{"TrailName":"trail","EventSelectors":[{"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::b/"]}]}]}`,
			`{"TrailName":"trail","AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]}`,
			`{"TrailName":"trail","InsightSelectors":[{"InsightType":"ApiCallRateInsight"}]}`,
			`{"ResourceId":"arn:aws:cloudtrail:us-east-1:123456789012:trail/trail","TagsList":[{"Key":"\ud800"}]}`,
			`{"StartTime":1e9,"EndTime":99999999999.5,"NextToken":"AAAAAAAAAAA=","MaxResults":1}`,
		} {
			f.Add(uint8(i), []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, operation uint8, body []byte) {
		s := open(t, func(c *trails.Config) { c.History = recording()[:3] })
		s.must(t, "CreateTrail", `{"Name":"trail","S3BucketName":"logs"}`)
		answer := s.Handle(t.Context(), cloudtrail.Call{
			Operation: operations[int(operation)%len(operations)], Account: account, Region: region, Body: body, Arrived: start,
		})
		if !json.Valid(answer.Body) || (answer.Status == http.StatusOK) != (answer.ErrorType == "") || answer.Status >= 500 {
			t.Fatalf("the answer is %d %s: %s", answer.Status, answer.ErrorType, answer.Body)
		}
		held := encode(t, s.All())
		s.reopen(t)
		if kept := encode(t, s.All()); !bytes.Equal(kept, held) {
			t.Errorf("on disk there is\n%s\nand the store has\n%s", kept, held)
		}
	})
}

func encode(t *testing.T, all []trails.Trail) []byte {
	t.Helper()
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
