package bulkdelete_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/sandbox/bulkdelete"
)

func TestParse(t *testing.T) {
	for document, want := range map[string][]bulkdelete.Object{
		`<Delete><Object><Key>a</Key></Object></Delete>`: {{Key: "a"}},
		`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
			<Quiet>true</Quiet><Object><Key> a b&amp;&#13;/ü </Key><VersionId>v1</VersionId><ETag>"x"</ETag></Object>
			<Object><VersionId>null</VersionId><Key><![CDATA[<c>]]></Key></Object></Delete>` + "\n<!-- end -->": {{" a b&\r/ü ", "v1"}, {"<c>", "null"}},
		`<Delete><Object><Key>a</Key></Object><Object><Key>a</Key></Object><New><Key>b</Key></New></Delete>`: {{Key: "a"}, {Key: "a"}},
	} {
		got, err := bulkdelete.Parse([]byte(document))
		if err != nil {
			t.Errorf("%s: %v", document, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", document, diff)
		}
	}
}

// What two readers might take for different keys is no request.
func TestParseRefuses(t *testing.T) {
	const object = `<Object><Key>a</Key></Object>`
	for _, document := range []string{
		``, `{}`, `<Delete>` + object, `<Delete></Delete>`, `<Delet>` + object + `</Delet>`, `<delete>` + object + `</delete>`,
		`<Delete>` + object + `</Delete><Delete>` + object + `</Delete>`,
		`<Delete>` + object + `</Delete>&`,
		`<Delete><object><Key>b</Key></object>` + object + `</Delete>`,
		`<Delete><Object><Key>a</Key><KEY>b</KEY></Object></Delete>`,
		`<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>`,
		`<Delete><Object><Key>a<!-- -->b</Key></Object></Delete>`,
		`<Delete><Object><Key>a<b/></Key></Object></Delete>`,
		`<Delete><Object><Key></Key></Object></Delete>`,
		`<Delete><Object><VersionId>v</VersionId></Object></Delete>`,
		`<!DOCTYPE Delete [<!ENTITY k "b">]><Delete><Object><Key>&k;</Key></Object></Delete>`,
		`<!DOCTYPE Delete [<!ENTITY k "b">]><Delete>` + object + `</Delete>`,
		"\xff\xfe<\x00D\x00", "<Delete><Object><Key>\xff</Key></Object></Delete>",
		`<Delete>` + strings.Repeat(object, bulkdelete.MaxKeys+1) + `</Delete>`,
	} {
		if objects, err := bulkdelete.Parse([]byte(document)); err == nil || objects != nil {
			t.Errorf("%.120s: read as %v", document, objects)
		}
	}
	if objects, err := bulkdelete.Parse([]byte(`<Delete>` + strings.Repeat(object, bulkdelete.MaxKeys) + `</Delete>`)); err != nil || len(objects) != bulkdelete.MaxKeys {
		t.Errorf("%d keys: %v", len(objects), err)
	}
}

func TestDocument(t *testing.T) {
	signed := http.Header{"X-Amz-Content-Sha256": {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"}}
	for body, want := range map[string]string{
		"3;chunk-signature=00\r\nabc\r\n1\r\nd\r\n0;chunk-signature=00\r\nx-amz-checksum-crc32:AA==\r\n\r\n": "abcd",
		"0\r\n\r\n":              "",
		"3\r\nabc\r\n":           "error",
		"4\r\nabc\r\n0\r\n":      "error",
		"ffffffff\r\nabc\r\n":    "error",
		"-1\r\nabc\r\n0\r\n\r\n": "error",
		"":                       "error",
	} {
		got, err := bulkdelete.Document(signed, []byte(body))
		if err != nil {
			got = []byte("error")
		}
		if string(got) != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
	if got, err := bulkdelete.Document(http.Header{}, []byte("3\r\nabc")); err != nil || string(got) != "3\r\nabc" {
		t.Errorf("a body without frames: %q, %v", got, err)
	}
}

func TestOutcomes(t *testing.T) {
	told, err := bulkdelete.Result([]byte(`<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
		<Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>m</DeleteMarkerVersionId></Deleted>
		<Error><Key>b</Key><VersionId>1</VersionId><Code>AccessDenied</Code><Message>Access Denied</Message></Error>
		<Error><Key>c</Key><Message>?</Message></Error><Deleted><Key>other</Key></Deleted></DeleteResult>`))
	if err != nil {
		t.Fatal(err)
	}
	asked := []bulkdelete.Object{{"a", ""}, {"b", "1"}, {"b", "2"}, {"c", "9"}, {"a", ""}}
	var got []string
	for _, o := range bulkdelete.Outcomes(asked, told) {
		got = append(got, fmt.Sprintf("%s %s %s %s", o.Key, o.Version, o.Code, o.MarkerVersion))
	}
	want := []string{"a   m", "b 1 AccessDenied ", "b 2  ", "c 9 InternalError ", "a   m", "other   "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := bulkdelete.Result([]byte(`<Error><Code>SlowDown</Code></Error>`)); err == nil {
		t.Error("an error was read as a result")
	}
}
