package trails_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

// TestWantsByTheSelectorsOfItsTime changes what a trail asks for, and asks about
// events from before and after, also when the store was read again.
func TestWantsByTheSelectorsOfItsTime(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(t, "CreateTrail", `{"Name":"trail","S3BucketName":"logs"}`)
	put := func(selector string) {
		s.must(t, "PutEventSelectors", `{"TrailName":"trail","EventSelectors":[`+selector+`]}`)
		s.advance(time.Minute)
	}
	put(`{"ReadWriteType":"ReadOnly"}`) // nothing is logged yet
	s.must(t, "StartLogging", `{"Name":"trail"}`)
	s.advance(time.Minute)
	started := s.clock() // all management events would be no change
	put(`{"ReadWriteType":"All"}`)
	all := s.clock()
	put(`{"ReadWriteType":"WriteOnly","DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::logs/"]}]}`)
	s.must(t, "AddTags", `{"ResourceId":"arn:aws:cloudtrail:us-east-1:123456789012:trail/trail","TagsList":[{"Key":"k"}]}`)
	data := s.clock()
	s.must(t, "UpdateTrail", `{"Name":"trail","IsMultiRegionTrail":true}`)
	s.advance(time.Minute)
	everywhere := s.clock()

	const far = `{"awsRegion":"eu-west-1","eventName":"CreateBucket"}`
	for _, store := range []string{"as changed", "as read again"} {
		trail := s.All()[0]
		if n := len(trail.Earlier); n != 3 {
			t.Errorf("%s: %d earlier scopes, want 3", store, n)
		}
		m := trails.NewMatcher(trail)
		for _, c := range []struct {
			at     time.Time
			record string
			want   bool
		}{
			{started, reads, true}, {started, writes, false}, {started, putsKey, false}, {started, far, false},
			{all, reads, true}, {all, writes, true}, {all, putsKey, false}, {all, far, false},
			{data, reads, false}, {data, writes, true}, {data, putsKey, true}, {data, far, false},
			{everywhere, reads, false}, {everywhere, putsKey, true}, {everywhere, far, true},
		} {
			e, r := entry(t, c.record)
			e.Time = c.at
			if got := m.Wants(e, r); got != c.want {
				t.Errorf("%s: %s at %s: wanted is %v", store, c.record, c.at, got)
			}
		}
		s.reopen(t)
	}
}

// TestEarlierScopesAreFew changes selectors more often than a trail remembers.
func TestEarlierScopesAreFew(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(t, "CreateTrail", `{"Name":"trail","S3BucketName":"logs"}`)
	s.must(t, "StartLogging", `{"Name":"trail"}`)
	for i := range 120 {
		kind := []string{"ReadOnly", "WriteOnly"}[i%2]
		s.must(t, "PutEventSelectors", `{"TrailName":"trail","EventSelectors":[{"ReadWriteType":"`+kind+`"}]}`)
	}
	trail := s.All()[0]
	if n := len(trail.Earlier); n != 100 {
		t.Errorf("%d earlier scopes", n)
	}
	if last := trail.Earlier[99].EventSelectors; len(last) != 1 || last[0].ReadWriteType != "ReadOnly" {
		got, _ := json.Marshal(last)
		t.Errorf("the last earlier scope has %s", got)
	}
}
