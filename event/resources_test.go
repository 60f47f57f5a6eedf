package event_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/recordtest"
)

// plainFinder finds resources with a general JSON reader, as its type's methods
// say it: slowly and in recursion.
type plainFinder struct {
	service string
	found   []event.Resource
}

func (f *plainFinder) add(kind, name string) {
	if r := (event.Resource{Type: kind, Name: name}); name != "" && !slices.Contains(f.found, r) {
		f.found = append(f.found, r)
	}
}

func (f *plainFinder) listed(raw []byte) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return
	}
	for _, element := range list {
		var r struct{ Type, ARN, ARNPrefix string }
		_ = json.Unmarshal(element, &r) // what is a string is there, whatever the error
		f.add(r.Type, cmp.Or(r.ARN, r.ARNPrefix))
	}
}

func (f *plainFinder) value(d *json.Decoder, name string) {
	token, err := d.Token()
	if err != nil {
		return
	}
	switch token := token.(type) {
	case string:
		if kind := f.kindOf(name); kind != "" {
			f.add(kind, token)
		}
	case json.Delim:
		element := strings.TrimSuffix(name, "s")
		for d.More() {
			if token == '{' {
				key, _ := d.Token()
				element, _ = key.(string)
			}
			f.value(d, element)
		}
		_, _ = d.Token() // the closing delimiter
	}
}

func (f *plainFinder) kindOf(member string) string {
	for _, rule := range event.ResourceRules() {
		if member == rule.Member && (rule.Service == "" || rule.Service == f.service) {
			return rule.Type
		}
	}
	return ""
}

func plainResources(r *event.Record) []event.Resource {
	f := plainFinder{service: strings.TrimSuffix(string(r.Text(event.EventSource)), ".amazonaws.com")}
	f.listed(r.Get(event.Resources).Raw)
	for _, field := range []event.Field{event.RequestParameters, event.ResponseElements} {
		d := json.NewDecoder(bytes.NewReader(r.Get(field).Raw))
		d.UseNumber() // a number beyond float64 is no error
		f.value(d, "")
	}
	return f.found
}

// requireResources compares the two ways for a record.
func requireResources(t *testing.T, text string) int {
	t.Helper()
	var r event.Record
	if _, err := r.Decode([]byte(text)); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got := r.Resources()
	if diff := gocmp.Diff(plainResources(&r), got); diff != "" {
		t.Fatalf("(-with encoding/json +got)\n%s\n%s", diff, text)
	}
	return len(got)
}

// resourceText is a JSON value in which members that name resources are common.
func resourceText(random *rand.Rand, depth int) string {
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	space := func() string { return pick("", "", "", " ", "\n\t") }
	kind := 1 + random.IntN(7)
	if depth == 0 {
		kind = random.IntN(4)
	}
	switch kind {
	case 0:
		return pick("null", "true", "-1.5e300", "1e999", "0")
	case 1, 2, 3:
		return `"` + pick("a", "b", "", "i-1", `\u00e9`, `q\"uote`, `\ud800`, `\\`, "é", `\ud83d\ude00`) + `"`
	}
	rules := event.ResourceRules()
	var items []string
	for range 1 + random.IntN(3) {
		value := resourceText(random, depth-1)
		if kind <= 5 {
			name := rules[random.IntN(len(rules))].Member + pick("", "", "", "s", "ss", "S")
			name = pick(name, name, name, "ARN", "arn", "ARNPrefix", "type", "TYPE", `\u006e`+strings.TrimPrefix(name, "n"), "s", "")
			value = `"` + name + `"` + space() + ":" + space() + value
		}
		items = append(items, value)
	}
	text := space() + strings.Join(items, space()+","+space()) + space()
	if kind <= 5 {
		return "{" + text + "}"
	}
	return "[" + text + "]"
}

func TestResourcesOfRandomRecords(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	found := 0
	for n := range 800 {
		if n%8 == 0 {
			found += requireResources(t, recordtest.Record(random, n))
		}
		services := []string{"ec2", "iam", "s3", "kms", "cloudtrail"}
		found += requireResources(t, fmt.Sprintf(`{"eventSource":"%s.amazonaws.com","resources":%s,"requestParameters":%s,"responseElements":%s}`,
			services[random.IntN(len(services))], resourceText(random, 3), resourceText(random, 4), resourceText(random, 4)))
	}
	if found < 200 {
		t.Errorf("only %d resources in all records", found)
	}
}

func TestResourceRulesAreSorted(t *testing.T) {
	if !slices.IsSortedFunc(event.ResourceRules(), func(a, b event.ResourceRule) int { return cmp.Compare(a.Member, b.Member) }) {
		t.Error("the rules are not sorted by member")
	}
}

// A record full of names takes no longer than its length makes it.
func TestManyResources(t *testing.T) {
	var ids []string
	for n := range 50_000 {
		ids = append(ids, fmt.Sprintf(`"i-%d"`, n))
	}
	list := strings.Join(ids, ",")
	deep := strings.Repeat(`{"a":[`, 400) + list + strings.Repeat("]}", 400)
	text := `{"eventSource":"ec2.amazonaws.com","requestParameters":{"instanceIds":[` + list + `]},"responseElements":` + deep + `}`
	var r event.Record
	if _, err := r.Decode([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if got := len(r.Resources()); got != len(ids) {
		t.Errorf("%d resources, want %d", got, len(ids))
	}
}
