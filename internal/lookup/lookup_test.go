package lookup

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/report"
)

func decode(t *testing.T, record string) Event {
	t.Helper()
	var d Decoder
	e, err := d.Decode([]byte(record))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestUsername(t *testing.T) {
	for name, c := range map[string]struct{ identity, want string }{
		"user":               {`{"type":"IAMUser","userName":"alice","arn":"arn:aws:iam::111122223333:user/staff/alice"}`, "alice"},
		"user without name":  {`{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/staff/alice"}`, "alice"},
		"root":               {`{"type":"Root","arn":"arn:aws:iam::111122223333:root"}`, "root"},
		"root with an alias": {`{"type":"Root","userName":"cerpac","arn":"arn:aws:iam::111122223333:root"}`, "root"},
		"session":            {`{"type":"AssumedRole","principalId":"AROAX:carol@example.com","arn":"arn:aws:sts::111122223333:assumed-role/admin/carol@example.com"}`, "carol@example.com"},
		"session by id":      {`{"type":"AssumedRole","principalId":"AROAX:i-0123"}`, "i-0123"},
		"federated":          {`{"type":"FederatedUser","arn":"arn:aws:sts::111122223333:federated-user/bob","principalId":"111122223333:bob"}`, "bob"},
		"service":            {`{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}`, "ec2.amazonaws.com"},
		"service, no type":   {`{"accountId":"111122223333","invokedBy":"AWS Internal"}`, "AWS Internal"},
		"web identity":       {`{"type":"WebIdentityUser","userName":"repo:org/app","principalId":"p"}`, "repo:org/app"},
		"Identity Center":    {`{"type":"IdentityCenterUser","accountId":"1","onBehalfOf":{"userId":"u-1","identityStoreArn":"arn"}}`, "u-1"},
		"another account":    {`{"type":"AWSAccount","principalId":"AIDAX","accountId":"999900001111"}`, ""},
		"failed login":       {`{"type":"IAMUser","userName":"HIDDEN_DUE_TO_SECURITY_REASONS","accountId":"1"}`, "HIDDEN_DUE_TO_SECURITY_REASONS"},
		"null":               {`null`, ""},
		"not an object":      {`"x"`, ""},
	} {
		if got := decode(t, `{"eventTime":"2026-01-11T00:00:00Z","userIdentity":`+c.identity+`}`).Username; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestResources(t *testing.T) {
	for name, c := range map[string]struct {
		record string
		want   []event.Resource
	}{
		"listed": {
			`"resources":[{"ARN":"arn:aws:s3:::b","accountId":"1","type":"AWS::S3::Bucket"},{"ARNPrefix":"arn:aws:s3:::b/k","type":"AWS::S3::Object"},{"ARN":"arn:x"}]`,
			[]event.Resource{{Type: "AWS::S3::Bucket", Name: "arn:aws:s3:::b"}, {Type: "AWS::S3::Object", Name: "arn:aws:s3:::b/k"}, {Type: "", Name: "arn:x"}},
		},
		"odd elements among them": {
			`"resources":[null,{"ARN":"arn:a","type":7},"arn:b",{"ARN":"arn:c","type":"T"},[]]`,
			[]event.Resource{{Type: "", Name: "arn:a"}, {Type: "T", Name: "arn:c"}},
		},
		"parameters": {
			`"eventSource":"iam.amazonaws.com","requestParameters":{"userName":"bob","policyArn":"arn:aws:iam::aws:policy/X","n":1e999}`,
			[]event.Resource{{Type: "AWS::IAM::User", Name: "bob"}, {Type: "AWS::IAM::Policy", Name: "arn:aws:iam::aws:policy/X"}},
		},
		"nested, and once": {
			`"eventSource":"ec2.amazonaws.com","requestParameters":{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]}},"responseElements":{"instancesSet":{"items":[{"instanceId":"i-1"}]}}`,
			[]event.Resource{{Type: "AWS::EC2::Instance", Name: "i-1"}, {Type: "AWS::EC2::Instance", Name: "i-2"}},
		},
		"list of names": {
			`"eventSource":"ec2.amazonaws.com","requestParameters":{"instanceIds":["i-1","i-2"],"groupId":null}`,
			[]event.Resource{{Type: "AWS::EC2::Instance", Name: "i-1"}, {Type: "AWS::EC2::Instance", Name: "i-2"}},
		},
		"the service decides": {
			`"eventSource":"kms.amazonaws.com","requestParameters":{"keyId":"k","name":"no trail","userName":"no user"}`,
			[]event.Resource{{Type: "AWS::KMS::Key", Name: "k"}},
		},
		"escapes": {
			`"eventSource":"s3.amazonaws.com","requestParameters":{"bucketName":"b\u00e9\"\\"}`,
			[]event.Resource{{Type: "AWS::S3::Bucket", Name: "bé\"\\"}},
		},
		"odd shapes": {
			`"eventSource":"s3.amazonaws.com","resources":{"ARN":"x"},"requestParameters":"bucketName","responseElements":[{"bucketName":"b"},[],[[{"bucketName":"c"}]]]`,
			[]event.Resource{{Type: "AWS::S3::Bucket", Name: "b"}, {Type: "AWS::S3::Bucket", Name: "c"}},
		},
		"none": {`"requestParameters":null,"responseElements":{"_return":true}`, nil},
	} {
		got := decode(t, `{"eventTime":"2026-01-11T00:00:00Z",`+c.record+`}`).Resources
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestFilter(t *testing.T) {
	e := Event{
		ID: "id", Name: "CreateUser", ReadOnly: "false", AccessKeyID: "AKIA", Source: "iam.amazonaws.com", Username: "alice",
		Resources: []event.Resource{{Type: "AWS::IAM::User", Name: "bob"}, {Type: "AWS::IAM::Policy", Name: "p"}},
	}
	for _, c := range []struct {
		attributes string
		match      bool
	}{
		{"", true},
		{"EventId=id", true}, {"EventId=ID", false},
		{"EventName=CreateUser", true}, {"EventName=Create", false},
		{"ReadOnly=false", true}, {"ReadOnly=true", false},
		{"AccessKeyId=AKIA", true}, {"AccessKeyId=X", false},
		{"EventSource=iam.amazonaws.com", true}, {"EventSource=iam", false},
		{"Username=alice", true}, {"Username=bob", false},
		{"ResourceName=bob", true}, {"ResourceName=b", false},
		{"ResourceType=AWS::IAM::Policy", true}, {"ResourceType=AWS::IAM", false},
		{"Username=bob Username=alice", true},
		{"Username=alice EventName=DeleteUser", false},
		{"Username=alice ResourceName=bob ResourceType=AWS::IAM::User ReadOnly=false", true},
	} {
		f := Filter{}
		for _, attribute := range strings.Fields(c.attributes) {
			key, value, _ := strings.Cut(attribute, "=")
			if err := f.Add(key, value); err != nil {
				t.Fatal(err)
			}
		}
		if f.Match(e) != c.match {
			t.Errorf("%q: match is %t, want %t", c.attributes, !c.match, c.match)
		}
	}
	for _, bad := range [][2]string{{"UserName", "x"}, {"", "x"}, {"ReadOnly", "yes"}, {"Username", ""}} {
		if err := (Filter{}).Add(bad[0], bad[1]); err == nil {
			t.Errorf("Add(%q, %q) succeeded", bad[0], bad[1])
		}
	}
}

var sampleEvents = []Event{
	{
		ID: "id-1", Name: "CreateUser", ReadOnly: "false", AccessKeyID: "AKIA", Source: "iam.amazonaws.com", Username: "alice",
		Time:      time.Date(2026, 1, 11, 10, 0, 0, 0, time.UTC),
		Resources: []event.Resource{{Type: "AWS::IAM::User", Name: "bob"}, {Type: "", Name: "arn:x"}},
		Record:    []byte(`{"eventName":"CreateUser","n":1.10,"s":"é \u001b"}`),
	},
	{ID: "id-2", Name: "ConsoleLogin", Time: time.Date(2026, 1, 11, 9, 59, 59, 0, time.UTC), Record: []byte(`{}`)},
}

func written(t *testing.T, newWriter func(io.Writer) Writer, events ...Event) string {
	t.Helper()
	var out bytes.Buffer
	w := newWriter(&out)
	for _, e := range events {
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The layout is that of the AWS CLI, byte by byte.
func TestJSON(t *testing.T) {
	want, err := os.ReadFile("testdata/events.json")
	if err != nil {
		t.Fatal(err)
	}
	got := written(t, NewJSONWriter, sampleEvents...)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var laidOut bytes.Buffer
	if err := json.Indent(&laidOut, []byte(got), "", "    "); err != nil || laidOut.String() != got {
		t.Errorf("not indented by four spaces throughout: %v\n%s", err, got)
	}
	if got, want := written(t, NewJSONWriter), "{\n    \"Events\": []\n}\n"; got != want {
		t.Errorf("no events are written as %q", got)
	}
}

func TestText(t *testing.T) {
	want := "EVENTS\tAKIA\t{\"eventName\":\"CreateUser\",\"n\":1.10,\"s\":\"é \\u001b\"}\tid-1\tCreateUser\tiam.amazonaws.com\t2026-01-11T10:00:00+00:00\tfalse\talice\n" +
		"RESOURCES\tbob\tAWS::IAM::User\n" +
		"RESOURCES\tarn:x\t\n" +
		"EVENTS\t\t{}\tid-2\tConsoleLogin\t\t2026-01-11T09:59:59+00:00\t\t\n"
	if diff := cmp.Diff(want, written(t, NewTextWriter, sampleEvents...)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	hostile := Event{Username: "a\tb\nEVENTS\x1b[2J\u009b", Record: []byte("{}"), Time: time.Unix(0, 0)}
	if got := written(t, NewTextWriter, hostile); strings.Count(got, "\n") != 1 || strings.Count(got, "\t") != 8 || strings.ContainsAny(got, "\x1b\u009b") {
		t.Errorf("a user name steers the output: %q", got)
	}
}

func TestTable(t *testing.T) {
	events := sampleEvents
	var out bytes.Buffer
	_, err := report.Write(&out, Rows(func() (Event, error) {
		if len(events) == 0 {
			return Event{}, io.EOF
		}
		e := events[0]
		events = events[1:]
		return e, nil
	}), report.Options{Format: report.Table})
	want := "" +
		"EventTime             Username  EventName     EventSource        Resources  EventId\n" +
		"--------------------  --------  ------------  -----------------  ---------  -------\n" +
		"2026-01-11T10:00:00Z  alice     CreateUser    iam.amazonaws.com  bob arn:x  id-1\n" +
		"2026-01-11T09:59:59Z            ConsoleLogin                                id-2\n"
	if diff := cmp.Diff(want, out.String()); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	var d Decoder
	if _, err := d.Decode([]byte(`{"eventName":`)); err == nil {
		t.Error("a broken record was accepted")
	}
}
