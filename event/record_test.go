package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// sameJSON reports whether two texts are the same JSON value, numbers digit
// for digit.
func sameJSON(t testing.TB, a, b []byte) bool {
	t.Helper()
	return reflect.DeepEqual(decodeAny(t, a), decodeAny(t, b))
}

func decodeAny(t testing.TB, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("decode %q: %v", data, err)
	}
	return v
}

func TestFieldNames(t *testing.T) {
	for f := range noField {
		if got := fieldNamed([]byte(f.String())); got != f {
			t.Errorf("fieldNamed(%q) = %d, want %d", f.String(), got, f)
		}
	}
	if noField.String() != "unknown" || fieldNamed([]byte("unknown")) != noField {
		t.Error("a name outside the documented ones should be no field")
	}
}

func TestDecodeRoundTrip(t *testing.T) {
	for _, in := range []string{
		`{}`,
		` {"eventVersion":"1.08"}`[1:],
		`{"eventVersion":"1.10","eventTime":"2026-01-11T00:00:00Z","requestParameters":null,"responseElements":{"a":[1,2,{"b":1e400}]}}`,
		`{"a":123456789012345678901234567890.000100,"a2":-0,"new":{"x":[[],{}]}}`,
		"{ \"eventName\" : \"X\" ,\n \"readOnly\" : true , \"other\" : [ ] }",
		`{"event\u004eame":"Put\u0045vents","requestParameters":"{\"a\":1}"}`,
		`{"userAgent":"日本語 🙂 \ud83d\ude42"}`,
		`{"eventName":1,"eventName":"last wins"}`,
	} {
		var r Record
		n, err := r.Decode([]byte(in + "  rest"))
		if err != nil || n != len(in) {
			t.Errorf("Decode(%s) = %d, %v, want %d", in, n, err, len(in))
			continue
		}
		if out := r.AppendJSON(nil); !sameJSON(t, out, []byte(in)) {
			t.Errorf("round trip of %s gave %s", in, out)
		}
	}
}

func TestDecodeFaults(t *testing.T) {
	deep := strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1)
	for _, c := range []struct {
		in, cause string
		whole     bool // the end of the record was found all the same
	}{
		{`[]`, "where a record should start", false},
		{`{"a" 1}`, "after a member name", false},
		{`{"a":1,}`, "where a member name should start", false},
		{`{"a":01}`, "after a value", false},
		{`{"a":1.}`, "in a number", false},
		{`{"a":-}`, "where a value should start", false},
		{`{"a":1e+}`, "in a number", false},
		{`{"a":NaN}`, "where a value should start", false},
		{`{"a":nul}`, "in null", false},
		{`{"a":[1 2]}`, "after a value", false},
		{`{"a":[1}}`, "after a value", false},
		{`{"a":{1:2}}`, "where a member name should start", false},
		{"{\"a\":\"\xff\"}", "invalid UTF-8", true},
		{"{\"a\":\"\xed\xa0\x80\"}", "invalid UTF-8", true},
		{"{\"a\":\"x\ny\"}", "control character", true},
		{`{"a":"\x41"}`, "invalid escape", true},
		{`{"a":"\u00g1"}`, "invalid escape", true},
		{`{"a":` + deep + `}`, "nesting deeper", true},
	} {
		var r Record
		n, err := r.Decode([]byte(c.in))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), c.cause) {
			t.Errorf("Decode(%.40q) = %v, want %q", c.in, err, c.cause)
		}
		if want := map[bool]int{true: len(c.in)}[c.whole]; n != want {
			t.Errorf("Decode(%.40q) took %d bytes, want %d", c.in, n, want)
		}
	}
}

// TestDecodeTruncated cuts a record at every byte: each cut must be seen as a
// cut, never as a fault or as a whole record.
func TestDecodeTruncated(t *testing.T) {
	in := []byte(`{"a":"x\"\ud83d\ude42é","b":[true,false,null,-1.5e+3,{"c":{}}],"readOnly":true}`)
	for i := range in {
		var r Record
		if n, err := r.Decode(in[:i]); n != 0 || !errors.Is(err, ErrTruncated) {
			t.Errorf("Decode(%s) = %d, %v, want it truncated", in[:i], n, err)
		}
	}
}

func TestSound(t *testing.T) {
	for in, want := range map[string]bool{
		`{"a":"\ud83d\ude42"}`: true,
		`{"a":"\ud83d"}`:       false,
		`{"a":"\ude42\ud83d"}`: false,
		`{"a":"\ud83dx"}`:      false,
		`{"\ud83d":1}`:         false,
		`{"a":"\u0000"}`:       true,
	} {
		var r Record
		if _, err := r.Decode([]byte(in)); err != nil || r.Sound() != want {
			t.Errorf("Sound of %s = %v (%v), want %v", in, r.Sound(), err, want)
		}
	}
}

func TestIdentity(t *testing.T) {
	var r Record
	var id Identity
	in := `{"userIdentity":{"type":"AssumedRole","principalId":"AROA:x","arn":"arn:aws:sts::1:assumed-role/r/x","accountId":"1","accessKeyId":"","unknown":[1],
	  "sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:role","userName":"r"},"attributes":{"creationDate":"x","mfaAuthenticated":"false"},"sourceIdentity":"ali\u0063e"},"invokedBy":"x.amazonaws.com"}}`
	if _, err := r.Decode([]byte(in)); err != nil {
		t.Fatal(err)
	}
	id.Decode(r.Get(UserIdentity))
	got := []string{string(id.Type), string(id.PrincipalID), string(id.ARN), string(id.AccountID), string(id.AccessKeyID), string(id.InvokedBy),
		string(id.IssuerType), string(id.IssuerARN), string(id.IssuerUserName), string(id.MFAAuthenticated), string(id.SourceIdentity)}
	want := []string{"AssumedRole", "AROA:x", "arn:aws:sts::1:assumed-role/r/x", "1", "", "x.amazonaws.com", "Role", "arn:role", "r", "false", "alice"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("identity = %q, want %q", got, want)
	}
	if id.AccessKeyID == nil || id.UserName != nil {
		t.Error("an empty access key id is present, a missing user name is not")
	}
	id.Decode(Value{Raw: []byte(`"odd"`)})
	if id.Type != nil {
		t.Error("an identity that is not an object should be empty")
	}
}

func TestTime(t *testing.T) {
	for in, want := range map[string]string{
		`{"eventTime":"2026-01-11T23:59:59Z"}`:                                                  "2026-01-11T23:59:59Z",
		`{"eventTime":"2026-01-11T23:59:59.250Z"}`:                                              "2026-01-11T23:59:59.25Z",
		`{"eventTime":"2026-01-12T01:00:00+02:00"}`:                                             "2026-01-11T23:00:00Z",
		`{"eventTime":"20260111T235959Z"}`:                                                      "2026-01-11T23:59:59Z",
		`{"eventId":"x","timeWindow":{"windowStart":"2025-11-01T10:05:00Z","windowEnd":"..."}}`: "2025-11-01T10:05:00Z",
		`{"eventTime":"2026-02-30T00:00:00Z"}`:                                                  "",
		`{"eventTime":"yesterday"}`:                                                             "",
		`{"eventTime":"2026-01-11 23:59:59"}`:                                                   "2026-01-11T23:59:59Z",
		`{"eventTime":"2026-01-11 23:59:59.000"}`:                                               "2026-01-11T23:59:59Z",
		`{"eventTime":"2026-01-11 23:59:59.000 UTC"}`:                                           "2026-01-11T23:59:59Z",
		`{"eventTime":"2026-01-11T23:59:59.125+0000"}`:                                          "2026-01-11T23:59:59.125Z",
		`{"eventTime":"2026-01-12 00:59:59+0100"}`:                                              "2026-01-11T23:59:59Z",
		`{"eventTime":1768175999}`:                                                              "2026-01-11T23:59:59Z",
		`{"eventTime":1768175999.25}`:                                                           "2026-01-11T23:59:59.25Z",
		`{"eventTime":1768175999123}`:                                                           "2026-01-11T23:59:59.123Z",
		`{"eventTime":1768175999123.5}`:                                                         "2026-01-11T23:59:59.1235Z",
		`{"eventTime":"1768175999"}`:                                                            "2026-01-11T23:59:59Z",
		`{"eventTime":"1768175999123"}`:                                                         "2026-01-11T23:59:59.123Z",
		`{"eventTime":20260111}`:                                                                "",
		`{"eventTime":-1768175999}`:                                                             "",
		`{"eventTime":"+1768175999"}`:                                                           "",
		`{"eventTime":"1768175999."}`:                                                           "",
		`{"eventTime":"1768175999.1x"}`:                                                         "",
		`{"eventTime":1768175999e3}`:                                                            "",
		`{"eventTime":null}`:                                                                    "",
		`{}`:                                                                                    "",
	} {
		var r Record
		if _, err := r.Decode([]byte(in)); err != nil {
			t.Fatal(err)
		}
		at, ok := r.Time()
		if ok != (want != "") || ok && at.Format("2006-01-02T15:04:05.999999999Z07:00") != want {
			t.Errorf("time of %s = %v, %v, want %q", in, at, ok, want)
		}
	}
}

func TestVersionOrder(t *testing.T) {
	var last Version
	for _, text := range []string{"1.0", "1.01", "1.02", "1.08", "1.09", "1.10", "1.11", "2.0"} {
		v, ok := ParseVersion(text)
		if !ok || v.Compare(last) <= 0 {
			t.Errorf("%q (%v) should come after %v", text, v, last)
		}
		last = v
	}
	for _, text := range []string{"", "1", "1.x", "-1.0", "1.0.0"} {
		if v, ok := ParseVersion(text); ok {
			t.Errorf("ParseVersion(%q) = %v, want no version", text, v)
		}
	}
}

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":[1, 2.50 ,"x\/y"] }`:   `[1,2.50,"x/y"]`,
		`{"a":"\u0041\n\u0001\"\\"}`: `"A\n\u0001\"\\"`,
		`{"a":{"b":1}}`:              `{"b":1}`,
	} {
		var r Record
		if _, err := r.Decode([]byte(in)); err != nil {
			t.Fatal(err)
		}
		if got := r.Other()[0].Value.AppendCanonical(nil); string(got) != want {
			t.Errorf("canonical form of %s = %s, want %s", in, got, want)
		}
	}
}

// TestRealRecords decodes every record of the real data sets and writes it
// back.
func TestRealRecords(t *testing.T) {
	count := 0
	eachRealRecord(t, func(path string, raw []byte) {
		var r Record
		if n, err := r.Decode(raw); err != nil || n != len(raw) {
			t.Errorf("%s: Decode = %d, %v", path, n, err)
		} else if !sameJSON(t, r.AppendJSON(nil), raw) {
			t.Errorf("%s: record did not survive", path)
		}
		count++
	})
	if count < 3000 {
		t.Fatalf("decoded %d real records, want thousands", count)
	}
}

// FuzzDecode holds the decoder against encoding/json: they accept the same
// texts, and what is accepted is written back as the same value.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{}`, `{"eventName":"X","a":[1,{"b":null}]}`, `{"a":"\ud83d\ude42\u0000"}`, `{"a":1e5,"a":-0.0}`, "{\"a\":\"\xff\"}", `{"a":"\ud800"}`, `{"a"  : [ ] } x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r Record
		n, err := r.Decode(data)
		if err != nil {
			if n == 0 && bytes.HasPrefix(data, []byte("{")) && json.Valid(data) {
				t.Fatalf("Decode(%q) = %v, but it is JSON", data, err)
			}
			return
		}
		if !json.Valid(data[:n]) {
			t.Fatalf("Decode(%q) accepted what is not JSON", data[:n])
		}
		out := r.AppendJSON(nil)
		if !sameJSON(t, out, data[:n]) {
			t.Fatalf("%q was written back as %q", data[:n], out)
		}
		var again Record
		if m, err := again.Decode(out); err != nil || m != len(out) {
			t.Fatalf("Decode of written %q = %d, %v", out, m, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	raw := []byte(`{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE123:session","arn":"arn:aws:sts::123456789012:assumed-role/app/session","accountId":"123456789012","accessKeyId":"ASIAEXAMPLEEXAMPLE12","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE123","arn":"arn:aws:iam::123456789012:role/app","accountId":"123456789012","userName":"app"},"webIdFederationData":{},"attributes":{"creationDate":"2026-01-11T11:42:31Z","mfaAuthenticated":"false"}}},"eventTime":"2026-01-11T11:42:36Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"eu-west-2","sourceIPAddress":"198.51.100.7","userAgent":"aws-sdk-go-v2/1.30.0 os/linux lang/go","requestParameters":{"instancesSet":{"items":[{"instanceId":"i-0123456789abcdef0"}]},"filterSet":{}},"responseElements":null,"requestID":"0f3f2a4c-0000-4d5e-8a7b-111111111111","eventID":"0f3f2a4c-0000-4d5e-8a7b-222222222222","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"ec2.eu-west-2.amazonaws.com"}}`)
	var r Record
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// eachRealRecord calls f with every record of the real data sets, and skips the
// test where they are not.
func eachRealRecord(t *testing.T, f func(path string, raw []byte)) {
	t.Helper()
	root := filepath.Join("..", "..", "shared", "data")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("SKIPPED REAL DATA: %v", err)
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, ".json") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var file struct{ Records []json.RawMessage }
		if json.Unmarshal(data, &file) != nil || file.Records == nil {
			file.Records = []json.RawMessage{data}
			_ = json.Unmarshal(data, &file.Records) // a list, or not
		}
		for _, raw := range file.Records {
			if raw = bytes.TrimSpace(raw); json.Valid(raw) {
				f(path, raw)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
