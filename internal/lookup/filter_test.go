package lookup

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFilterCondition(t *testing.T) {
	for _, test := range []struct {
		name   string
		filter Filter
		asked  Asked
		want   string
		params []string // lookup_0, lookup_1, ...
	}{
		{name: "nothing", want: `true`},
		{name: "no values", filter: Filter{"EventId": nil}, want: `true`},
		{name: "key", filter: Filter{"AccessKeyId": {"AKIA1"}}, want: `(identity_access_key_id = $lookup_0)`, params: []string{"AKIA1"}},
		{name: "id", filter: Filter{"EventId": {"1"}}, want: `(event_id = $lookup_0)`, params: []string{"1"}},
		{name: "read-only", filter: Filter{"ReadOnly": {"true"}}, want: `(read_only = true)`},
		{
			name: "several values, several attributes", filter: Filter{"EventName": {"A", "B"}, "EventSource": {"s3.amazonaws.com"}, "ReadOnly": {}},
			want: `(event_name = $lookup_0 OR event_name = $lookup_1) AND (event_source = $lookup_2)`, params: []string{"A", "B", "s3.amazonaws.com"},
		},
		{
			name: "name of an Insights event", filter: Filter{"EventName": {"A"}}, asked: Asked{Insights: true},
			want: `(event_name = $lookup_0 OR json_extract_string(insight_details, '$.eventName') = $lookup_0)`, params: []string{"A"},
		},
		{
			name: "source of an Insights event", filter: Filter{"EventSource": {"A"}}, asked: Asked{Insights: true},
			want: `(event_source = $lookup_0 OR json_extract_string(insight_details, '$.eventSource') = $lookup_0)`, params: []string{"A"},
		},
		{name: "user", filter: Filter{"Username": {"alice"}}, want: `(username = $lookup_0)`, params: []string{"alice"}},
		{name: "root", filter: Filter{"Username": {"root"}}, want: `(username = $lookup_0)`, params: []string{"root"}},
		{
			name: "resource", filter: Filter{"ResourceName": {"logs"}},
			want:   `((contains(resources, $lookup_0) OR contains(request_parameters, $lookup_0) OR contains(response_elements, $lookup_0)))`,
			params: []string{"logs"},
		},
		{
			name: "resource with characters that JSON escapes", filter: Filter{"ResourceName": {`ab"c d~\e`}},
			want:   `((contains(resources, $lookup_0) OR contains(request_parameters, $lookup_0) OR contains(response_elements, $lookup_0)))`,
			params: []string{"c d~"},
		},
		{name: "resource of such characters alone", filter: Filter{"ResourceName": {"\"\\\x1f\x7fé"}}, want: `(true)`},
		{
			name: "type", filter: Filter{"ResourceType": {"AWS::S3::Bucket"}},
			want: `((contains(resources, $lookup_0) OR contains(request_parameters, $lookup_1) OR contains(response_elements, $lookup_1) OR ` +
				`contains(request_parameters, $lookup_2) OR contains(response_elements, $lookup_2)))`,
			params: []string{"AWS::S3::Bucket", `"bucketName`, `"s3BucketName`},
		},
		{
			name: "lists of resources", filter: Filter{"ResourceName": {"a", "b"}, "ResourceType": {"T"}}, asked: Asked{Lists: true},
			want:   `(list_contains(resource_names, $lookup_0) OR list_contains(resource_names, $lookup_1)) AND (list_contains(resource_types, $lookup_2))`,
			params: []string{"a", "b", "T"},
		},
		{name: "type that no member names", filter: Filter{"ResourceType": {"AWS::Any::Thing"}}, want: `((contains(resources, $lookup_0)))`, params: []string{"AWS::Any::Thing"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			sql, params := test.filter.Condition(test.asked)
			if diff := cmp.Diff(test.want, sql); diff != "" {
				t.Errorf("condition (-want +got)\n%s", diff)
			}
			var got []string
			for _, name := range slices.Sorted(maps.Keys(params)) {
				got = append(got, params[name].(string))
			}
			if diff := cmp.Diff(test.params, got); diff != "" {
				t.Errorf("parameters (-want +got)\n%s", diff)
			}
		})
	}
}

func TestLongestPlain(t *testing.T) {
	for value, want := range map[string]string{
		"": "", "a": "a", `ab"cd`: "ab", `ab"cde`: "cde", `abc\d`: "abc", " a~": " a~", "a\x1fbc": "bc", "a\x7fbc": "bc", "éab": "ab",
	} {
		if got := longestPlain(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

// A filter is exact unless it asks for resources where there are no lists of them.
func TestFilterExact(t *testing.T) {
	derived := []string{"ResourceName", "ResourceType"}
	if !(Filter{}).Exact(Asked{}) || !(Filter{"ResourceName": {}}).Exact(Asked{}) {
		t.Error("an empty filter is not exact")
	}
	for _, key := range Attributes() {
		for n := range 2 {
			f := Filter{key: slices.Repeat([]string{"true"}, n+1)}
			if !f.Exact(Asked{Lists: true}) {
				t.Errorf("%d values of %s: not exact with lists", n+1, key)
			}
			if got, want := f.Exact(Asked{}), !slices.Contains(derived, key); got != want {
				t.Errorf("%d values of %s: exact is %t", n+1, key, got)
			}
		}
	}
	if !slices.Equal(Attributes(), slices.Sorted(slices.Values(Attributes()))) || len(Attributes()) != 8 {
		t.Errorf("attributes: %s", strings.Join(Attributes(), ", "))
	}
}

func TestUnknownAttributeMatchesNothing(t *testing.T) {
	if (Filter{"Nonsense": {""}}).Match(Event{}) {
		t.Error("an attribute that there is not matches")
	}
}
