package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

const secret = "wJalrXUtnFEMI-MARKER"

var start = time.Date(2026, 11, 2, 15, 4, 5, 0, time.UTC)

// world is a directory with a clock that the test moves.
type world struct {
	*Directory
	file string
	now  time.Time
}

func open(t testing.TB, w *world, ask Asker) *world {
	t.Helper()
	if w == nil {
		w = &world{file: filepath.Join(t.TempDir(), "identities.jsonl"), now: start}
	}
	d, err := Open(Config{File: w.file, Account: "123456789012", Ask: ask, Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	w.Directory = d
	return w
}

// call makes a call to IAM or STS pass.
func (w *world) call(t testing.TB, service, name, key, token, form, answer string) (operation.Operation, *exchange.Exchange) {
	t.Helper()
	op := operation.Operation{
		Service: service, EventSource: service + ".amazonaws.com", Name: name, EventName: name, Region: "us-east-1",
		Protocol: operation.Query, AccessKey: key, SessionToken: token,
	}
	x := &exchange.Exchange{
		Arrived: w.now, Method: "POST", URL: &url.URL{Path: "/"}, Header: http.Header{},
		Request: exchange.Body{Bytes: []byte(form), Size: int64(len(form)), Whole: true},
		Status:  200, Response: exchange.Body{Bytes: []byte(answer), Size: int64(len(answer)), Whole: true},
	}
	if err := w.Learn(op, x); err != nil {
		t.Fatal(err)
	}
	return op, x
}

func (w *world) whose(key, token string) string {
	op := operation.Operation{EventSource: "s3.amazonaws.com", AccessKey: key, SessionToken: token}
	return string(w.Of(context.Background(), op, &exchange.Exchange{}).UserIdentity)
}

func credentials(key, token string) string {
	return fmt.Sprintf("<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken></Credentials>", key, secret, token)
}

// populate makes alice, her key, and sessions of every kind.
func (w *world) populate(t testing.TB) {
	w.call(t, "iam", "CreateUser", "root", "", "UserName=alice&Path=/people/",
		"<CreateUserResponse><CreateUserResult><User><Path>/people/</Path><UserName>alice</UserName><UserId>AIDAALICE</UserId>"+
			"<Arn>arn:aws:iam::123456789012:user/people/alice</Arn></User></CreateUserResult></CreateUserResponse>")
	w.call(t, "iam", "CreateAccessKey", "root", "", "UserName=alice",
		"<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>alice</UserName><AccessKeyId>AKIAALICE</AccessKeyId>"+
			"<SecretAccessKey>"+secret+"</SecretAccessKey></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>")
	w.call(t, "sts", "AssumeRole", "AKIAALICE", "", "RoleArn=arn:aws:iam::210987654321:role/path/app&RoleSessionName=s1&DurationSeconds=900&SourceIdentity=alice&SerialNumber=m&TokenCode=123456",
		"<AssumeRoleResponse><AssumeRoleResult>"+credentials("ASIAROLE", "token-1")+
			"<AssumedRoleUser><AssumedRoleId>AROAAPP:s1</AssumedRoleId><Arn>arn:aws:sts::210987654321:assumed-role/app/s1</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>")
	w.call(t, "sts", "GetSessionToken", "AKIAALICE", "", "", // moto gives everyone the same key
		"<GetSessionTokenResponse><GetSessionTokenResult>"+credentials("AKIAEXAMPLE", "token-2")+"</GetSessionTokenResult></GetSessionTokenResponse>")
	w.call(t, "sts", "GetFederationToken", "AKIAALICE", "", "Name=bob",
		"<GetFederationTokenResponse><GetFederationTokenResult>"+credentials("AKIAEXAMPLE", "token-3")+
			"<FederatedUser><FederatedUserId>123456789012:bob</FederatedUserId><Arn>arn:aws:sts::123456789012:federated-user/bob</Arn></FederatedUser></GetFederationTokenResult></GetFederationTokenResponse>")
	w.call(t, "sts", "AssumeRoleWithWebIdentity", "", "", "RoleArn=arn:aws:iam::123456789012:role/ci&RoleSessionName=web&WebIdentityToken="+webToken,
		`{"AssumeRoleWithWebIdentityResponse":{"AssumeRoleWithWebIdentityResult":{"Credentials":{"AccessKeyId":"ASIAWEB","SecretAccessKey":"`+secret+`","SessionToken":"token-4"},`+
			`"AssumedRoleUser":{"AssumedRoleId":"AROACI:web","Arn":"arn:aws:sts::123456789012:assumed-role/ci/web"}}}}`)
}

var webToken = "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://idp.example.com","sub":"repo:app","aud":["sts.amazonaws.com"]}`)) + ".c2ln"

// wants are the callers as CloudTrail writes them.
var wants = []struct{ key, token, want string }{
	{"root", "", `{"type":"Root","principalId":"123456789012","arn":"arn:aws:iam::123456789012:root","accountId":"123456789012","accessKeyId":"root"}`},
	{"", "", `{"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"}`},
	{"AKIAALICE", "", `{"type":"IAMUser","principalId":"AIDAALICE","arn":"arn:aws:iam::123456789012:user/people/alice","accountId":"123456789012","accessKeyId":"AKIAALICE","userName":"alice"}`},
	{"ASIAROLE", "token-1", `{"type":"AssumedRole","principalId":"AROAAPP:s1","arn":"arn:aws:sts::210987654321:assumed-role/app/s1","accountId":"210987654321","accessKeyId":"ASIAROLE",` +
		`"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAAPP","arn":"arn:aws:iam::210987654321:role/path/app","accountId":"210987654321","userName":"app"},` +
		`"webIdFederationData":{},"attributes":{"creationDate":"2026-11-02T15:04:05Z","mfaAuthenticated":"true"},"sourceIdentity":"alice"}}`},
	{"AKIAEXAMPLE", "token-2", `{"type":"IAMUser","principalId":"AIDAALICE","arn":"arn:aws:iam::123456789012:user/people/alice","accountId":"123456789012","accessKeyId":"AKIAEXAMPLE","userName":"alice",` +
		`"sessionContext":{"sessionIssuer":{},"webIdFederationData":{},"attributes":{"creationDate":"2026-11-02T15:04:05Z","mfaAuthenticated":"false"}}}`},
	{"AKIAEXAMPLE", "token-3", `{"type":"FederatedUser","principalId":"123456789012:bob","arn":"arn:aws:sts::123456789012:federated-user/bob","accountId":"123456789012","accessKeyId":"AKIAEXAMPLE",` +
		`"sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAALICE","arn":"arn:aws:iam::123456789012:user/people/alice","accountId":"123456789012","userName":"alice"},` +
		`"webIdFederationData":{},"attributes":{"creationDate":"2026-11-02T15:04:05Z","mfaAuthenticated":"false"}}}`},
	{"ASIAWEB", "token-4", `{"type":"AssumedRole","principalId":"AROACI:web","arn":"arn:aws:sts::123456789012:assumed-role/ci/web","accountId":"123456789012","accessKeyId":"ASIAWEB",` +
		`"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROACI","arn":"arn:aws:iam::123456789012:role/ci","accountId":"123456789012","userName":"ci"},` +
		`"webIdFederationData":{"federatedProvider":"arn:aws:iam::123456789012:oidc-provider/idp.example.com","attributes":{}},"attributes":{"creationDate":"2026-11-02T15:04:05Z","mfaAuthenticated":"false"}}}`},
}

func (w *world) check(t testing.TB) {
	t.Helper()
	for _, test := range wants {
		if got := w.whose(test.key, test.token); got != test.want {
			t.Errorf("%q: %s\nwant %s", test.key, got, test.want)
		}
	}
}

// TestSourceIdentityStays from role to role.
func TestSourceIdentityStays(t *testing.T) {
	w := open(t, nil, nil)
	w.populate(t)
	assume := func(key, token, nextKey, nextToken, asked string) {
		w.call(t, "sts", "AssumeRole", key, token, "RoleArn=arn:aws:iam::123456789012:role/next&RoleSessionName=s"+asked,
			"<AssumeRoleResponse><AssumeRoleResult>"+credentials(nextKey, nextToken)+
				"<AssumedRoleUser><AssumedRoleId>AROANEXT:s</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/next/s</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>")
	}
	assume("ASIAROLE", "token-1", "ASIASECOND", "token-5", "")
	assume("ASIASECOND", "token-5", "ASIATHIRD", "token-6", "")
	assume("ASIAWEB", "token-4", "ASIAFOURTH", "token-7", "")
	for key, token := range map[string]string{"ASIASECOND": "token-5", "ASIATHIRD": "token-6"} {
		if got := w.whose(key, token); !strings.Contains(got, `"sourceIdentity":"alice"`) {
			t.Errorf("%s: %s", key, got)
		}
	}
	if got := w.whose("ASIAFOURTH", "token-7"); strings.Contains(got, "sourceIdentity") {
		t.Errorf("a source identity from nowhere: %s", got)
	}
}

// TestTransitiveTagsStay from role to role, and after a restart.
func TestTransitiveTagsStay(t *testing.T) {
	w := open(t, nil, nil)
	w.populate(t)
	assume := func(key, token, next, asked string) {
		w.call(t, "sts", "AssumeRole", key, token, "RoleArn=arn:aws:iam::123456789012:role/next&RoleSessionName=s"+asked,
			"<AssumeRoleResponse><AssumeRoleResult>"+credentials(next, "token-"+next)+
				"<AssumedRoleUser><AssumedRoleId>AROANEXT:s</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/next/s</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>")
	}
	assume("AKIAALICE", "", "ASIAONE", "&Tags.member.1.Key=Department&Tags.member.1.Value=Audit&Tags.member.2.Key=Desk&Tags.member.2.Value=7&TransitiveTagKeys.member.1=department")
	assume("ASIAONE", "token-ASIAONE", "ASIATWO", "&Tags.member.1.Key=Project&Tags.member.1.Value=&TransitiveTagKeys.member.1=Project&TransitiveTagKeys.member.2=missing")
	assume("ASIATWO", "token-ASIATWO", "ASIATHREE", "")
	w.call(t, "sts", "AssumeRoleWithWebIdentity", "", "", "RoleArn=arn:aws:iam::123456789012:role/ci&RoleSessionName=web&WebIdentityToken=e30."+
		base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://idp.example.com","sub":"s","aud":"a","https://aws.amazon.com/tags":{"principal_tags":{"Team":["x"],"Desk":["8"]},"transitive_tag_keys":["Team","none"]}}`))+".c2ln",
		"<R><AssumeRoleWithWebIdentityResult>"+credentials("ASIATAGGED", "token-ASIATAGGED")+
			"<AssumedRoleUser><AssumedRoleId>AROACI:web</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/ci/web</Arn></AssumedRoleUser></AssumeRoleWithWebIdentityResult></R>")
	check := func() {
		t.Helper()
		for key, want := range map[string]string{
			"ASIAONE": "map[Department:Audit]", "ASIATWO": "map[Department:Audit Project:]", "ASIATHREE": "map[Department:Audit Project:]", "ASIATAGGED": "map[Team:x]",
		} {
			op := operation.Operation{EventSource: "sts.amazonaws.com", AccessKey: key, SessionToken: "token-" + key}
			if got := fmt.Sprint(w.Of(context.Background(), op, &exchange.Exchange{}).TransitiveTags); got != want {
				t.Errorf("%s: %s, want %s", key, got, want)
			}
		}
	}
	check()
	open(t, w, nil)
	check()
}

func TestCallersAreRemembered(t *testing.T) {
	w := open(t, nil, nil)
	w.populate(t)
	w.check(t)

	kept, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{secret, "token-1", "token-2", webToken} {
		if strings.Contains(string(kept), never) {
			t.Errorf("%q is in the file", never)
		}
	}
	info, err := os.Stat(w.file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}

	open(t, w, nil).check(t)
	if err := os.WriteFile(w.file, append(kept, `{"person":{"key":"AKIATORN"`...), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, w, nil).check(t) // a sandbox died while it wrote the last line
}

func TestDamagedFile(t *testing.T) {
	for _, text := range []string{"{\"format\":1}\n{\"person\":\n", "{\"format\":2}\n", "garbage\n", "{}\n"} {
		file := filepath.Join(t.TempDir(), "identities.jsonl")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Config{File: file, Account: "123456789012", Now: time.Now}); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%q: error %v, want one that names the file", text, err)
		}
	}
}

func TestChangesOfUsers(t *testing.T) {
	w := open(t, nil, nil)
	w.populate(t)
	w.call(t, "iam", "UpdateUser", "root", "", "UserName=alice&NewUserName=eve&NewPath=/staff/", "<UpdateUserResponse/>")
	if got := w.whose("AKIAALICE", ""); !strings.Contains(got, `:user/staff/eve"`) || !strings.Contains(got, `"userName":"eve"`) {
		t.Errorf("after the user was renamed: %s", got)
	}
	w.call(t, "iam", "UpdateAccessKey", "root", "", "UserName=eve&AccessKeyId=AKIAALICE&Status=Inactive", "<UpdateAccessKeyResponse/>")
	w.call(t, "iam", "DeleteAccessKey", "root", "", "UserName=eve&AccessKeyId=AKIAALICE", "<DeleteAccessKeyResponse/>")
	w.call(t, "iam", "DeleteUser", "root", "", "UserName=eve", "<DeleteUserResponse/>")
	if got := w.whose("AKIAALICE", ""); !strings.Contains(got, `"userName":"eve"`) {
		t.Errorf("just after the key was deleted: %s", got)
	}
	w.now = w.now.Add(2 * time.Hour)
	open(t, w, nil)
	if got := w.whose("AKIAALICE", ""); !strings.Contains(got, `"type":"Root"`) {
		t.Errorf("long after the key was deleted: %s", got)
	}
	if len(w.users) != 0 {
		t.Errorf("users left: %v", w.users)
	}
}

func TestRefusedCallsTeachNothing(t *testing.T) {
	w := open(t, nil, nil)
	op, x := w.call(t, "iam", "GetUser", "root", "", "", "")
	op.Name = "CreateUser"
	x.Response.Bytes = []byte("<R><User><UserName>u</UserName><Arn>arn:aws:iam::123456789012:user/u</Arn></User></R>")
	x.Status = 403
	if err := w.Learn(op, x); err != nil || len(w.users) != 0 {
		t.Errorf("a refused call: %v, %v", w.users, err)
	}
	x.Status, x.Response.Whole = 200, false
	if err := w.Learn(op, x); err != nil || len(w.users) != 0 {
		t.Errorf("half an answer: %v, %v", w.users, err)
	}
	x.Response.Whole = true
	if err := w.Learn(op, x); err != nil || len(w.users) != 1 {
		t.Errorf("a whole answer: %v, %v", w.users, err)
	}
	for _, answer := range []string{"", "<", "{", "{}", "<a/>", "<User><Arn>x</Arn></User>", strings.Repeat("<a>", 100_000)} {
		for _, name := range []string{"CreateUser", "CreateAccessKey", "AssumeRole", "AssumeRoleWithWebIdentity", "GetSessionToken", "GetFederationToken", "UpdateUser", "DeleteUser", "DeleteAccessKey"} {
			w.call(t, "iam", name, "root", "", "%zz", answer)
			w.call(t, "sts", name, "root", "", "%zz", answer)
		}
	}
}

func TestSessionsAreForgotten(t *testing.T) {
	w := open(t, nil, nil)
	w.populate(t)
	for i := range 20_000 {
		w.now = w.now.Add(time.Minute)
		w.call(t, "sts", "AssumeRole", "AKIAALICE", "", "RoleArn=arn:aws:iam::123456789012:role/app&DurationSeconds=900",
			"<R><AssumeRoleResult>"+credentials(fmt.Sprint("ASIA", i), "t")+
				"<AssumedRoleUser><AssumedRoleId>AROAAPP:s</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/app/s</Arn></AssumedRoleUser></AssumeRoleResult></R>")
	}
	if len(w.people) > 2000 {
		t.Errorf("%d people are kept of 20000 sessions that are over", len(w.people))
	}
	info, err := os.Stat(w.file)
	if err != nil || info.Size() > 4<<20 {
		t.Errorf("the file has %d bytes, %v", info.Size(), err)
	}
	if got := w.whose("ASIA19999", "t"); !strings.Contains(got, `"AssumedRole"`) {
		t.Errorf("the last session: %s", got)
	}
}

func TestAskingTheUpstream(t *testing.T) {
	answers := map[string][3]string{
		"AKIAUSER": {"arn:aws:iam::123456789012:user/people/carol", "AIDACAROL", "123456789012"},
		"AKIAROOT": {"arn:aws:iam::999999999999:root", "999999999999", "999999999999"},
		"ASIAROLE": {"arn:aws:sts::210987654321:assumed-role/app/s", "AROAAPP:s", "210987654321"},
		"test":     {"arn:aws:sts::555555555555:user/moto", "AKIAIOSFODNN7EXAMPLE", "555555555555"},
		"odd":      {"arn:aws:s3:::bucket", "", ""},
	}
	var asked atomic.Int32
	w := open(t, nil, func(ctx context.Context, key, _ string) (string, string, string, error) {
		asked.Add(1)
		if ctx.Err() != nil {
			t.Error("the upstream is asked for a client that is gone, and could not answer")
		}
		if a, ok := answers[key]; ok {
			return a[0], a[1], a[2], nil
		}
		return "", "", "", errors.New("upstream is down")
	})
	for key, want := range map[string]string{
		"AKIAUSER": `"type":"IAMUser","principalId":"AIDACAROL","arn":"arn:aws:iam::123456789012:user/people/carol","accountId":"123456789012","accessKeyId":"AKIAUSER","userName":"carol"`,
		"AKIAROOT": `"type":"Root","principalId":"999999999999"`,
		"ASIAROLE": `"sessionIssuer":{"type":"Role","principalId":"AROAAPP","arn":"arn:aws:iam::210987654321:role/app"`,
		"test":     `"type":"Root","principalId":"555555555555"`,
		"odd":      `"type":"Root","principalId":"123456789012"`,
		"down":     `"type":"Root","principalId":"123456789012"`,
	} {
		for range 3 {
			if got := w.whose(key, ""); !strings.Contains(got, want) {
				t.Errorf("%s: %s, want %s", key, got, want)
			}
		}
	}
	if asked.Load() != 6 {
		t.Errorf("asked %d times for 6 keys", asked.Load())
	}

	gone, cancel := context.WithCancel(context.Background())
	cancel()
	w.Of(gone, operation.Operation{AccessKey: "AKIAGONE"}, &exchange.Exchange{})

	asked.Store(0)
	w.now = w.now.Add(2 * nobodyHolds)
	w.whose("AKIAUSER", "")
	w.whose("down", "")
	if asked.Load() != 1 {
		t.Errorf("asked %d times later, want once, for the key without an owner", asked.Load())
	}

	for i := range 2 * maxAsked {
		w.whose(fmt.Sprint("key", i), "")
	}
	if len(w.asked) > maxAsked {
		t.Errorf("%d answers are kept", len(w.asked))
	}
}

func TestOneQuestionAtATime(t *testing.T) {
	var asked atomic.Int32
	answer, waiting := make(chan struct{}), make(chan struct{}, 1)
	w := open(t, nil, func(context.Context, string, string) (string, string, string, error) {
		asked.Add(1)
		waiting <- struct{}{}
		<-answer
		return "arn:aws:iam::123456789012:user/carol", "AIDACAROL", "123456789012", nil
	})
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() { w.whose("AKIACAROL", "") })
	}
	<-waiting
	close(answer)
	calls.Wait()
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestFederatedCallers(t *testing.T) {
	w := open(t, nil, nil)
	op, x := w.call(t, "sts", "AssumeRoleWithWebIdentity", "", "", "RoleArn=arn:aws:iam::210987654321:role/ci&WebIdentityToken="+webToken, "")
	want := `{"type":"WebIdentityUser","principalId":"arn:aws:iam::210987654321:oidc-provider/idp.example.com:sts.amazonaws.com:repo:app","userName":"repo:app",` +
		`"identityProvider":"arn:aws:iam::210987654321:oidc-provider/idp.example.com"}`
	if who := w.Of(context.Background(), op, x); string(who.UserIdentity) != want || who.Account != "210987654321" {
		t.Errorf("%s of %s, want %s", who.UserIdentity, who.Account, want)
	}
	op, x = w.call(t, "sts", "AssumeRoleWithSAML", "", "", "RoleArn=arn:aws:iam::210987654321:role/app",
		"<R><AssumeRoleWithSAMLResult><Subject>carol</Subject><NameQualifier>hash=</NameQualifier></AssumeRoleWithSAMLResult></R>")
	want = `{"type":"SAMLUser","principalId":"hash=:carol","userName":"carol","identityProvider":"hash="}`
	if who := w.Of(context.Background(), op, x); string(who.UserIdentity) != want {
		t.Errorf("%s, want %s", who.UserIdentity, want)
	}
	want = `{"type":"AWSService","invokedBy":"cloudtrail.amazonaws.com"}`
	if who := Service("cloudtrail.amazonaws.com", "123456789012"); string(who.UserIdentity) != want {
		t.Errorf("%s, want %s", who.UserIdentity, want)
	}
}

func BenchmarkOf(b *testing.B) {
	w := open(b, nil, nil)
	w.populate(b)
	op := operation.Operation{AccessKey: "ASIAROLE", SessionToken: "token-1"}
	x := &exchange.Exchange{}
	b.ReportAllocs()
	for b.Loop() {
		w.Of(context.Background(), op, x)
	}
}
