package detect_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cerpac/trailkeeper/catalogue"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/detect"
	"github.com/cerpac/trailkeeper/internal/recordtest"
	"github.com/cerpac/trailkeeper/sigma"
)

const rules = `title: created
name: created
level: high
tags: [attack.persistence, attack.t1136.003]
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventSource: iam.amazonaws.com, eventName: [CreateUser, CreateAccessKey]}, condition: s}
---
title: failed
name: failed
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: Fail}, condition: s}
---
title: worked
name: worked
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: Work}, condition: s}
---
`

func load(t testing.TB, text string) *detect.Rules {
	t.Helper()
	folder := fstest.MapFS{"rules.yml": &fstest.MapFile{Data: []byte(text)}}
	set, problems, err := sigma.Load(t.Context(), sigma.Options{}, catalogue.Source{FS: folder})
	if err != nil || len(problems) != 0 {
		t.Fatal(problems, err)
	}
	return detect.New(set)
}

// at returns an event some seconds after midnight.
func at(seconds int, name, user string, more ...string) string {
	when := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
	return fmt.Sprintf(`{"eventID":"%06d-%s-%s","eventTime":%q,"eventName":%q,"eventSource":"iam.amazonaws.com","awsRegion":"us-east-1",
		"recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","userName":%q,"arn":"arn:aws:iam::111122223333:user/%s"}%s}`,
		seconds, name, user, when.Format(time.RFC3339), name, user, user, strings.Join(more, ""))
}

func findings(t testing.TB, rs *detect.Rules, lines ...string) []*detect.Finding {
	t.Helper()
	d := rs.NewDetector(time.Time{}, time.Time{})
	feed(t, d, lines)
	return rs.Findings(d)
}

func feed(t testing.TB, d *detect.Detector, lines []string) {
	t.Helper()
	for _, line := range lines {
		var r event.Record
		if _, err := r.Decode([]byte(line)); err != nil {
			t.Fatal(err)
		}
		d.Event(&r)
	}
}

// What one rule finds of one principal on one day is one finding.
func TestFindingsAreByPrincipalAndDay(t *testing.T) {
	const day = 86400
	got := findings(t, load(t, rules),
		at(5, "CreateUser", "ann"), at(1, "CreateAccessKey", "ann"), at(2, "CreateUser", "bob"),
		at(day+1, "CreateUser", "ann"), at(3, "ListUsers", "ann"), at(5, "CreateUser", "ann"))
	var lines []string
	for _, f := range got {
		lines = append(lines, fmt.Sprint(f.Rule, f.Severity, f.Principal, f.Count, f.Events, f.First.Format(time.TimeOnly), f.Last.Format(time.TimeOnly)))
	}
	want := []string{
		"createdhigharn:aws:iam::111122223333:user/ann2 [000001-CreateAccessKey-ann 000005-CreateUser-ann]00:00:0100:00:05",
		"createdhigharn:aws:iam::111122223333:user/bob1 [000002-CreateUser-bob]00:00:0200:00:02",
		"createdhigharn:aws:iam::111122223333:user/ann1 [086401-CreateUser-ann]00:00:0100:00:01",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	check, message := got[0].Check(), got[0].Message(time.Unix(0, 0))
	if len(check.References) != 1 || check.References[0].Number != "T1136.003" || len(message.Evidence) != 2 || message.EvidenceOmitted != 0 {
		t.Errorf("%+v %+v", check, message)
	}
}

// Each correlation is told by the seconds of the events in its findings.
func TestCorrelations(t *testing.T) {
	fails := func(user string, seconds ...int) (lines []string) {
		for _, s := range seconds {
			lines = append(lines, at(s, "Fail", user))
		}
		return lines
	}
	works := func(user string, seconds ...int) (lines []string) {
		for _, s := range seconds {
			lines = append(lines, at(s, "Work", user))
		}
		return lines
	}
	amount := func(values ...int) (lines []string) {
		for i, v := range values {
			lines = append(lines, at(i, "Fail", "ann", fmt.Sprintf(`,"requestParameters":{"n":%d}`, v)))
		}
		return lines
	}
	const byUser = "group-by: [userIdentity.userName], timespan: 60s, "
	for _, test := range []struct {
		name, correlation string
		lines             [][]string
		want              string
	}{
		{"count", "type: event_count, rules: [failed], " + byUser + "condition: {gte: 3}", [][]string{fails("ann", 0, 30, 60), fails("bob", 0, 1)}, "0 30 60"},
		{"count out of the span", "type: event_count, rules: [failed], " + byUser + "condition: {gte: 3}", [][]string{fails("ann", 0, 30, 61)}, ""},
		{"count in the middle", "type: event_count, rules: [failed], " + byUser + "condition: {gte: 3}", [][]string{fails("ann", 0, 100, 110, 120, 500)}, "100 110 120"},
		{"count goes on", "type: event_count, rules: [failed], " + byUser + "condition: {gt: 2}", [][]string{fails("ann", 0, 20, 40, 60, 80, 100, 300)}, "0 20 40 60 80 100"},
		{"two runs", "type: event_count, rules: [failed], " + byUser + "condition: {gte: 2}", [][]string{fails("ann", 0, 1, 300, 301)}, "0 1|300 301"},
		{"count of two rules", "type: event_count, rules: [failed, worked], " + byUser + "condition: {gte: 3}", [][]string{fails("ann", 0, 1), works("ann", 2)}, "0 1 2"},
		{"exact count", "type: event_count, rules: [failed], " + byUser + "condition: {eq: 2}", [][]string{fails("ann", 0, 1), fails("bob", 0, 1, 2)}, "0 1"},
		{"range", "type: event_count, rules: [failed], " + byUser + "condition: {gt: 1, lte: 2}", [][]string{fails("ann", 0, 1), fails("bob", 0, 1, 2)}, "0 1"},
		{"not equal", "type: event_count, rules: [failed], " + byUser + "condition: {neq: 3}", [][]string{fails("ann", 0, 1), fails("bob", 0, 1, 2)}, "0 1"},
		{"without groups", "type: event_count, rules: [failed], timespan: 60s, condition: {gte: 3}", [][]string{fails("ann", 0, 2), fails("bob", 1)}, "0 1 2"},
		{"group without a value", "type: event_count, rules: [failed], group-by: [requestParameters.n], timespan: 60s, condition: {gte: 2}", [][]string{fails("ann", 0, 1)}, ""},
		{"values", "type: value_count, rules: [failed], timespan: 60s, condition: {field: userIdentity.userName, gte: 2}", [][]string{fails("ann", 0, 1, 2), fails("bob", 3)}, "0 1 2 3"},
		{"values out of the span", "type: value_count, rules: [failed], timespan: 60s, condition: {field: userIdentity.userName, gte: 2}", [][]string{fails("ann", 0, 1, 2), fails("bob", 90)}, ""},
		{"combined values", "type: value_count, rules: [failed], timespan: 60s, condition: {field: [userIdentity.userName, awsRegion], gte: 2}", [][]string{fails("ann", 0), fails("bob", 3)}, "0 3"},
		{"sum", "type: value_sum, rules: [failed], " + byUser + "condition: {field: requestParameters.n, gte: 10}", [][]string{amount(3, 7)}, "0 1"},
		{"small sum", "type: value_sum, rules: [failed], " + byUser + "condition: {field: requestParameters.n, gt: 10}", [][]string{amount(3, 7)}, ""},
		{"average", "type: value_avg, rules: [failed], " + byUser + "condition: {field: requestParameters.n, eq: 5}", [][]string{amount(3, 7)}, "0 1"},
		{"percentile", "type: value_percentile, rules: [failed], " + byUser + "condition: {field: requestParameters.n, percentile: 75, eq: 3}", [][]string{amount(4, 1, 2, 3)}, "0 1 2 3"},
		{"median", "type: value_median, rules: [failed], " + byUser + "condition: {field: requestParameters.n, eq: 2.5}", [][]string{amount(4, 1, 2, 3)}, "0 1 2 3"},
		{"no number", "type: value_sum, rules: [failed], " + byUser + "condition: {field: userIdentity.userName, lt: 10}", [][]string{amount(3)}, ""},
		{"both", "type: temporal, rules: [failed, worked], " + byUser, [][]string{works("ann", 0), fails("ann", 50)}, "0 50"},
		{"one of both", "type: temporal, rules: [failed, worked], " + byUser, [][]string{works("ann", 0), fails("bob", 50)}, ""},
		{"one is enough", "type: temporal, rules: [failed, worked], " + byUser + "condition: {gte: 1}", [][]string{works("ann", 0)}, "0"},
		{"either", "type: temporal, " + byUser + "condition: failed or worked", [][]string{works("ann", 0)}, "0"},
		{"one without the other", "type: temporal, " + byUser + "condition: failed and not worked", [][]string{fails("ann", 0), works("ann", 50), fails("bob", 7)}, "7"},
		{"in order", "type: temporal_ordered, rules: [failed, worked], " + byUser, [][]string{fails("ann", 0, 10), works("ann", 50, 55), works("bob", 0), fails("bob", 50)}, "10 50"},
		{"in order, too late", "type: temporal_ordered, rules: [failed, worked], " + byUser, [][]string{fails("ann", 0), works("ann", 61)}, ""},
		{"in the same second", "type: temporal_ordered, rules: [worked, failed], " + byUser, [][]string{fails("ann", 5), works("ann", 5)}, "5 5"},
		{"the same rule twice", "type: temporal_ordered, rules: [failed, failed], " + byUser, [][]string{fails("ann", 0)}, ""},
		{"the same rule twice, of two", "type: temporal_ordered, rules: [failed, failed], " + byUser, [][]string{fails("ann", 0, 7)}, "0 7"},
		{"the same rule three times", "type: temporal_ordered, rules: [failed, failed, failed], " + byUser, [][]string{fails("ann", 0, 7, 9)}, "0 7 9"},
		{"aliases", "type: temporal, rules: [failed, worked], group-by: [who], timespan: 60s, aliases: {who: {failed: userIdentity.userName, worked: requestParameters.for}}",
			[][]string{fails("ann", 0), {at(1, "Work", "bob", `,"requestParameters":{"for":"ann"}`)}}, "0 1"},
	} {
		rs := load(t, rules+"title: c\ncorrelation: {"+test.correlation+"}")
		lines := slices.Concat(test.lines...)
		rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		if got := seconds(findings(t, rs, lines...), "c"); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// seconds tells the findings of a rule by the times in the ids of their events.
func seconds(all []*detect.Finding, rule string) string {
	var found []string
	for _, f := range all {
		if f.Rule != rule {
			continue
		}
		var times []string
		for _, id := range f.Events {
			times = append(times, cmpOr(strings.TrimLeft(id[:6], "0")))
		}
		found = append(found, strings.Join(times, " "))
	}
	return strings.Join(found, "|")
}

func cmpOr(digits string) string {
	if digits == "" {
		return "0"
	}
	return digits
}

// A correlation of correlations: many failures, and then a success.
func TestChain(t *testing.T) {
	rs := load(t, rules+`title: many
name: many
correlation: {type: event_count, rules: [failed], group-by: [userIdentity.userName], timespan: 60s, condition: {gte: 3}}
---
title: chain
correlation: {type: temporal_ordered, rules: [many, worked], group-by: [userIdentity.userName], timespan: 1h}
`)
	var lines []string
	for s := range 3 {
		lines = append(lines, at(s, "Fail", "ann"), at(s, "Fail", "bob"))
	}
	all := findings(t, rs, append(lines, at(100, "Work", "ann"))...)
	if got := seconds(all, "chain"); got != "0 1 2 100" || len(all) != 1 {
		t.Errorf("%q of %d findings", got, len(all))
	}
}

// A count over sliding spans finds something if and only if some span has enough.
func TestCountsAgreeWithEachSpan(t *testing.T) {
	recordtest.Rounds(t, 20, func(t *testing.T, random *rand.Rand) {
		for range 30 {
			need, span := 1+random.IntN(5), 1+random.IntN(30)
			rs := load(t, rules+fmt.Sprintf("title: c\ncorrelation: {type: event_count, rules: [failed], timespan: %ds, condition: {gte: %d}}", span, need))
			var times []int
			var lines []string
			for n := range random.IntN(20) {
				s := random.IntN(100)
				times = append(times, s)
				lines = append(lines, strings.Replace(at(s, "Fail", "ann"), `-Fail-`, fmt.Sprintf("-%d-", n), 1))
			}
			enough := slices.ContainsFunc(times, func(from int) bool {
				count := 0
				for _, s := range times {
					if s >= from && s <= from+span {
						count++
					}
				}
				return count >= need
			})
			all := findings(t, rs, lines...)
			if found := len(all) > 0; found != enough {
				t.Fatalf("times %v, %d in %d s: found %t", times, need, span, found)
			}
		}
	})
}

// The findings do not depend on who takes which event, or in which order.
func TestFindingsDoNotDependOnWorkers(t *testing.T) {
	recordtest.Rounds(t, 10, func(t *testing.T, random *rand.Rand) {
		rs := load(t, rules+"title: c\ncorrelation: {type: temporal, rules: [failed, worked], group-by: [userIdentity.userName], timespan: 60s}")
		var lines []string
		for range 200 {
			lines = append(lines, at(random.IntN(5000), []string{"Fail", "Work", "CreateUser"}[random.IntN(3)], string("ab"[random.IntN(2)])))
		}
		want := asJSON(t, findings(t, rs, lines...))
		workers := make([]*detect.Detector, 1+random.IntN(5))
		for i := range workers {
			workers[i] = rs.NewDetector(time.Time{}, time.Time{})
		}
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		for _, line := range append(lines, lines[:20]...) { // some are delivered twice
			feed(t, workers[random.IntN(len(workers))], []string{line})
		}
		if got := asJSON(t, rs.Findings(workers...)); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The index of rules leaves out no rule that is true of a record.
func TestIndexLeavesOutNothing(t *testing.T) {
	recordtest.Rounds(t, 10, func(t *testing.T, random *rand.Rand) {
		var lines []string
		for n := range 100 {
			lines = append(lines, recordtest.Record(random, n))
		}
		lines = append(lines, `{"eventName":5}`, `{"eventName":["CreateUser","x"],"eventSource":"s"}`, `{"eventName":true}`, `{"eventName":null,"eventSource":"iam.amazonaws.com"}`)
		var text strings.Builder
		for n, search := range []string{
			"{eventName: CreateUser}", "{eventName: '5'}", "{eventName: 5}", "{eventName: TRUE}", "{eventSource: iam.amazonaws.com}",
			"{eventName: null}", "{eventName|startswith: Create}", "{eventName: [x, CreateUser], eventSource: S}", "{eventName|neq: CreateUser}",
			"[{eventName: CreateUser}, {eventSource: s3.amazonaws.com}]", "{eventName|contains: user}", "{awsRegion: us-east-1}",
		} {
			fmt.Fprintf(&text, "title: r%d\nlogsource: {product: aws}\ndetection: {s: %s, condition: s}\n---\n", n, search)
		}
		agree(t, text.String(), lines)
	})
}

// agree compares the hits of rules with those of asking each rule, and with the records
// that are said to be candidates.
func agree(t *testing.T, text string, lines []string) {
	t.Helper()
	folder := fstest.MapFS{"rules.yml": &fstest.MapFile{Data: []byte(text)}}
	set, problems, err := sigma.Load(t.Context(), sigma.Options{}, catalogue.Source{FS: folder})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	rs := detect.New(set)
	candidates := rs.Candidates()
	for _, line := range lines {
		var r event.Record
		if _, err := r.Decode([]byte(line)); err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, rule := range set.Rules {
			if rule.Matches.Match(&r) {
				want = append(want, rule.Title)
			}
		}
		for _, f := range findings(t, rs, line) {
			got = append(got, f.Rule)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%s: found %v, want %v", line, got, want)
		}
		if len(want) > 0 && candidates != nil && !candidates.Match(&r) {
			t.Fatalf("%s: it is no candidate, though %v are true of it: %s", line, want, candidates)
		}
	}
}

// The rules of SigmaHQ find something in a real attack, and as much with the index as
// without.
func TestSigmaHQOnRealEvents(t *testing.T) {
	const data = "../../../shared/data"
	if _, err := os.Stat(data); err != nil {
		t.Skip("SKIPPED REAL DATA: " + err.Error())
	}
	set, _, err := sigma.Load(t.Context(), sigma.Options{}, catalogue.Folder(filepath.Join(data, "sigmahq", "cloudtrail")))
	if err != nil {
		t.Fatal(err)
	}
	rs := detect.New(set)
	files, err := filepath.Glob(filepath.Join(data, "invictus/CloudTrail/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no events: ", err)
	}
	d := rs.NewDetector(time.Time{}, time.Time{})
	want := map[string]int{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Records []json.RawMessage }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(name, err)
		}
		for _, line := range file.Records {
			var r event.Record
			if _, err := r.Decode(line); err != nil {
				t.Fatal(err)
			}
			d.Event(&r)
			for _, rule := range set.Rules {
				if rule.Matches.Match(&r) {
					want[rule.Title]++
				}
			}
		}
	}
	all := rs.Findings(d)
	got := map[string]int{}
	for _, f := range all {
		got[f.Title] += f.Count
	}
	if len(want) < 5 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	t.Logf("%v", got)
}
