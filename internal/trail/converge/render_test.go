package converge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/policy"
)

var update = flag.Bool("update", false, "rewrite testdata")

// still is a resource that is only looked at.
func still(kind, name string, want State, now Actual, fields ...string) Resource {
	return Resource{
		Kind: kind, Name: name,
		Want:   func() (State, error) { return want, nil },
		Read:   func(context.Context) (Actual, error) { return now, nil },
		Create: func(context.Context) error { return nil },
		Delete: func(context.Context) error { return nil },
		Parts:  []Part{{Fields: fields}},
	}
}

func statement(sid, action string, resources ...string) policy.Statement {
	return policy.Statement{
		Sid: sid, Effect: policy.Allow, Principal: policy.Service("cloudtrail.amazonaws.com"),
		Action: policy.Values{action}, Resource: resources,
		Condition: policy.Conditions{"StringEquals": {"aws:SourceArn": {"arn:aws:cloudtrail:eu-west-2:123456789012:trail/audit"}}},
	}
}

// sights are resources in all states that a plan can show.
func sights() []Resource {
	logs := "arn:aws:s3:::logs"
	tls := policy.Statement{
		Sid: "DenyInsecureTransport", Effect: policy.Deny, Principal: policy.Everyone(), Action: policy.Values{"s3:*"},
		Resource: policy.Values{logs, logs + "/*"}, Condition: policy.Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
	}
	wanted := policy.New(statement("AclCheck", "s3:GetBucketAcl", logs), statement("Write", "s3:PutObject", logs+"/AWSLogs/123456789012/*"), tls)
	theirs := statement("Write", "s3:PutObject", logs+"/*")
	theirs.Condition = nil
	extra := policy.Statement{Effect: policy.Allow, Principal: policy.AWS("999999999999"), Action: policy.Values{"s3:GetObject"}, Resource: policy.Values{logs + "/*"}}
	there := policy.New(statement("CheckAcl", "s3:getbucketacl", logs), theirs, extra)
	old := policy.Document{Version: "2008-10-17", Statements: []policy.Statement{statement("Write", "sns:Publish", "${topic}")}}
	recorder := still("configuration recorder", "eu-west-2", nil, Actual{Note: "turn AWS Config on first"})
	recorder.Create = nil
	return []Resource{
		still("key", "alias/audit", State{"arn": Unknown{}, "rotation": true, "policy": policy.New(extra), "tags": map[string]string{"env": "prod", "owner": "security"}, "readers": nil}, Actual{}),
		still("bucket", "logs", State{
			"versioning.status": "Enabled", "retention.days": 90, "policy": wanted, "acl": nil, "encryption.key": Unknown{},
			"tags": map[string]string{"env": "prod", "owner": "security"}, "zones": Set{"b", "a"}, "order": []string{"1", "2"}, "block": true, "ratio": 0.5,
		}, Actual{Exists: true, Owned: true, State: State{
			"versioning.status": "Suspended", "retention.days": 30, "policy": there, "acl": "public-read", "encryption.key": "arn:aws:kms:eu-west-2:123456789012:key/1",
			"tags": map[string]string{"env": "dev", "old\x1b[31m": "1"}, "zones": Set{"b", "c"}, "order": []string{"2", "1"}, "block": false, "ratio": 1.5,
		}}, "versioning.status", "retention.", "policy", "acl", "encryption.key", "tags", "zones", "order", "block", "ratio"),
		still("log group", "/aws/cloudtrail/audit", State{"retention_days": 90}, Actual{Exists: true, Owned: true, State: State{"retention_days": 90}}),
		still("role", "audit\x1b[2J", State{"trust": "none"}, Actual{Exists: true, State: State{}}),
		still("topic", "audit", State{
			"policy": wanted, "delivery": old,
			"subscriptions": Set{"https://user:password@example.org/hook?token=secret", "mailto:security@example.org"},
		}, Actual{Exists: true, Shared: "others use it too", Note: "1 subscriber,\nnot confirmed", State: State{
			"policy": "no policy", "delivery": policy.New(old.Statements...), "subscriptions": Set{"https://old:password@example.org/"},
		}}, "policy", "subscriptions", "delivery"),
		recorder,
		still("trail", "audit", State{"logging": true}, Actual{Exists: true, Owned: true, State: State{"logging": true}, Note: "it delivered 2 minutes ago"}),
	}
}

func plans(t *testing.T) map[string]*Plan {
	apply, err := PlanApply(t.Context(), sights(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	destroy, err := PlanDestroy(t.Context(), sights(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	adopt, err := PlanApply(t.Context(), []Resource{still("role", "audit", State{"trust": "us"}, Actual{Exists: true, State: State{"trust": "them"}}, "trust")}, Options{Adopt: true})
	if err != nil {
		t.Fatal(err)
	}
	nothing, err := PlanApply(t.Context(), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*Plan{"apply": apply, "destroy": destroy, "adopt": adopt, "nothing": nothing}
}

func TestRendering(t *testing.T) {
	for name, p := range plans(t) {
		t.Run(name, func(t *testing.T) {
			var text, object bytes.Buffer
			if err := p.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			if err := p.WriteJSON(&object); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", text.Bytes())
			golden(t, name+".json", object.Bytes())
			if !json.Valid(object.Bytes()) {
				t.Error("the JSON is none")
			}
			for _, secret := range []string{"password", "token=secret", "\x1b"} {
				if strings.Contains(text.String(), secret) || strings.Contains(object.String(), secret) {
					t.Errorf("the plan shows %q", secret)
				}
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (rewrite it with -update):\n%s", file, got)
	}
}

// A difference in meaning is shown, and no other one.
func TestDocumentsShowWhatTheyMean(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 8))
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	statement := func() policy.Statement {
		s := policy.Statement{
			Sid: pick("", "A", "B"), Effect: policy.Allow, Action: policy.Values{pick("s3:GetObject", "s3:getobject", "s3:PutObject")},
			Resource: policy.Values{pick("*", "arn:aws:s3:::${aws:username}")},
		}
		if random.IntN(2) == 0 {
			s.Condition = policy.Conditions{"StringEquals": {pick("aws:SourceArn", "aws:sourcearn"): {pick("a", "b")}}}
		}
		return s
	}
	document := func() policy.Document {
		d := policy.Document{Version: pick("2008-10-17", "2012-10-17")}
		for range random.IntN(3) {
			d.Statements = append(d.Statements, statement())
		}
		return d
	}
	same := 0
	for range 5000 {
		before, after := document(), document()
		equal := policy.Equal(before, after)
		if lines := documentLines(before, after); equal != (len(lines) == 0) {
			t.Fatalf("equal is %v of\n%s\n%s\nand the difference %q", equal, before, after, lines)
		}
		if equal {
			same++
		}
	}
	if same < 50 {
		t.Errorf("only %d pairs are equal", same)
	}
}

// What others have to allow is told while there is something to do, and in the JSON
// always.
func TestPlanTellsGrants(t *testing.T) {
	may := policy.New(policy.Statement{Sid: "Write", Effect: policy.Allow, Action: policy.Values{"s3:PutObject"}})
	grants := []Grant{{Account: "111111111111", Kind: "bucket", Name: "logs", Policy: may}}
	const line = "\nBefore that, account 111111111111 must allow in the policy of bucket logs:\n  {\n"
	for _, p := range []*Plan{
		{changes: []Change{{Kind: "trail", Name: "t", Action: Create}}, grants: grants},
		{changes: []Change{{Kind: "trail", Name: "t", Action: None}}, grants: grants},
	} {
		var text, object strings.Builder
		if err := errors.Join(p.WriteText(&text), p.WriteJSON(&object)); err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(text.String(), line); told == p.Empty() {
			t.Errorf("empty is %v:\n%s", p.Empty(), text.String())
		}
		if !strings.Contains(object.String(), `"account": "111111111111"`) || !strings.Contains(object.String(), `"Sid": "Write"`) {
			t.Error(object.String())
		}
	}
}
