package trails_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

// recorded is an event of a user, as the journal has it.
func recorded(seq int, at time.Time, name string) journal.Entry {
	return journal.Entry{
		Seq: uint64(seq), Time: at, Account: account, Region: region, Category: "Management",
		Record: fmt.Appendf(nil, `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","userName":"alice","accessKeyId":"AKIAALICE"},`+
			`"eventTime":%q,"eventSource":"s3.amazonaws.com","eventName":%q,"awsRegion":"us-east-1","readOnly":false,`+
			`"requestParameters":{"bucketName":"bucket-%d"},"eventID":"id-%d","eventCategory":"Management"}`,
			at.UTC().Format(time.RFC3339), name, seq, seq),
	}
}

// recording is 120 events: one a minute, the newest a minute ago.
func recording() (h history) {
	for seq := 1; seq <= 120; seq++ {
		h = append(h, recorded(seq, start.Add(time.Duration(seq-121)*time.Minute+300*time.Millisecond), "PutObject"))
	}
	return h
}

func TestLookupEvents(t *testing.T) {
	t.Parallel()
	h := recording()
	h[9].Account, h[19].Region, h[29].Category = other, abroad, "Data"
	h[39].Category = "Insight"
	h[39].Record = []byte(`{"eventID":"insight","eventTime":"2026-03-01T11:00:00Z","insightDetails":{"eventName":"RunInstances","eventSource":"ec2.amazonaws.com"}}`)
	h[110], h[111] = recorded(111, h[111].Time, "DeleteBucket"), recorded(112, h[110].Time, "DeleteBucket") // the calls overlapped
	s := open(t, func(c *trails.Config) { c.History = h })
	ct := client(s.serve(t), caller{account, region})
	find := func(in cloudtrail.LookupEventsInput) (events []types.Event) {
		t.Helper()
		pages := cloudtrail.NewLookupEventsPaginator(ct, &in)
		for pages.HasMorePages() {
			page := must(pages.NextPage(t.Context()))(t)
			if len(page.Events) > int(aws.ToInt32(in.MaxResults)) && in.MaxResults != nil || len(page.Events) > 50 {
				t.Errorf("a page has %d events", len(page.Events))
			}
			events = append(events, page.Events...)
		}
		return events
	}
	all := find(cloudtrail.LookupEventsInput{})
	if len(all) != 116 || *all[0].EventId != "id-120" || *all[115].EventId != "id-1" {
		t.Fatalf("there are %d events", len(all))
	}
	if !slices.IsSortedFunc(all, func(a, b types.Event) int { return b.EventTime.Compare(*a.EventTime) }) {
		t.Error("the newest event is not first")
	}
	e := all[0]
	if *e.EventName != "PutObject" || *e.EventSource != "s3.amazonaws.com" || *e.Username != "alice" || *e.AccessKeyId != "AKIAALICE" ||
		*e.ReadOnly != "false" || !e.EventTime.Equal(start.Add(-time.Minute)) || *e.CloudTrailEvent != string(h[119].Record) ||
		len(e.Resources) != 1 || *e.Resources[0].ResourceName != "bucket-120" || *e.Resources[0].ResourceType != "AWS::S3::Bucket" {
		t.Errorf("an event is %s", *e.CloudTrailEvent)
	}
	by := func(key types.LookupAttributeKey, value string) cloudtrail.LookupEventsInput {
		return cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{{AttributeKey: key, AttributeValue: &value}}}
	}
	for _, c := range []struct {
		in   cloudtrail.LookupEventsInput
		want int
	}{
		{by(types.LookupAttributeKeyEventName, "DeleteBucket"), 2},
		{by(types.LookupAttributeKeyUsername, "alice"), 116},
		{by(types.LookupAttributeKeyUsername, "bob"), 0},
		{by(types.LookupAttributeKeyResourceName, "bucket-7"), 1},
		{by(types.LookupAttributeKeyReadOnly, "true"), 0},
		{cloudtrail.LookupEventsInput{MaxResults: aws.Int32(7)}, 116},
		{cloudtrail.LookupEventsInput{StartTime: aws.Time(start.Add(-10 * time.Minute))}, 10},
		{cloudtrail.LookupEventsInput{StartTime: aws.Time(start.Add(-10 * time.Minute)), EndTime: aws.Time(start.Add(-9 * time.Minute))}, 2},
		{cloudtrail.LookupEventsInput{EventCategory: types.EventCategoryInsight}, 1},
	} {
		if got := find(c.in); len(got) != c.want {
			t.Errorf("%+v finds %d events, want %d", c.in, len(got), c.want)
		}
	}
	s.advance(90*24*time.Hour - 60*time.Minute)
	if got := find(cloudtrail.LookupEventsInput{}); len(got) != 60 {
		t.Errorf("of 60 events in 90 days %d are found", len(got))
	}
}

func TestRefusedLookups(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *trails.Config) { c.History = recording() })
	var page struct{ NextToken string }
	if err := json.Unmarshal([]byte(s.must(t, "LookupEvents", `{"StartTime":1}`)), &page); err != nil || page.NextToken == "" {
		t.Fatalf("there is no second page: %v", err)
	}
	const badToken = "InvalidNextTokenException: The next token is not valid, or not for this query."
	at := caller{account, region}
	token := func(token, more string) string { return fmt.Sprintf(`{"NextToken":%q,"StartTime":1%s}`, token, more) }
	for _, c := range []struct {
		who        caller
		body, want string
	}{
		{at, token(page.NextToken, ""), ""},
		{at, token(page.NextToken, `,"MaxResults":1`), ""},
		{at, token(page.NextToken, `,"EndTime":4000000000`), badToken},
		{caller{other, region}, token(page.NextToken, ""), badToken},
		{caller{account, abroad}, token(page.NextToken, ""), badToken},
		{at, token("A"+page.NextToken[1:], ""), ""}, // its first six bits are zero
		{at, token("B"+page.NextToken[1:], ""), badToken},
		{at, token("!", ""), badToken},
		{at, `{"MaxResults":0}`, "InvalidMaxResultsException: MaxResults must be from 1 to 50."},
		{at, `{"MaxResults":51}`, "InvalidMaxResultsException: MaxResults must be from 1 to 50."},
		{at, `{"MaxResults":1.5}`, `SerializationException: A JSON number 1.5 is no value for the member "MaxResults".`},
		{at, `{"StartTime":2,"EndTime":1}`, "InvalidTimeRangeException: The start time is after the end time."},
		{at, `{"StartTime":1772366400000}`, "InvalidTimeRangeException: The time 1772366400000 is out of range."},
		{at, `{"StartTime":-1}`, "InvalidTimeRangeException: The time -1 is out of range."},
		{at, `{"StartTime":"today"}`, `SerializationException: A JSON string is no value for the member "StartTime".`},
		{at, `{"EventCategory":"management"}`, "InvalidEventCategoryException: Value management for EventCategory is invalid."},
		{at, `{"LookupAttributes":[{"AttributeKey":"EventId","AttributeValue":"x"},{"AttributeKey":"EventId","AttributeValue":"y"}]}`, "InvalidLookupAttributesException: You can only specify one lookup attribute."},
		{at, `{"LookupAttributes":[{"AttributeKey":"ReadOnly","AttributeValue":"yes"}]}`, `InvalidLookupAttributesException: The lookup attribute is not valid: attribute ReadOnly is "yes": expected true or false.`},
		{at, `{"LookupAttributes":[{"AttributeKey":"EventId","AttributeValue":"` + strings.Repeat("x", 2001) + `"}]}`, "InvalidLookupAttributesException: The lookup attribute value is longer than 2000 characters."},
		{at, `{"EventCategory":"insight","LookupAttributes":[{"AttributeKey":"Username","AttributeValue":"x"}]}`, "InvalidLookupAttributesException: Insights events cannot be looked up by Username."},
	} {
		got := s.call(t, c.who, "LookupEvents", c.body)
		if found := strings.HasPrefix(got, "{"); found != (c.want == "") || !found && got != c.want {
			t.Errorf("LookupEvents %s gives %.200s\nwant %s", c.body, got, c.want)
		}
	}
	if got := s.call(t, at, "ListPublicKeys", `{"EndTime":1}`); got != "InvalidTimeRangeException: The start time is after the end time." {
		t.Errorf("ListPublicKeys gives %s", got)
	}
}

// TestLookupOrder has events that were recorded long after they happened: injected
// ones and those of slow calls. They come in order of time, over pages, each once.
func TestLookupOrder(t *testing.T) {
	t.Parallel()
	ago := func(minutes int) time.Time { return start.Add(time.Duration(-minutes) * time.Minute) }
	var h history
	add := func(at, recordedAt time.Time) {
		e := recorded(len(h)+1, at, "PutObject")
		e.Time = recordedAt
		h = append(h, e)
	}
	h = append(h, journal.Entry{Seq: 1, Time: ago(600), Account: account, Region: region, Category: "Management", Record: []byte("{")})
	for minutes := 60; minutes > 0; minutes-- {
		add(ago(minutes), ago(minutes))
		if minutes%10 == 0 {
			add(ago(2*minutes), ago(minutes))   // injected
			add(ago(minutes+9), ago(minutes+9)) // a call of nine minutes
		}
	}
	s := open(t, func(c *trails.Config) { c.History = h })
	ct := client(s.serve(t), caller{account, region})
	var found []types.Event
	pages := cloudtrail.NewLookupEventsPaginator(ct, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(7), StartTime: aws.Time(ago(90))})
	for pages.HasMorePages() {
		found = append(found, must(pages.NextPage(t.Context()))(t).Events...)
	}
	if !slices.IsSortedFunc(found, func(a, b types.Event) int { return b.EventTime.Compare(*a.EventTime) }) {
		t.Error("the newest event is not first")
	}
	ids := map[string]bool{}
	for _, e := range found {
		ids[*e.EventId] = true
	}
	if len(found) != 60+6+6-2 || len(ids) != len(found) { // two were injected before the start
		t.Errorf("there are %d events, %d different ones", len(found), len(ids))
	}
	// A look at the newest does not go back to the damaged one.
	s.must(t, "LookupEvents", `{"MaxResults":10}`)
	if got := s.call(t, caller{account, region}, "LookupEvents", `{"LookupAttributes":[{"AttributeKey":"EventId","AttributeValue":"x"}]}`); !strings.HasPrefix(got, "InternalFailure: look up events: event 1: ") {
		t.Errorf("a damaged event: %s", got)
	}
}
