// Package cloudtrailtest is the conformance suite for sources of events that LookupEvents searches.
package cloudtrailtest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/lookup"
	"github.com/cerpac/trailkeeper/internal/recordtest"
)

// now is the clock of the suite's calls.
var now = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)

const (
	account, other = "111111111111", "222222222222"
	home, abroad   = "us-east-1", "eu-west-1"
)

// Suite tests a source: what LookupEvents finds in it page by page is what a plain
// search of all records finds. open returns a source that has the records, each of
// which tells its account, Region and time.
func Suite(t *testing.T, open func(t *testing.T, records []string) cloudtrail.Events) {
	t.Run("random calls", func(t *testing.T) {
		recordtest.Rounds(t, 1, func(t *testing.T, random *rand.Rand) {
			m := maker{random}
			var records []string
			for n := range 400 {
				records = append(records, m.record(n))
			}
			events := open(t, records)
			all := decode(t, records)
			found := 0
			for range 40 {
				found += check(t, events, all, m.call(), m.request())
			}
			if found == 0 {
				t.Error("no call found any event: nothing was compared")
			}
		})
	})
	t.Run("many at one time", func(t *testing.T) {
		m := maker{rand.New(rand.NewPCG(1, 1))}
		var records []string
		for n := range 300 {
			records = append(records, m.at(n, now.Add(-time.Hour)))
		}
		size := 7
		n := check(t, open(t, records), decode(t, records), cloudtrail.Call{Account: account, Region: home}, cloudtrail.LookupRequest{MaxResults: &size})
		if n < 3*size {
			t.Errorf("%d events were found: too few to compare pages", n)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		check(t, open(t, nil), nil, cloudtrail.Call{Account: account, Region: home}, cloudtrail.LookupRequest{})
	})
}

// maker makes events of few names, so that many share them.
type maker struct{ *rand.Rand }

func (m maker) one(list ...string) string { return list[m.IntN(len(list))] }

func (m maker) record(n int) string {
	// The last day, and the days at the end of what LookupEvents remembers.
	ago := time.Duration(m.IntN(24*60)) * time.Minute
	if m.IntN(3) == 0 {
		ago += 89 * 24 * time.Hour
	}
	return m.at(n, now.Add(-ago).Add(-time.Duration(m.IntN(3))*time.Second))
}

func (m maker) at(n int, at time.Time) string {
	own := fmt.Sprintf(`"eventName":%q,"eventSource":"s3.amazonaws.com"`, m.one("GetObject", "PutObject", "DeleteBucket"))
	return fmt.Sprintf(`{"eventVersion":"1.11","eventID":"%08d-%x","eventTime":%q,"recipientAccountId":%q,"awsRegion":%q,"readOnly":%s,%s,`+
		`"userIdentity":{"type":"IAMUser","userName":%q,"accessKeyId":%q},"requestParameters":{"bucketName":%q}}`,
		n, m.Uint32(), at.Format(time.RFC3339), m.one(account, account, account, other), m.one(home, home, abroad), m.one("true", "false"),
		m.one(own+`,"eventCategory":"Management"`, own+`,"eventCategory":"Management"`, own+`,"eventCategory":"Data"`,
			`"eventCategory":"Insight","insightDetails":{`+own+`}`),
		m.one("ann", "bob"), m.one("AKIA1", "AKIA2"), m.one("logs", "data"))
}

func (m maker) call() cloudtrail.Call {
	return cloudtrail.Call{Operation: "LookupEvents", Account: m.one(account, account, other), Region: m.one(home, abroad)}
}

func (m maker) request() (in cloudtrail.LookupRequest) {
	if m.IntN(2) == 0 {
		in.MaxResults = new(1 + m.IntN(50))
	}
	for _, bound := range []**cloudtrail.RequestTime{&in.StartTime, &in.EndTime} {
		if m.IntN(3) == 0 {
			*bound = &cloudtrail.RequestTime{Time: now.Add(-time.Duration(m.IntN(100*24*60)) * time.Minute)}
		}
	}
	if in.StartTime != nil && in.EndTime != nil && in.StartTime.After(in.EndTime.Time) {
		in.StartTime, in.EndTime = in.EndTime, in.StartTime
	}
	attributes := [][2]string{{"EventName", "PutObject"}, {"EventSource", "s3.amazonaws.com"}, {"Username", "ann"}, {"AccessKeyId", "AKIA2"},
		{"ReadOnly", "true"}, {"ResourceName", "logs"}, {"ResourceType", "AWS::S3::Bucket"}}
	if m.IntN(4) == 0 {
		in.EventCategory = new("insight")
		attributes = attributes[:2]
	}
	if m.IntN(3) > 0 {
		a := attributes[m.IntN(len(attributes))]
		in.LookupAttributes = []cloudtrail.LookupAttribute{{AttributeKey: a[0], AttributeValue: a[1]}}
	}
	return in
}

// plain is an event with what LookupEvents chooses by.
type plain struct {
	lookup.Event `json:"-"`

	EventCategory, AWSRegion, RecipientAccountID string
}

func decode(t *testing.T, records []string) (all []plain) {
	t.Helper()
	var decoder lookup.Decoder
	for _, record := range records {
		var p plain
		if err := json.Unmarshal([]byte(record), &p); err != nil {
			t.Fatal(err)
		}
		var err error
		if p.Event, err = decoder.Decode([]byte(record)); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// wanted returns the events that a call finds, by a plain reading of its request.
func wanted(t *testing.T, all []plain, c cloudtrail.Call, in cloudtrail.LookupRequest) (ids []string) {
	t.Helper()
	category, from, until := "Management", now.Add(-90*24*time.Hour), now
	if in.EventCategory != nil {
		category = "Insight"
	}
	if in.StartTime != nil && in.StartTime.After(from) {
		from = in.StartTime.Time
	}
	if in.EndTime != nil {
		until = in.EndTime.Time
	}
	filter := lookup.Filter{}
	for _, a := range in.LookupAttributes {
		if err := filter.Add(a.AttributeKey, a.AttributeValue); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range all {
		if p.RecipientAccountID == c.Account && p.AWSRegion == c.Region && p.EventCategory == category &&
			!p.Time.Before(from) && !p.Time.After(until) && filter.Match(p.Event) {
			ids = append(ids, p.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// check compares all pages of a call with what is wanted, and returns the number of
// events.
func check(t *testing.T, events cloudtrail.Events, all []plain, c cloudtrail.Call, in cloudtrail.LookupRequest) int {
	t.Helper()
	want := wanted(t, all, c, in)
	size := 50
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	var ids []string
	var last time.Time
	for pages := 1; ; pages++ {
		answer, err := cloudtrail.LookupEvents(t.Context(), events, now, c, in)
		if err != nil {
			t.Fatal(err)
		}
		if more := answer.NextToken != ""; len(answer.Events) > size || more && len(answer.Events) < size {
			t.Errorf("page %d of %d events has %d; there are more: %t", pages, size, len(answer.Events), more)
		}
		for _, e := range answer.Events {
			if at := e.EventTime.Time; !last.IsZero() && at.After(last) {
				t.Errorf("%s of %s comes after one of %s", e.EventID, at, last)
			}
			last = e.EventTime.Time
			ids = append(ids, e.EventID)
			if !strings.Contains(e.CloudTrailEvent, e.EventID) {
				t.Errorf("%s has the record %s", e.EventID, e.CloudTrailEvent)
			}
		}
		in.NextToken = answer.NextToken
		if in.NextToken == "" || pages > len(want)+1 {
			break
		}
	}
	slices.Sort(ids)
	if !slices.Equal(ids, want) {
		text, _ := json.Marshal(in)
		t.Errorf("%s %s %s finds %d events, want %d\n%q\n%q", c.Account, c.Region, text, len(ids), len(want), ids, want)
	}
	return len(want)
}
