package deploytest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"github.com/cerpac/trailkeeper/internal/trail/account"
)

// Event is a call that the account recorded.
type Event struct {
	ID         string          `json:"eventID"`
	Source     string          `json:"eventSource"`
	Name       string          `json:"eventName"`
	ReadOnly   bool            `json:"readOnly"`
	ErrorCode  string          `json:"errorCode"`
	Parameters json.RawMessage `json:"requestParameters"`
}

// Call is such as s3:PutBucketPolicy.
func (e Event) Call() string {
	service, _, _ := strings.Cut(e.Source, ".")
	return service + ":" + e.Name
}

// Recorded returns a function that returns the calls since Recorded or since the
// function was called last.
func (b *Box) Recorded(t *testing.T) func() []Event {
	t.Helper()
	seen := map[string]bool{}
	since := func() (events []Event) {
		t.Helper()
		// Global services are recorded in us-east-1.
		for _, region := range []string{Region, "us-east-1"} {
			for _, e := range b.lookup(t, region) {
				if !seen[e.ID] {
					seen[e.ID] = true
					events = append(events, e)
				}
			}
		}
		return events
	}
	since()
	return since
}

// lookup returns the calls recorded in a Region, newest first, but for those of tests.
func (b *Box) lookup(t *testing.T, region string) (events []Event) {
	t.Helper()
	a, err := account.Connect(t.Context(), account.Options{Region: region, Endpoint: b.Endpoint})
	if err != nil {
		t.Fatal(err)
	}
	pages := cloudtrail.NewLookupEventsPaginator(a.Trails, &cloudtrail.LookupEventsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range page.Events {
			var e Event
			if err := json.Unmarshal([]byte(aws.ToString(found.CloudTrailEvent)), &e); err != nil {
				t.Fatal(err)
			}
			if e.Name != "LookupEvents" && e.Name != "GetCallerIdentity" {
				events = append(events, e)
			}
		}
	}
	return events
}
