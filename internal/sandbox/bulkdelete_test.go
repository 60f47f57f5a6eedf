package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/sandbox"
)

// deletionRecord is what a test looks at in an event of a deletion.
type deletionRecord struct {
	EventName         string
	ErrorCode         string
	RequestID         string
	RequestParameters map[string]any
	ResponseElements  map[string]any
	Resources         []struct{ Type, ARN, ARNPrefix string }
}

func (r deletionRecord) String() string {
	return strings.TrimSpace(fmt.Sprint(r.EventName, " ", r.RequestParameters["key"], " ", r.ErrorCode))
}

// deletions are the events of deletions that lie in the state.
func deletions(t *testing.T, state string) (all []deletionRecord) {
	t.Helper()
	walk(t, state+"/journal", func(_, text string) {
		for line := range strings.Lines(text) {
			_, record, found := strings.Cut(line, "\tData\t")
			if !found {
				continue
			}
			var r deletionRecord
			if err := json.Unmarshal([]byte(record), &r); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(r.EventName, "DeleteObject") {
				all = append(all, r)
			}
		}
	})
	return all
}

// Besides the call, each key is an event of its own.
func TestDeleteObjects(t *testing.T) {
	state := t.TempDir()
	b := open(t, sandbox.Config{State: state})
	c := b.customer("test", "")
	c.makeBucket(t)
	keys := []string{"logs/a.gz", "logs/ü &<b>.gz", "logs//c"}
	var asked []s3types.ObjectIdentifier
	for _, key := range keys {
		ok[*s3.PutObjectOutput](t)(c.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader("x")}))
		asked = append(asked, s3types.ObjectIdentifier{Key: aws.String(key)})
	}
	asked = append(asked, s3types.ObjectIdentifier{Key: aws.String("logs/a.gz"), VersionId: aws.String("null")})
	ok[*s3.DeleteObjectsOutput](t)(c.s3.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{
		Bucket: aws.String(bucket), Delete: &s3types.Delete{Objects: asked, Quiet: aws.Bool(true)},
	}))

	events := deletions(t, state)
	if len(events) != 5 || events[0].EventName != "DeleteObjects" {
		t.Fatalf("events %v", events)
	}
	if call := events[0]; call.RequestParameters["key"] != nil || call.Resources[0].ARNPrefix != "arn:aws:s3:::"+bucket+"/" {
		t.Errorf("the call: %+v", call)
	}
	for i, e := range events[1:] {
		want := *asked[i].Key
		if e.EventName != "DeleteObject" || e.RequestParameters["key"] != want || e.RequestParameters["bucketName"] != bucket ||
			e.Resources[0].ARN != "arn:aws:s3:::"+bucket+"/"+want || e.RequestID != events[0].RequestID || e.RequestParameters["delete"] != nil {
			t.Errorf("the deletion of %q: %+v", want, e)
		}
	}
	if version := events[4].RequestParameters["versionId"]; version != "null" {
		t.Errorf("the version: %v", version)
	}
}

// storeOf answers every request with the same.
func storeOf(status int, answer string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	})
}

// What the store answers for each key is in the event of the key.
func TestDeleteObjectsOutcome(t *testing.T) {
	const body = `<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>7</VersionId></Object></Delete>`
	many := `<Delete>` + strings.Repeat(`<Object><Key>`+strings.Repeat("k", 1000)+`</Key></Object>`, 1000) + `</Delete>`
	for name, test := range map[string]struct {
		status       int
		answer, body string
		want         []string
	}{
		"one is locked": {200, `<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><VersionId>7</VersionId><Code>AccessDenied</Code></Error></DeleteResult>`, body,
			[]string{"DeleteObjects <nil>", "DeleteObject a", "DeleteObject b AccessDenied"}},
		"another is gone": {200, `<DeleteResult><Deleted><Key>x</Key></Deleted></DeleteResult>`, body,
			[]string{"DeleteObjects <nil>", "DeleteObject a", "DeleteObject b", "DeleteObject x"}},
		"denied":            {403, `<Error><Code>AccessDenied</Code></Error>`, body, []string{"DeleteObjects <nil> AccessDenied", "DeleteObject a AccessDenied", "DeleteObject b AccessDenied"}},
		"no such caller":    {403, `<Error><Code>InvalidAccessKeyId</Code></Error>`, body, []string{"DeleteObjects <nil> InvalidAccessKeyId"}},
		"broken":            {500, `<Error><Code>InternalError</Code></Error>`, body, []string{"DeleteObjects <nil> InternalError", "DeleteObject a InternalError", "DeleteObject b InternalError"}},
		"answer unreadable": {200, `<DeleteResult>`, body, []string{"DeleteObjects <nil>", "DeleteObject a", "DeleteObject b"}},
		"malformed":         {200, `<DeleteResult><Deleted><Key>a</Key></Deleted></DeleteResult>`, `<Delete><Object>`, []string{"DeleteObjects <nil> MalformedXML"}},
		"too long":          {200, `<DeleteResult/>`, many + strings.Repeat(" ", 2<<20), []string{"DeleteObjects <nil> MaxMessageLengthExceeded"}},
		"a key that a store tidies up": {200, `<DeleteResult/>`, `<Delete><Object><Key>a</Key></Object><Object><Key>x//a</Key></Object></Delete>`,
			[]string{"DeleteObjects <nil> MalformedXML"}},
		"empty": {200, `<DeleteResult/>`, "", []string{"DeleteObjects <nil> MalformedXML"}},
	} {
		t.Run(name, func(t *testing.T) {
			state := t.TempDir()
			b := open(t, sandbox.Config{Upstream: backend(t, storeOf(test.status, test.answer)), State: state, Unchecked: true})
			resp, err := http.Post(b.endpoint+"/shop?delete", "application/xml", strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			var got []string
			for _, e := range deletions(t, state) {
				got = append(got, e.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A thousand long keys, each of them refused, are a thousand events.
func TestDeleteObjectsMany(t *testing.T) {
	var asked, answer strings.Builder
	for i := range 1000 {
		key := fmt.Sprintf("%d/%s", i, strings.Repeat("k", 1000))
		fmt.Fprintf(&asked, "<Object><Key>%s</Key></Object>", key)
		fmt.Fprintf(&answer, "<Error><Key>%s</Key><Code>AccessDenied</Code></Error>", key)
	}
	state := t.TempDir()
	b := open(t, sandbox.Config{Upstream: backend(t, storeOf(200, "<DeleteResult>"+answer.String()+"</DeleteResult>")), State: state, Unchecked: true})
	resp, err := http.Post(b.endpoint+"/shop?delete=", "application/xml", strings.NewReader("<Delete>"+asked.String()+"</Delete>"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil { // the end comes when all is recorded
		t.Fatal(err)
	}
	resp.Body.Close()
	events := deletions(t, state)
	if len(events) != 1001 {
		t.Fatalf("%d events", len(events))
	}
	for _, e := range events[1:] {
		if e.ErrorCode != "AccessDenied" {
			t.Fatalf("%s", e)
		}
	}
}

// A call whose body is cut off is recorded, and reaches no store.
func TestDeleteObjectsCutOff(t *testing.T) {
	state := t.TempDir()
	reached := false
	b := open(t, sandbox.Config{State: state, Unchecked: true, Upstream: backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached = reached || r.Method == http.MethodPost && r.URL.Query().Has("delete")
	}))})
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.endpoint, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /shop?delete HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n<Delete><Object><Key>a</Key></Object>")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Fatal(err)
	}
	if got := deletions(t, state); reached || len(got) != 1 || got[0].String() != "DeleteObjects <nil> IncompleteBody" {
		t.Errorf("reached %t, events %v", reached, got)
	}
}
