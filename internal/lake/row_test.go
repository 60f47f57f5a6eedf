package lake

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/event"
)

// OddRecords are records of which each is odd in its own way. The tests of this
// folder bring them through rows, Parquet and DuckDB.
func OddRecords() map[string]string {
	const time = `"eventTime":"2026-01-11T10:00:00Z"`
	deep := strings.Repeat(`{"a":[`, 400) + strings.Repeat(`]}`, 400)
	return map[string]string{
		"ordinary":                   `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAX:me","arn":"arn:aws:sts::123456789012:assumed-role/r/me","accountId":"123456789012","accessKeyId":"ASIAX","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAX","arn":"arn:aws:iam::123456789012:role/r","accountId":"123456789012","userName":"r"},"attributes":{"creationDate":"2026-01-11T09:00:00Z","mfaAuthenticated":"false"},"sourceIdentity":"me"}},` + time + `,"eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"eu-west-2","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli/2","requestParameters":{"instancesSet":{},"filterSet":{"items":[1,2.50,true,null]}},"responseElements":null,"requestID":"c1","eventID":"3038ebd2-c98a-4c65-9b6e-e22506292313","readOnly":true,"resources":[{"ARN":"arn:aws:s3:::b","accountId":"123456789012","type":"AWS::S3::Bucket"}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3"},"sessionCredentialFromConsole":"true"}`,
		"every member null":          `{` + time + "," + everyMember("null", event.EventTime, event.TimeWindow) + `}`,
		"every member a number":      `{` + time + "," + everyMember("12.30", event.EventTime, event.TimeWindow) + `}`,
		"every member a string":      `{` + time + "," + everyMember(`"true"`, event.EventTime, event.TimeWindow) + `}`,
		"every member a boolean":     `{` + time + "," + everyMember("false", event.EventTime, event.TimeWindow) + `}`,
		"every member an object":     `{` + time + "," + everyMember(`{"a":[{"b":null}]}`, event.EventTime, event.TimeWindow) + `}`,
		"every member an array":      `{` + time + "," + everyMember("[1,[]]", event.EventTime, event.TimeWindow) + `}`,
		"every member empty text":    `{` + time + "," + everyMember(`""`, event.EventTime, event.TimeWindow) + `}`,
		"nothing but a time":         `{` + time + `}`,
		"milliseconds":               `{"eventTime":"2026-01-11T10:00:00.123Z"}`,
		"nanoseconds":                `{"eventTime":"2026-01-11T10:00:00.123456789Z"}`,
		"time with a zone":           `{"eventTime":"2026-01-11T10:00:00+02:00"}`,
		"time in basic form":         `{"eventTime":"20260111T100000Z"}`,
		"time with escapes":          `{"eventTime":"2026-01-11T10\u003a00:00Z"}`,
		"before 1970":                `{"eventTime":"1969-12-31T23:59:59.5Z"}`,
		"first year":                 `{"eventTime":"0001-01-01T00:00:00Z"}`,
		"last year":                  `{"eventTime":"9999-12-31T23:59:59Z"}`,
		"huge numbers":               `{` + time + `,"requestParameters":{"a":123456789012345678901234567890.0001000,"b":-0,"c":1e400,"d":1E+2,"e":0.10}}`,
		"huge number of no column":   `{` + time + `,"price":18446744073709551616.0,"readOnly":1e999}`,
		"unknown members":            `{` + time + `,"zeta":{"a":1},"alpha":[],"":null,"eventid":"x","EventName":"y"}`,
		"member named like ours":     `{` + time + `,"$record":"{}","extra":"x","log_file":"y"}`,
		"member named $record, null": `{"$record":null,` + time + `}`,
		"unpaired surrogate":         `{` + time + `,"userAgent":"a\ud800b","z":1}`,
		"unpaired, in JSON":          `{` + time + `,"requestParameters":{"a":"\udc00"}}`,
		"unpaired, in a name":        `{` + time + `,"x\ud800":1,"x\ud801":2}`,
		"paired surrogates":          `{` + time + `,"userAgent":"\ud83d\ude42 🙂","requestParameters":{"\ud83d\ude42":"\u00e9"}}`,
		"escapes everywhere":         `{` + time + `,"event\u004eame":"Put\u0045vents \" \\ \/ \b\f\n\r\t","requestParameters":"{\"a\":\"\\u0041\"}","\u0078":"\u0079"}`,
		"NUL characters":             `{` + time + `,"userAgent":"a\u0000b","eventName":"\u0000","requestParameters":{"\u0000":"\u0000"},"n":"\u0000"}`,
		"control characters":         `{` + time + `,"userAgent":"\u0001\u001f\u007f","errorMessage":"\u2028\u2029\ufeff\ufffe\uffff"}`,
		"white space":                "{ \t" + `"eventTime" : "2026-01-11T10:00:00Z" ,` + "\r\n" + ` "requestParameters" : { "a" : [ 1 , 2 ] , "b" : "x  y" } , "z" : [ ] }` + "\n "[:0],
		// Members of extra come before JSON columns that have to be written anew.
		"extra before spaced JSON":   `{"eventTime":"2026-01-11T10:00:00.001Z","apiVersion":20150331,"requestParameters":{ "policyDocument" : "{\"Version\":\"2012-10-17\"}" },"responseElements":{ "a" : 1 }}`,
		"extra before escaped JSON":  `{"eventTime":"2026-01-11T10:00:00.002Z","requestParameters":{"x":"\u0022,\u0022sourceIPAddress\u0022:\u0022203.0.113.77"},"sourceIPAddress":"198.51.100.3","colour":"red"}`,
		"duplicated members":         `{` + time + `,"eventName":"A","eventName":"B","z":1,"z":2}`,
		"duplicated inner members":   `{` + time + `,"requestParameters":{"a":1,"a":2},"z":{"b":1,"b":1}}`,
		"order of inner members":     `{` + time + `,"requestParameters":{"b":1,"a":2}}`,
		"aggregated":                 `{"eventVersion":"1.0","accountId":"123456789012","eventId":"d5f1f6e0-0000-4000-8000-000000000001","eventCategory":"Aggregated","timeWindow":{"windowStart":"2026-01-11T10:00:00Z","windowEnd":"2026-01-11T10:05:00Z","windowSize":"PT5M"},"summary":{"primaryDimension":{"dimension":"EVENT_NAME","statistics":[{"name":"GetObject","value":7}]}}}`,
		"aggregated with all times":  `{` + time + `,"timeWindow":{"windowStart":"2026-01-11T10:00:00Z"},"eventID":"a","eventId":"b"}`,
		"aggregated, null eventTime": `{"eventID":null,"eventId":"b","eventTime":null,"timeWindow":{"windowStart":" 2026-01-11T10:00:00Z "},"summary":null}`,
		"aggregated, eventID number": `{"eventID":7,"eventId":"b",` + time + `}`,
		"insight":                    `{"eventVersion":"1.07",` + time + `,"awsRegion":"us-east-1","eventID":"a9edc959-9488-4790-be0f-05d60e56b547","eventType":"AwsCloudTrailInsight","recipientAccountId":"123456789012","sharedEventID":"c2806063-d85d-42c3-9027-d2c56a477314","insightDetails":{"state":"Start","eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy","insightType":"ApiCallRateInsight","insightContext":{"statistics":{"baseline":{"average":0.0020833333},"insight":{"average":6}}}},"eventCategory":"Insight"}`,
		"identity of odd types":      `{` + time + `,"userIdentity":{"type":1,"arn":null,"accountId":["x"],"userName":{"a":1},"sessionContext":{"attributes":{"mfaAuthenticated":true},"sessionIssuer":"x"}}}`,
		"identity not an object":     `{` + time + `,"userIdentity":"root"}`,
		"identity members twice":     `{` + time + `,"userIdentity":{"type":"A","type":"B"}}`,
		"deep":                       `{` + time + `,"requestParameters":` + deep + `,"z":` + deep + `}`,
		"long":                       `{` + time + `,"requestParameters":{"a":"` + strings.Repeat("é", 1<<20) + `"}}`,
		"long names and texts":       `{` + time + `,"userAgent":"` + strings.Repeat("x", 1<<16) + `","` + strings.Repeat("n", 1<<12) + `":1}`,
	}
}

// everyMember writes all documented members with one value, but for some.
func everyMember(value string, except ...event.Field) string {
	var members []string
	for f := range event.Field(event.NumFields) {
		if !slices.Contains(except, f) {
			members = append(members, fmt.Sprintf("%q:%s", f, value))
		}
	}
	return strings.Join(members, ",")
}

func decodeRecord(t testing.TB, text []byte) *event.Record {
	t.Helper()
	rec := &event.Record{}
	if n, err := rec.Decode(text); err != nil || n != len(text) {
		t.Fatalf("decode %s: %d of %d bytes, %v", text, n, len(text), err)
	}
	return rec
}

// RequireSame fails the test unless two records are the same JSON value: digit
// for digit, and with the inner members in the same order.
func RequireSame(t testing.TB, want, got []byte) {
	t.Helper()
	if !reflect.DeepEqual(jsonValue(t, want), jsonValue(t, got)) {
		t.Fatalf("the record came back as another JSON value\nwas %s\nis  %s", want, got)
	}
	before, after := decodeRecord(t, want), decodeRecord(t, got)
	if !before.Sound() && !bytes.Equal(want, got) {
		t.Fatalf("a record that is not Unicode must come back byte for byte\nwas %s\nis  %s", want, got)
	}
	if bodyHash(before) != bodyHash(after) {
		t.Fatalf("the record came back with another hash\nwas %s\nis  %s", want, got)
	}
}

func jsonValue(t testing.TB, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("decode %s: %v", text, err)
	}
	return value
}

// fill puts a record into a block.
func fill(t testing.TB, b *Block, logFile, text string) {
	t.Helper()
	fillFrom(t, b, Source{
		LogFile: logFile, Account: "999999999999",
		SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(logFile))), Offset: int64(len(text)),
	}, text)
}

// fillFrom puts a record of a source into a block.
func fillFrom(t testing.TB, b *Block, from Source, text string) {
	t.Helper()
	rec := decodeRecord(t, []byte(text))
	at, ok := rec.Time()
	if !ok {
		t.Fatalf("no time in %s", text)
	}
	b.Append(rec, at, Identify(rec, from), from)
}

func TestRowGivesTheRecordBack(t *testing.T) {
	records := OddRecords()
	all := NewBlock(nil)
	for _, name := range slices.Sorted(maps.Keys(records)) {
		t.Run(name, func(t *testing.T) {
			text := records[name]
			fill(t, all, name, text)
			row := all.row(all.Rows() - 1)
			got, err := row.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			RequireSame(t, []byte(text), got)
			requireValidColumns(t, &row)
		})
	}
	if all.Rows() != len(records) {
		t.Errorf("%d rows for %d records", all.Rows(), len(records))
	}
}

// requireValidColumns checks what readers of the lake rely on: JSON columns
// hold JSON, text is UTF-8.
func requireValidColumns(t testing.TB, row *Row) {
	t.Helper()
	for i, c := range textColumns() {
		value := row.text[i]
		if value == nil {
			continue
		}
		if c.Kind == JSON && !json.Valid(value) {
			t.Errorf("column %s is not JSON: %.100q", c.Name, value)
		}
		if c.Kind == JSON && string(value) == "null" {
			t.Errorf("column %s holds the text null instead of NULL", c.Name)
		}
		if !bytes.Equal(bytes.ToValidUTF8(value, nil), value) {
			t.Errorf("column %s is not UTF-8: %.100q", c.Name, value)
		}
	}
}

func TestPartGivesTheRecordsBack(t *testing.T) {
	records := OddRecords()
	names := slices.Sorted(maps.Keys(records))
	block := NewBlock(nil)
	for _, name := range names {
		fill(t, block, name, records[name])
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	if _, _, err := writePartAt(t.Context(), path, []*Block{block}); err != nil {
		t.Fatal(err)
	}
	read, err := readPart(t.Context(), fileAt(path), Schema)
	if err != nil {
		t.Fatal(err)
	}
	var met []string
	for _, b := range read {
		for i := range b.Rows() {
			row := b.row(i)
			name := string(row.text[colLogFile])
			got, err := row.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			RequireSame(t, []byte(records[name]), got)
			met = append(met, name)
		}
	}
	if slices.Sort(met); !slices.Equal(met, names) {
		t.Errorf("the part holds %q", met)
	}
}

// Rows that fill more than a row group come back complete and sorted.
func TestPartsOfSeveralRowGroups(t *testing.T) {
	const rows = groupRows + 5000
	blocks := []*Block{NewBlock(nil)}
	for i := range rows {
		last := blocks[len(blocks)-1]
		if last.Full() {
			last = NewBlock(nil)
			blocks = append(blocks, last)
		}
		at := time.Date(2026, 1, 11, 0, 0, 86399-i, 0, time.UTC).Format(time.RFC3339)
		fill(t, last, "x", fmt.Sprintf(`{"eventTime":%q,"eventID":"%d","recipientAccountId":"%012d","awsRegion":"r%d"}`, at, i, i%7, i%3))
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	if _, _, err := writePartAt(t.Context(), path, blocks); err != nil {
		t.Fatal(err)
	}
	read, err := readPart(t.Context(), fileAt(path), Schema)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	before := ""
	for _, b := range read {
		for i := range b.Rows() {
			row := b.row(i)
			ids[string(row.text[colEventID])] = true
			key := fmt.Sprintf("%s %s %s", row.text[colAccount], row.text[colAWSRegion], row.Time.Format(time.RFC3339))
			if key < before {
				t.Fatalf("%s stands after %s", key, before)
			}
			before = key
		}
	}
	if len(ids) != rows || len(read) < 2 {
		t.Errorf("%d rows in %d row groups, want %d in several", len(ids), len(read), rows)
	}
}

func FuzzRow(f *testing.F) {
	for _, text := range OddRecords() {
		if len(text) < 4096 {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var rec event.Record
		n, err := rec.Decode(text)
		if err != nil {
			return
		}
		text = text[:n]
		at, ok := rec.Time()
		if !ok {
			return
		}
		b := NewBlock(nil)
		b.Append(&rec, at, Identify(&rec, Source{}), Source{})
		row := b.row(0)
		got, err := row.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		RequireSame(t, text, got)
		requireValidColumns(t, &row)
	})
}

func TestColumnsOfAPart(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Columns() {
		if names[c.Name] || c.Name != strings.ToLower(c.Name) || c.Doc == "" {
			t.Errorf("column %q: named twice, not in lower case or not explained", c.Name)
		}
		names[c.Name] = true
	}
	root, err := parquetSchema()
	if err != nil {
		t.Fatal(err)
	}
	if root.NumFields() != len(Columns()) || len(Columns()) != numText+numBool+numList+4 {
		t.Fatalf("%d columns in the schema, %d in Columns, %d in a row", root.NumFields(), len(Columns()), numText+numBool+numList+4)
	}
	for i, c := range Columns() {
		if got := root.Field(i).Name(); got != c.Name {
			t.Errorf("column %d of the schema is %s, want %s", i, got, c.Name)
		}
	}
	for column := range firstDerived {
		if f := fieldOf(column); columnOf(f) != column {
			t.Errorf("column %d holds %s, which is held by column %d", column, f, columnOf(f))
		}
	}
}

func TestScanRefusesOddValues(t *testing.T) {
	good := make([]any, len(RecordColumns()))
	good[0] = time.Now()
	var row Row
	if err := row.Scan(good); err != nil {
		t.Fatal(err)
	}
	for i, value := range map[int]any{0: "2026-01-11", 1: 7, 1 + scannedText: "true", len(good) - 1: "1"} {
		bad := slices.Clone(good)
		bad[i] = value
		if err := row.Scan(bad); err == nil {
			t.Errorf("column %s took %#v", Columns()[i].Name, value)
		}
	}
	if err := row.Scan(good[1:]); err == nil {
		t.Error("took a row without its last column")
	}
}
