package findings

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/finding"
)

func TestClip(t *testing.T) {
	for _, s := range []string{"", "short", strings.Repeat("é", 60), strings.Repeat("日本", 1000), strings.Repeat("x", 41)} {
		for limit := 40; limit < 80; limit++ {
			got := Clip(s, limit)
			if len(got) > limit || !utf8.ValidString(got) || (len(s) <= limit) != (got == s) {
				t.Errorf("Clip(%d bytes, %d) = %q", len(s), limit, got)
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	for want, e := range map[string]finding.Evidence{
		"2026-01-02T03:04:05Z iam.amazonaws.com CreateUser by p from 192.0.2.1 refused with AccessDenied in 1 r eventID e at byte 7 of f": {Event: &finding.Event{
			ID: "e", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Source: "iam.amazonaws.com", Name: "CreateUser", Principal: "p", Address: "192.0.2.1",
			Error: "AccessDenied", Account: "1", Region: "r", LogFile: "f", Offset: 7,
		}},
		"":                  {Event: &finding.Event{}},
		"k: missing":        {Object: &finding.Object{Location: "k", State: "missing"}},
		"s O: broken":       {Call: &finding.Call{Service: "s", Operation: "O", Error: "broken"}},
		`s O {"a":1}: [2]`:  {Call: &finding.Call{Service: "s", Operation: "O", Request: []byte(`{"a":1}`), Answer: []byte(`[2]`)}},
		"s O: P = true":     {Call: &finding.Call{Service: "s", Operation: "O", Path: "P", Answer: []byte(`true`)}},
		"k: x (expected a)": {Object: &finding.Object{Location: "k", State: "x", Expected: "a"}},
	} {
		if got := Describe(e); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWebAddress(t *testing.T) {
	for u, want := range map[string]string{
		"https://example.com/a?b=1": "https://example.com/a?b=1", "http://x": "http://x", "javascript:alert(1)": "", "//x": "", "https:": "", "": "", "file:///etc/passwd": "", "%": "",
	} {
		if got := WebAddress(u); got != want {
			t.Errorf("%q is %q, want %q", u, got, want)
		}
	}
}
