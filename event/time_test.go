package event

import (
	"testing"
	"time"
)

// TestPlainTime changes each character of a plain time to one that does not
// belong there, and each number to one out of its range: none is plain, and what
// is read of it anyway is what the standard library reads.
func TestPlainTime(t *testing.T) {
	const plain = "2023-11-28T13:46:59Z"
	if !PlainTime([]byte(plain)) {
		t.Fatalf("%q is not plain", plain)
	}
	for at := range plain {
		for _, c := range []byte{'/', ':', '-', 'T', 'Z', 'x', ' ', 0, 0xff} {
			if plain[at] == c {
				continue
			}
			text := []byte(plain)
			text[at] = c
			if PlainTime(text) {
				t.Errorf("%q is plain", text)
			}
			got, ok := ParseTime(text)
			want, err := time.Parse(time.RFC3339Nano, string(text))
			if err == nil && (!ok || !got.Equal(want)) {
				t.Errorf("%q is read as %s, %t, not %s", text, got, ok, want)
			}
		}
	}
	for text, want := range map[string]bool{
		"0000-01-01T00:00:00Z":  true,
		"9999-12-31T23:59:59Z":  true,
		"2024-02-29T00:00:00Z":  true,
		"2023-02-29T00:00:00Z":  false,
		"2023-00-28T13:46:59Z":  false,
		"2023-13-28T13:46:59Z":  false,
		"2023-12-28T13:46:59Z":  true,
		"2023-11-00T13:46:59Z":  false,
		"2023-11-31T13:46:59Z":  false,
		"2023-11-28T23:46:59Z":  true,
		"2023-11-28T24:46:59Z":  false,
		"2023-11-28T13:59:59Z":  true,
		"2023-11-28T13:60:59Z":  false,
		"2023-11-28T13:46:60Z":  false,
		"2023-11-28T13:46:59":   false,
		"2023-11-28T13:46:59ZZ": false,
		"":                      false,
	} {
		got := PlainTime([]byte(text))
		if got != want {
			t.Errorf("PlainTime(%q) = %t", text, got)
		}
		if read, ok := ParseTime([]byte(text)); got && (!ok || string(AppendTime(nil, read)) != text) {
			t.Errorf("%q does not come back: %s, %t", text, read, ok)
		}
	}
}

// TestParseEpoch reads counts of seconds and of milliseconds since 1970, and refuses
// other numbers.
func TestParseEpoch(t *testing.T) {
	for text, want := range map[string]string{
		"1000000000":             "2001-09-09T01:46:40Z",
		"9999999999":             "2286-11-20T17:46:39Z",
		"1700000000.5":           "2023-11-14T22:13:20.5Z",
		"1700000000.000000001":   "2023-11-14T22:13:20.000000001Z",
		"1700000000.1234567899":  "2023-11-14T22:13:20.123456789Z",
		"1700000000123":          "2023-11-14T22:13:20.123Z",
		"1700000000123.25":       "2023-11-14T22:13:20.12325Z",
		"1000000000000":          "2001-09-09T01:46:40Z",
		"9999999999999":          "2286-11-20T17:46:39.999Z",
		"":                       "",
		"1":                      "",
		"100000000":              "",
		"10000000000":            "",
		"100000000000":           "",
		"17000000001234":         "",
		"+170000000":             "",
		"-170000000":             "",
		"0700000000":             "",
		"0x12345678":             "",
		"1700000000.":            "",
		"1700000000.x":           "",
		"1700000000.12345678x":   "",
		"1700000000.1234567890x": "",
		"1700000000.1.2":         "",
		"1700000000:5":           "",
		"99999999999999999999":   "",
		"1700000000.-5":          "",
	} {
		got, ok := ParseTime([]byte(text))
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("ParseTime(%q) = %s, %t, want %q", text, got.Format(time.RFC3339Nano), ok, want)
		}
		if !ok {
			continue
		}
		var r Record
		if _, err := r.Decode([]byte(`{"eventTime":` + text + `}`)); err != nil {
			t.Fatal(err)
		}
		if number, ok := r.Time(); !ok || !number.Equal(got) {
			t.Errorf("the number %s is read as %s, %t", text, number, ok)
		}
	}
}
