package selector_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/selector"
)

func parse(t *testing.T, text string) (s selector.Set) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

func TestCheck(t *testing.T) {
	basic := func(member string) string { return `{"EventSelectors":[{` + member + `}]}` }
	advanced := func(fields string) string {
		return `{"AdvancedEventSelectors":[{"FieldSelectors":[` + fields + `]}]}`
	}
	const (
		management = `{"Field":"eventCategory","Equals":["Management"]}`
		data       = `{"Field":"eventCategory","Equals":["Data"]}`
		objects    = data + `,{"Field":"resources.type","Equals":["AWS::S3::Object"]}`
	)
	many := func(n int, format string) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(format, i))
		}
		return strings.Join(list, ",")
	}
	for _, c := range []struct {
		set  string
		want []string // path: kind
	}{
		{`{}`, nil},
		{basic(``), nil},
		{basic(`"ReadWriteType":"Write"`), []string{"EventSelectors[0].ReadWriteType: " + string(selector.BadValue)}},
		{`{"EventSelectors":[` + many(6, `{"ReadWriteType":"All%[1]d"}`) + `]}`, append([]string{"EventSelectors: " + string(selector.TooManySelectors)},
			"EventSelectors[0].ReadWriteType: "+string(selector.BadValue), "EventSelectors[1].ReadWriteType: "+string(selector.BadValue),
			"EventSelectors[2].ReadWriteType: "+string(selector.BadValue), "EventSelectors[3].ReadWriteType: "+string(selector.BadValue),
			"EventSelectors[4].ReadWriteType: "+string(selector.BadValue), "EventSelectors[5].ReadWriteType: "+string(selector.BadValue))},
		{basic(`"ExcludeManagementEventSources":["kms.amazonaws.com","x"]`), []string{"EventSelectors[0].ExcludeManagementEventSources[1]: " + string(selector.BadValue)}},
		{basic(`"DataResources":[{"Type":"AWS::S3::Object"},{"Type":"AWS::S3::Bucket","Values":["x"]}]`), []string{"EventSelectors[0].DataResources[1].Type: " + string(selector.BadValue)}},
		{basic(`"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3","arn:aws:s3:::192.168.5.4/","arn:aws:s3:::a..b/","arn:aws:s3:::ab/","arn:aws:s3:::logs/x"]}]`), []string{
			"EventSelectors[0].DataResources[0].Values[1]: " + string(selector.BadResource), "EventSelectors[0].DataResources[0].Values[2]: " + string(selector.BadResource),
			"EventSelectors[0].DataResources[0].Values[3]: " + string(selector.BadResource)}},
		{basic(`"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3",` + many(250, `"arn:aws:s3:::logs/%d"`) + `]}]`), nil},
		{basic(`"DataResources":[{"Type":"AWS::S3::Object","Values":[` + many(251, `"arn:aws:s3:::logs/%d"`) + `]}]`), []string{"EventSelectors: " + string(selector.TooManyResources)}},

		{advanced(management), nil},
		{`{"EventSelectors":[{}],"AdvancedEventSelectors":[{"FieldSelectors":[` + management + `]}]}`, []string{"EventSelectors: " + string(selector.BothKinds)}},
		{advanced(``), []string{"AdvancedEventSelectors[0]: " + string(selector.NoCategory)}},
		{advanced(data), []string{"AdvancedEventSelectors[0]: " + string(selector.MissingField)}},
		{advanced(objects + "," + data), []string{"AdvancedEventSelectors[0].FieldSelectors[2].Field: " + string(selector.RepeatedField)}},
		{advanced(management + `,{"Field":"eventName","Equals":["x"]}`), []string{"AdvancedEventSelectors[0].FieldSelectors[1].Field: " + string(selector.UnknownField)}},
		{advanced(objects + `,{"Field":"eventName"}`), []string{"AdvancedEventSelectors[0].FieldSelectors[2]: " + string(selector.NoCondition)}},
		{advanced(objects + `,{"Field":"eventName","Equals":["a",""],"NotEndsWith":[""]}`), []string{
			"AdvancedEventSelectors[0].FieldSelectors[2].Equals[1]: " + string(selector.BadFieldValue), "AdvancedEventSelectors[0].FieldSelectors[2].NotEndsWith[0]: " + string(selector.BadFieldValue)}},
		{advanced(management + `,{"Field":"readOnly","Equals":["true","false"],"NotEquals":["true"]}`), []string{
			"AdvancedEventSelectors[0].FieldSelectors[1].NotEquals: " + string(selector.BadOperator), "AdvancedEventSelectors[0].FieldSelectors[1]: " + string(selector.OneValueOnly)}},
		{advanced(objects + `,{"Field":"eventName","Equals":[` + many(498, `"E%d"`) + `]}`), nil},
		{advanced(objects + `,{"Field":"eventName","Equals":[` + many(499, `"E%d"`) + `]}`), []string{"AdvancedEventSelectors: " + string(selector.TooManyConditions)}},
		{`{"AdvancedEventSelectors":[{"Name":"` + strings.Repeat("n", 1001) + `","FieldSelectors":[` + management + `]}]}`, []string{"AdvancedEventSelectors[0].Name: " + string(selector.LongName)}},
	} {
		var got []string
		for _, p := range parse(t, c.set).Check() {
			got = append(got, p.Path+": "+string(p.Kind))
			if p.Message() == "" || strings.Contains(p.Message(), "%!") {
				t.Errorf("%.300s: the message is %q", c.set, p.Message())
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%.300s has %q\nwant %q", c.set, got, c.want)
		}
	}
}

func TestComplete(t *testing.T) {
	const want = `{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":[],"DataResources":[]}]}`
	for _, set := range []selector.Set{selector.Default(), {EventSelectors: []selector.Basic{parse(t, want).EventSelectors[0].Complete()}}} {
		if got, err := json.Marshal(set); err != nil || string(got) != want {
			t.Errorf("%v %s", err, got)
		}
	}
	if once := (selector.Basic{DataResources: []selector.DataResource{{Type: selector.Table}}}).Complete(); !reflect.DeepEqual(once.Complete(), once) || once.DataResources[0].Values == nil {
		t.Errorf("%+v", once)
	}
}

// What a set says of itself is what it does with events.
func TestCoverage(t *testing.T) {
	advanced := func(fields ...string) string {
		return `{"AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}` + strings.Join(append([]string{""}, fields...), ",") + `]}]}`
	}
	const noKMS = `{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}`
	for _, c := range []struct {
		set                          string
		reads, writes, all, standard bool
		excluded                     string
	}{
		{`{}`, true, true, true, true, ""},
		{`{"EventSelectors":[{}]}`, true, true, true, true, ""},
		{`{"EventSelectors":[{"ReadWriteType":"ReadOnly"},{"ReadWriteType":"WriteOnly"}]}`, true, true, false, false, ""},
		{`{"EventSelectors":[{"ReadWriteType":"ReadOnly"}]}`, true, false, false, false, ""},
		{`{"EventSelectors":[{"IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]}`, false, false, false, false, ""},
		{`{"EventSelectors":[{"ExcludeManagementEventSources":["kms.amazonaws.com"]}]}`, true, true, false, false, "kms.amazonaws.com"},
		{`{"EventSelectors":[{"ExcludeManagementEventSources":["kms.amazonaws.com"]},{}]}`, true, true, true, false, ""},
		{advanced(), true, true, true, false, ""},
		{advanced(`{"Field":"readOnly","Equals":["false"]}`), false, true, false, false, ""},
		{advanced(`{"Field":"readOnly","Equals":["true"]}`, noKMS), true, false, false, false, "kms.amazonaws.com"},
	} {
		s := parse(t, c.set)
		if got := []bool{s.SelectsManagement(true), s.SelectsManagement(false), s.RecordsManagement(), s.IsDefault()}; !slices.Equal(got, []bool{c.reads, c.writes, c.all, c.standard}) {
			t.Errorf("%s: %v", c.set, got)
		}
		if got := strings.Join(s.Excluded(), " "); got != c.excluded {
			t.Errorf("%s excludes %q", c.set, got)
		}
		for record, want := range map[string]bool{
			`{"eventSource":"s3.amazonaws.com","readOnly":true}`: c.reads, `{"eventSource":"s3.amazonaws.com"}`: c.writes,
			`{"eventSource":"kms.amazonaws.com","readOnly":true}`: c.reads && c.excluded == "", `{"eventSource":"kms.amazonaws.com"}`: c.writes && c.excluded == "",
		} {
			if r, _ := decode(t, record); s.Match(r) != want {
				t.Errorf("%s gets %s: %t", c.set, record, !want)
			}
		}
	}
}
