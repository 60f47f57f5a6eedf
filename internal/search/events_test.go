package search_test

import (
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/cloudtrail/cloudtrailtest"
	"github.com/cerpac/trailkeeper/internal/search"
)

func TestLookupEventsOfALake(t *testing.T) {
	cloudtrailtest.Suite(t, func(t *testing.T, records []string) cloudtrail.Events {
		return opened(t, records, search.Options{})
	})
}

// Records without an id that are the same to the last byte are several events.
func TestEventsWithoutIDs(t *testing.T) {
	const record = `{"eventVersion":"1.0","eventTime":"2026-03-01T00:00:00Z","recipientAccountId":"111111111111","awsRegion":"us-east-1","eventName":"GetObject"}`
	l := opened(t, []string{record, record, record}, search.Options{})
	one, token, found := 1, "", 0
	for range 4 {
		answer, err := cloudtrail.LookupEvents(t.Context(), l, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), cloudtrail.Call{Account: "111111111111", Region: "us-east-1"},
			cloudtrail.LookupRequest{MaxResults: &one, NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		found += len(answer.Events)
		if token = answer.NextToken; token == "" {
			break
		}
	}
	if found != 3 || token != "" {
		t.Errorf("%d events, and the token %q", found, token)
	}
}
