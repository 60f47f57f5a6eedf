package search_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/lookup"
	"github.com/cerpac/trailkeeper/internal/search"
	"github.com/cerpac/trailkeeper/predicate"
)

// opened is a lake of records.
func opened(t *testing.T, lines []string, opts search.Options) *search.Lake {
	t.Helper()
	file := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := dirarchive.New(file)
	if err != nil {
		t.Fatal(err)
	}
	opts.Store = folderstore.New(t.TempDir(), 0)
	if _, err := ingest.Run(t.Context(), ingest.Options{Source: source, Lake: opts.Store}); err != nil {
		t.Fatal(err)
	}
	return reopened(t, opts)
}

// asFirstSchema makes some parts of a lake look like parts of the first schema,
// whose columns they have.
func asFirstSchema(t *testing.T, dir string, parts int) {
	t.Helper()
	path := filepath.Join(dir, "_trailkeeper", "manifest.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old := regexp.MustCompile(`"checksum": "[0-9a-f]*",`).ReplaceAllString(string(text), "")
	changed := strings.Replace(old, fmt.Sprintf(`"schema": %d`, lake.Schema), `"schema": 1`, parts)
	if changed == old {
		t.Fatalf("no schema in %s", text)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

func reopened(t *testing.T, opts search.Options) *search.Lake {
	t.Helper()
	l, err := search.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// made is an event of few names, so that many events share them.
type made struct {
	line     string
	category lookup.Category
}

func makeEvent(random *rand.Rand, n int) made {
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	user := pick("ann", "bob", "root", "a/b", `q\"uote`, "é")
	identity := pick(
		fmt.Sprintf(`{"type":"IAMUser","userName":"%s","accessKeyId":"AKIA%d","arn":"arn:aws:iam::1:user/%[1]s"}`, user, random.IntN(3)),
		fmt.Sprintf(`{"type":"AssumedRole","principalId":"AROA:%s","arn":"arn:aws:sts::1:assumed-role/r/%[1]s"}`, user),
		`{"type":"Root","arn":"arn:aws:iam::1:root"}`, `{"type":"AWSService","invokedBy":"`+user+`"}`,
		`{"type":"IdentityCenterUser","onBehalfOf":{"userId":"`+user+`"}}`, `null`)
	name, source := pick("GetObject", "PutObject", "RunInstances"), pick("s3.amazonaws.com", "ec2.amazonaws.com")
	own := fmt.Sprintf(`"eventName":"%s","eventSource":"%s"`, name, source)
	kind := [...]struct {
		category lookup.Category
		members  string
	}{
		{lookup.Management, own + `,"eventCategory":"Management"`},
		{lookup.Data, own + `,"eventCategory":"Data","managementEvent":false`},
		{lookup.Management, own},
		{lookup.Data, own + `,"managementEvent":false`},
		{lookup.Insight, `"eventCategory":"Insight","insightDetails":{` + own + `}`},
	}[random.IntN(5)]
	at := time.Date(2026, 1, 1+random.IntN(5), random.IntN(24), random.IntN(60), 0, 0, time.UTC)
	line := fmt.Sprintf(`{"eventVersion":"1.08","eventID":"e%d","eventTime":"%s",%s,"readOnly":%s,"userIdentity":%s,"requestParameters":%s,"responseElements":%s,"resources":%s}`,
		n, at.Format(time.RFC3339), kind.members, pick("true", "false", "null"), identity,
		pick("null", `{"bucketName":"b`+pick("1", "2")+`"}`, `{"userName":"`+user+`"}`, `{"instancesSet":{"items":[{"instanceId":"i-1"}]}}`),
		pick("null", `{"roleName":"b1"}`), pick("null", `[{"ARN":"arn:aws:s3:::b1","type":"AWS::S3::Bucket"}]`))
	return made{line, kind.category}
}

// found is all that a search finds.
func found(t *testing.T, l *search.Lake, filter lookup.Filter, categories []lookup.Category, most int) (list []lookup.Event) {
	t.Helper()
	events := l.Lookup(filter, categories, most)
	defer events.Close()
	for {
		e, err := events.Next(t.Context())
		if errors.Is(err, io.EOF) {
			if events.Found() != len(list) {
				t.Errorf("%d events found, %d given", events.Found(), len(list))
			}
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		e.Record = slices.Clone(e.Record)
		list = append(list, e)
	}
}

func ids(events []lookup.Event) (list []string) {
	for _, e := range events {
		list = append(list, e.ID)
	}
	return list
}

// valuesOf are the values that events have in each attribute, and one of no event.
func valuesOf(events []lookup.Event) map[string][]string {
	values := map[string][]string{}
	add := func(key, value string) {
		if value != "" && !slices.Contains(values[key], value) {
			values[key] = append(values[key], value)
		}
	}
	for _, e := range events {
		add("AccessKeyId", e.AccessKeyID)
		add("EventName", e.Name)
		add("EventSource", e.Source)
		add("ReadOnly", e.ReadOnly)
		add("Username", e.Username)
		for _, r := range e.Resources {
			add("ResourceName", r.Name)
			add("ResourceType", r.Type)
		}
	}
	values["EventId"] = []string{"e1", "e2", "e3", "none"}
	values["Username"] = append(values["Username"], "nobody", `\`)
	return values
}

// question is a filter of some attributes, of values that there are.
func question(t *testing.T, random *rand.Rand, values map[string][]string) lookup.Filter {
	t.Helper()
	filter := lookup.Filter{}
	for range 1 + random.IntN(2) {
		key := lookup.Attributes()[random.IntN(len(lookup.Attributes()))]
		for range 1 + random.IntN(2) {
			if err := filter.Add(key, values[key][random.IntN(len(values[key]))]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return filter
}

// Lookup finds what Filter.Match says of each event, newest first, whatever of it
// is left to the engine.
func TestLookupFindsWhatMatches(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var lines []string
	categoryOf := map[string]lookup.Category{}
	for n := range 400 {
		m := makeEvent(random, n)
		lines = append(lines, m.line)
		categoryOf[fmt.Sprintf("e%d", n)] = m.category
	}
	l := opened(t, lines, search.Options{})
	requireMatches(t, l, random, lines, categoryOf)
	for _, parts := range []int{2, -1} { // some and all of the first schema
		asFirstSchema(t, l.Files().Dir, parts)
		requireMatches(t, reopened(t, search.Options{Store: folderstore.New(l.Files().Dir, 0)}), random, lines, categoryOf)
	}
}

func requireMatches(t *testing.T, l *search.Lake, random *rand.Rand, lines []string, categoryOf map[string]lookup.Category) {
	t.Helper()
	all := found(t, l, lookup.Filter{}, nil, 0)
	if len(all) != len(lines) || !slices.IsSortedFunc(all, func(a, b lookup.Event) int { return b.Time.Compare(a.Time) }) {
		t.Fatalf("%d of %d events, or not the newest first", len(all), len(lines))
	}
	values := valuesOf(all)
	some := 0
	for i := range 40 {
		filter := question(t, random, values)
		categories := [][]lookup.Category{nil, {lookup.Management}, {lookup.Data}, {lookup.Insight}, {lookup.Data, lookup.Insight}}[random.IntN(5)]
		// What an Insights event is about has to be asked for.
		about := categories == nil && len(filter["EventName"])+len(filter["EventSource"]) > 0
		var want []string
		for _, e := range all {
			c := categoryOf[e.ID]
			if filter.Match(e) && (categories == nil || slices.Contains(categories, c)) && (!about || c != lookup.Insight) {
				want = append(want, e.ID)
			}
		}
		some += len(want)
		if diff := cmp.Diff(want, ids(found(t, l, filter, categories, 0))); diff != "" {
			t.Fatalf("%v of %v (-match +lookup)\n%s", filter, categories, diff)
		}
		if i%4 != 0 {
			continue
		}
		if few := ids(found(t, l, filter, categories, 3)); !slices.Equal(few, want[:min(3, len(want))]) {
			t.Fatalf("%v of %v: the first three are %v, want %v", filter, categories, few, want[:min(3, len(want))])
		}
	}
	if some < 100 {
		t.Errorf("all questions found %d events", some)
	}
}

// A search opens what its time needs, and tells the span of the whole lake.
func TestTimeOfASearch(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var lines []string
	for n := range 200 {
		lines = append(lines, makeEvent(random, n).line)
	}
	since, until := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC), time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC)
	l := opened(t, lines, search.Options{Since: since, Until: until})
	events := found(t, l, lookup.Filter{}, nil, 0)
	for _, e := range events {
		if e.Time.Before(since) || !e.Time.Before(until) {
			t.Errorf("event %s of %s", e.ID, e.Time)
		}
	}
	first, last := l.Span()
	if len(events) == 0 || !first.Before(since) || !last.After(until) {
		t.Errorf("%d events; the lake is from %s to %s", len(events), first, last)
	}
	names, err := l.Values(t.Context(), "event_name")
	if want := []string{"GetObject", "PutObject", "RunInstances"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("event names %v, %v", names, err)
	}
}

// A selection finds the records that its predicate matches, in their order.
func TestSelect(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	var lines []string
	for n := range 200 {
		lines = append(lines, makeEvent(random, n).line)
	}
	l := opened(t, lines, search.Options{})
	for _, where := range []*predicate.Predicate{
		nil,
		predicate.Where(predicate.At("eventName"), predicate.Equal("CreateUser", "GetObject")),
		predicate.Not(predicate.Where(predicate.At("readOnly"), predicate.IsTrue())),
		predicate.All(predicate.Where(predicate.At("userIdentity", "userName"), predicate.Equal("ann", "é")),
			predicate.Where(predicate.At("eventSource"), predicate.HasSuffix(".amazonaws.com"))),
	} {
		records, err := l.Select(t.Context(), search.Selection{Where: where})
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		var record event.Record
		for {
			raw, err := records.Append(nil)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := record.Decode(raw); err != nil || where != nil && !where.Match(&record) {
				t.Errorf("%v: %v, found %s", where, err, raw)
			}
			found++
		}
		if err := records.Close(); err != nil {
			t.Error(err)
		}
		want := 0
		for _, line := range lines {
			if _, err := record.Decode([]byte(line)); err != nil {
				t.Fatal(err)
			}
			if where == nil || where.Match(&record) {
				want++
			}
		}
		if found != want || want == 0 {
			t.Errorf("%v: found %d records of %d", where, found, want)
		}
	}
}
