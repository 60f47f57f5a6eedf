package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/sandbox"
)

// Whatever a client says of how a body is packed, the record has what is in it.
func TestPackedBodiesAreRecorded(t *testing.T) {
	b := open(t, sandbox.Config{Upstream: backend(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<DeleteAlarmsResponse/>")
	}))})
	const form = "Action=DeleteAlarms&Version=2010-08-01&AlarmNames.member.1="
	for name, c := range map[string]struct{ body, encoding string }{
		"plain": {form + "plain", ""}, "gzip": {string(archivetest.Gzip(t, []byte(form+"gzip"))), "gzip"}, "not-gzip": {form + "not-gzip", "gzip"},
		"capitals": {string(archivetest.Gzip(t, []byte(form+"capitals"))), "GZIP"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.endpoint, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/"+region+"/monitoring/aws4_request, SignedHeaders=host, Signature=0")
		if c.encoding != "" {
			r.Header.Set("Content-Encoding", c.encoding)
		}
		if status := answered(t, r); status != http.StatusOK {
			t.Errorf("%s: status %d", name, status)
		}
		found := false
		records := b.customer("test", "").lookup(t, region, "DeleteAlarms")
		for _, record := range records {
			found = found || strings.Contains(record, `"requestParameters":{"alarmNames":["`+name+`"]}`)
		}
		if !found {
			t.Errorf("%s: there are the records %q", name, records)
		}
	}
}

// The record of an upload from a form tells what was uploaded, and by whom, however
// long the file is and however many fields come first.
func TestLongUploadsFromFormsAreRecorded(t *testing.T) {
	state := t.TempDir()
	b := open(t, sandbox.Config{State: state, Upstream: backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))})
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for n := range 500 {
		if err := form.WriteField(fmt.Sprint("x-ignore-", n), "x"); err != nil {
			t.Fatal(err)
		}
	}
	for _, field := range [][2]string{{"key", "uploads/long"}, {"X-Amz-Credential", "AKIAFORM/20260102/us-east-1/s3/aws4_request"}, {"file", strings.Repeat("x", 3<<20)}} {
		if err := form.WriteField(field[0], field[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.endpoint+"/shop", &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	if status := answered(t, r); status != http.StatusNoContent {
		t.Errorf("status %d", status)
	}
	found := false
	walk(t, state, func(_, text string) {
		found = found || strings.Contains(text, `"key":"uploads/long"`) && strings.Contains(text, `"accessKeyId":"AKIAFORM"`)
	})
	if !found {
		t.Error("the record lacks the key or the caller")
	}
}

func answered(t *testing.T, r *http.Request) (status int) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}
