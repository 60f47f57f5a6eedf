package s3archive

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"testing"
	"time"
)

func TestLifecycle(t *testing.T) {
	const key = "logs/AWSLogs/111122223333/CloudTrail-Digest/x.json.gz"
	now := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		rules string
		age   int // days
		want  bool
	}{
		"old enough":           {`<Rule><Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter><Expiration><Days>30</Days></Expiration></Rule>`, 30, true},
		"too young":            {`<Rule><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><Expiration><Days>30</Days></Expiration></Rule>`, 29, false},
		"another prefix":       {`<Rule><Status>Enabled</Status><Filter><Prefix>other/</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule>`, 30, false},
		"an old rule's prefix": {`<Rule><Status>Enabled</Status><Prefix>other/</Prefix><Expiration><Days>1</Days></Expiration></Rule>`, 30, false},
		"disabled":             {`<Rule><Status>Disabled</Status><Filter/><Expiration><Days>1</Days></Expiration></Rule>`, 30, false},
		"for tags":             {`<Rule><Status>Enabled</Status><Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter><Expiration><Days>1</Days></Expiration></Rule>`, 30, false},
		"for tags and prefix": {`<Rule><Status>Enabled</Status><Filter><And><Prefix>logs/</Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And></Filter>` +
			`<Expiration><Days>1</Days></Expiration></Rule>`, 30, false},
		"for sizes and prefix": {`<Rule><Status>Enabled</Status><Filter><And><Prefix>logs/</Prefix><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></And></Filter>` +
			`<Expiration><Days>1</Days></Expiration></Rule>`, 30, true},
		"noncurrent versions": {`<Rule><Status>Enabled</Status><Filter/><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule>`, 30, false},
		"delete markers":      {`<Rule><Status>Enabled</Status><Filter/><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>`, 30, false},
		"a date that is past": {`<Rule><Status>Enabled</Status><Filter/><Expiration><Date>2026-01-30T00:00:00Z</Date></Expiration></Rule>`, 9, true},
		"a date to come":      {`<Rule><Status>Enabled</Status><Filter/><Expiration><Date>2026-02-01T00:00:00Z</Date></Expiration></Rule>`, 9, false},
		"the second of two":   {`<Rule><Status>Enabled</Status><Filter/></Rule><Rule><Status>Enabled</Status><Filter/><Expiration><Days>5</Days></Expiration></Rule>`, 9, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				fmt.Fprintf(w, "<LifecycleConfiguration>%s</LifecycleConfiguration>", test.rules)
				return true
			}
			l, err := f.source(t, "s3://b/logs", quickOptions()).Lifecycle(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := l.Expires(key, now.AddDate(0, 0, -test.age), now); got != test.want {
				t.Errorf("expires: %t, want %t", got, test.want)
			}
		})
	}
}

func TestNoLifecycle(t *testing.T) {
	f := newFake(t)
	code := "NoSuchLifecycleConfiguration"
	f.fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		apiError(w, http.StatusForbidden, code, "no")
		return true
	}
	s := f.source(t, "s3://b", quickOptions())
	l, err := s.Lifecycle(t.Context())
	if err != nil || l.Expires("k", time.Time{}, time.Now()) {
		t.Errorf("without rules: %v", err)
	}
	code = "AccessDenied"
	if _, err := s.Lifecycle(t.Context()); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error is %v", err)
	}
}
