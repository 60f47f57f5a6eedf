package simulate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/simulate"
)

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

// record is what the tests look at of an event.
type record struct {
	EventVersion, EventID, EventTime, EventSource, EventName, AwsRegion string
	EventType, EventCategory, RecipientAccountID, SharedEventID         string
	SourceIPAddress, ErrorCode                                          string
	UserIdentity                                                        struct{ Type, ARN, AccountID string }
}

func parse(t *testing.T, raw json.RawMessage) record {
	t.Helper()
	var r record
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return r
}

func eventID(t *testing.T, raw json.RawMessage) string { return parse(t, raw).EventID }

// documented are the members of a record, and of its userIdentity, that the
// CloudTrail user guide knows.
var documented = map[string][]string{
	"": {"eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent",
		"errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData", "requestID", "eventID",
		"eventType", "apiVersion", "managementEvent", "readOnly", "resources", "recipientAccountId", "serviceEventDetails",
		"sharedEventID", "vpcEndpointId", "vpcEndpointAccountId", "eventCategory", "addendum", "sessionCredentialFromConsole",
		"tlsDetails", "insightDetails"},
	"userIdentity": {"type", "userName", "principalId", "arn", "accountId", "accessKeyId", "sessionContext", "invokedBy",
		"onBehalfOf", "inScopeOf", "credentialId", "identityProvider"},
	"sessionContext": {"sessionIssuer", "webIdFederationData", "attributes", "sourceIdentity", "ec2RoleDelivery"},
}

// mandatory are the members every record of a category has.
var mandatory = map[string][]string{
	"Management": {"eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
		"userAgent", "requestParameters", "responseElements", "eventID", "readOnly", "eventType", "managementEvent", "recipientAccountId"},
	"Data": {"eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
		"requestParameters", "requestID", "eventID", "readOnly", "eventType", "managementEvent", "recipientAccountId"},
	"NetworkActivity": {"eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "eventID", "vpcEndpointId"},
	"Insight":         {"eventVersion", "eventTime", "awsRegion", "eventID", "eventType", "recipientAccountId", "sharedEventID", "insightDetails"},
}

var folderOf = map[string]archive.Kind{
	"Management": archive.Logs, "Data": archive.Logs, "NetworkActivity": archive.NetworkActivity, "Insight": archive.Insight,
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestRecordsAreCloudTrails(t *testing.T) {
	o := small(t)
	o.Attacks, o.EventsPerDay, o.Days = []string{"all"}, 2500, 4
	mustRun(t, o)
	types, sources, names := map[string]int{}, map[string]int{}, map[string]int{}
	failed, all := 0, 0
	eachLogFile(t, o.Out, func(f logFile) {
		for _, raw := range f.records {
			r := parse(t, raw)
			checkRecord(t, f, raw, r)
			types[r.UserIdentity.Type]++
			sources[r.EventSource]++
			names[r.EventSource+":"+r.EventName]++
			all++
			if r.ErrorCode != "" {
				failed++
			}
		}
	})
	for _, kind := range []string{"", "Root", "IAMUser", "AssumedRole", "FederatedUser", "SAMLUser", "WebIdentityUser",
		"IdentityCenterUser", "AWSService", "AWSAccount"} {
		if types[kind] == 0 {
			t.Errorf("no event of a userIdentity of type %q; there are %v", kind, types)
		}
	}
	if len(sources) < 30 || len(names) < 150 {
		t.Errorf("%d services and %d API calls; want 30 and 150", len(sources), len(names))
	}
	if share := float64(failed) / float64(all); share < 0.01 || share > 0.1 {
		t.Errorf("%.3f of the calls failed", share)
	}
}

func checkRecord(t *testing.T, f logFile, raw json.RawMessage, r record) {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	checkMembers(t, "", raw)
	want := mandatory[r.EventCategory]
	if want == nil {
		t.Fatalf("eventCategory %q in %s", r.EventCategory, raw)
	}
	for _, name := range want {
		if _, ok := members[name]; !ok {
			t.Fatalf("%s is missing in %s", name, raw)
		}
	}
	at, err := time.Parse("2006-01-02T15:04:05Z", r.EventTime)
	switch {
	case err != nil:
		t.Errorf("eventTime %q", r.EventTime)
	case !at.Before(f.key.Delivered):
		t.Errorf("%s: holds an event of %s", f.name, r.EventTime)
	case f.key.Delivered.Sub(at) > 73*time.Hour:
		t.Errorf("%s: holds an event of %s, too late", f.name, r.EventTime)
	}
	if !uuid.MatchString(r.EventID) {
		t.Errorf("eventID %q", r.EventID)
	}
	if r.AwsRegion != f.key.Region || r.RecipientAccountID != f.key.Account || folderOf[r.EventCategory] != f.key.Kind {
		t.Fatalf("%s: holds %s", f.name, raw)
	}
	if bytes.Contains(raw, []byte("${")) || bytes.Contains(raw, []byte("#{")) {
		t.Fatalf("a placeholder was left in %s", raw)
	}
}

// checkMembers looks for members that AWS does not document.
func checkMembers(t *testing.T, object string, raw json.RawMessage) {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	for name, value := range members {
		if !slices.Contains(documented[object], name) {
			t.Errorf("%s.%s is not documented", object, name)
		}
		if _, ok := documented[name]; ok {
			checkMembers(t, name, value)
		}
	}
}

func TestCountsReconcile(t *testing.T) {
	o := small(t)
	o.Attacks, o.Late, o.Duplicates = []string{"all"}, 0.2, 0.2
	s := mustRun(t, o)
	if diff := cmp.Diff(s, readSummary(t, o.Out)); diff != "" {
		t.Errorf("summary.json is not what Run returned:\n%s", diff)
	}
	type place struct{ account, region, day string }
	type books struct{ events, copies, altered int64 }
	bodies := map[string]json.RawMessage{}
	places := map[string]place{}
	firstFile, found := map[string]string{}, map[place]*books{}
	files := int64(0)
	eachLogFile(t, o.Out, func(f logFile) {
		files++
		for _, raw := range f.records {
			r := parse(t, raw)
			p := place{f.key.Account, f.key.Region, r.EventTime[:10]}
			if found[p] == nil {
				found[p] = &books{}
			}
			if body, again := bodies[r.EventID]; again {
				found[p].copies++
				if !bytes.Equal(body, raw) {
					found[p].altered++
				}
				if firstFile[r.EventID] == f.name {
					t.Errorf("%s: event %s is there twice", f.name, r.EventID)
				}
				continue
			}
			bodies[r.EventID], places[r.EventID], firstFile[r.EventID] = raw, p, f.name
			found[p].events++
		}
	})
	var total simulate.Counts
	for _, d := range s.Days {
		b := found[place{d.Account, d.Region, d.Day}]
		if b == nil {
			b = &books{}
		}
		if b.events != d.Events || b.copies != d.Duplicates || b.altered != d.DuplicatesAltered {
			t.Errorf("%s %s %s: the archive has %+v, the summary %+v", d.Account, d.Region, d.Day, *b, d.Counts)
		}
		if d.Management+d.Data+d.NetworkActivity+d.Insight != d.Events {
			t.Errorf("the kinds of %+v do not add up", d.Counts)
		}
		total.Events += d.Events
		total.Files += d.Files
	}
	if total.Events != s.Total.Events || int64(len(bodies)) != s.Total.Events || files != s.Total.Files || files != total.Files {
		t.Errorf("the days add up to %+v, the total is %+v, the archive has %d files", total, s.Total, files)
	}
	for name, share := range map[string]float64{
		"late":       float64(s.Total.Late) / float64(s.Total.Events),
		"duplicates": float64(s.Total.Duplicates) / float64(s.Total.Events),
	} {
		if share < 0.12 || share > 0.23 {
			t.Errorf("%.3f of the events are %s, asked for were 0.2", share, name)
		}
	}
	if s.Total.DuplicatesAltered == 0 || s.Total.DuplicatesAltered*5 > s.Total.Duplicates {
		t.Errorf("%d of %d duplicates have another body", s.Total.DuplicatesAltered, s.Total.Duplicates)
	}
}

func TestGroundTruth(t *testing.T) {
	o := small(t)
	o.Attacks, o.Days, o.Regions = []string{"all"}, 3, 3
	s := mustRun(t, o)
	written := map[string]record{}
	files := map[string]string{}
	eachLogFile(t, o.Out, func(f logFile) {
		for _, raw := range f.records {
			r := parse(t, raw)
			if _, ok := written[r.EventID]; !ok {
				written[r.EventID], files[r.EventID] = r, f.name
			}
		}
	})
	scenarios := map[string]int{}
	for line := range strings.Lines(string(side(t, o.Out, simulate.GroundTruthFile))) {
		var g simulate.GroundTruth
		if err := json.Unmarshal([]byte(line), &g); err != nil {
			t.Fatal(err)
		}
		r, ok := written[g.EventID]
		got := simulate.GroundTruth{EventID: r.EventID, Attack: g.Attack, Step: g.Step, EventName: r.EventName,
			Account: r.RecipientAccountID, Region: r.AwsRegion, Time: r.EventTime, LogFile: files[r.EventID]}
		if !ok || got != g || g.Step == "" {
			t.Errorf("labelled is %+v, the archive has %+v", g, got)
		}
		scenarios[g.Attack]++
	}
	attacks, err := simulate.Attacks()
	if err != nil || len(attacks) < 12 {
		t.Fatalf("%d attacks (%v)", len(attacks), err)
	}
	labelled := int64(0)
	for _, a := range attacks {
		if scenarios[a.Name] == 0 {
			t.Errorf("no event of %s", a.Name)
		}
		if a.Title == "" || a.Summary == "" || len(a.Technique) == 0 {
			t.Errorf("%s is not described", a.Name)
		}
		labelled += int64(scenarios[a.Name])
	}
	if labelled != s.Total.Attack || len(scenarios) != len(attacks) {
		t.Errorf("%d labels of %d attacks, the summary has %d events", labelled, len(scenarios), s.Total.Attack)
	}
}

// The two records of a call between accounts share one id and nothing else.
func TestSharedEvents(t *testing.T) {
	o := small(t)
	o.Accounts = 3
	mustRun(t, o)
	accounts, ids := map[string]map[string]bool{}, map[string]map[string]bool{}
	eachLogFile(t, o.Out, func(f logFile) {
		for _, raw := range f.records {
			r := parse(t, raw)
			if r.SharedEventID == "" || r.EventName != "AssumeRole" {
				continue
			}
			if accounts[r.SharedEventID] == nil {
				accounts[r.SharedEventID], ids[r.SharedEventID] = map[string]bool{}, map[string]bool{}
			}
			accounts[r.SharedEventID][r.RecipientAccountID] = true
			ids[r.SharedEventID][r.EventID] = true
		}
	})
	if len(accounts) == 0 {
		t.Fatal("no call between accounts")
	}
	for shared := range accounts {
		if len(accounts[shared]) != 2 || len(ids[shared]) != 2 {
			t.Errorf("%s: accounts %v, events %v", shared, accounts[shared], ids[shared])
		}
	}
}

func TestRhythm(t *testing.T) {
	o := small(t)
	o.Accounts, o.Regions, o.Days, o.EventsPerDay = 1, 2, 7, 4000
	mustRun(t, o)
	type hour struct {
		day  time.Weekday
		hour int
	}
	people, machines := map[hour]int{}, map[hour]int{}
	eachLogFile(t, o.Out, func(f logFile) {
		for _, raw := range f.records {
			r := parse(t, raw)
			at, err := time.Parse(time.RFC3339, r.EventTime)
			if err != nil {
				t.Fatal(err)
			}
			h := hour{at.Weekday(), at.Hour()}
			switch {
			case strings.Contains(r.UserIdentity.ARN, "AWSReservedSSO"):
				people[h]++
			case strings.Contains(r.UserIdentity.ARN, "ssm-managed-instance"):
				machines[h]++
			}
		}
	})
	noon, night := people[hour{time.Wednesday, 11}], people[hour{time.Sunday, 3}]
	if noon < 20 || noon < 10*(night+1) {
		t.Errorf("people: %d events on Wednesday at 11, %d on Sunday at 3", noon, night)
	}
	perDay := map[time.Weekday]int{}
	for h, n := range machines {
		perDay[h.day] += n
	}
	counts := slices.Sorted(maps.Values(perDay))
	if len(counts) != 7 || counts[0]*2 < counts[6] {
		t.Errorf("machines: %v events a day", counts)
	}
}
