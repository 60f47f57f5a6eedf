package access_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/access"
	"github.com/cerpac/trailkeeper/policy"
)

const (
	account  = "111111111111"
	home     = "eu-west-2"
	trailARN = "arn:aws:cloudtrail:eu-west-2:111111111111:trail/audit"
	keyARN   = "arn:aws:kms:eu-west-2:111111111111:key/1"
	topicARN = "arn:aws:sns:eu-west-2:111111111111:audit"
	groupARN = "arn:aws:logs:eu-west-2:111111111111:log-group:audit"
	roleARN  = "arn:aws:iam::111111111111:role/service/delivery"
)

// held is an account in memory, which has the resources that are not nil.
type held struct {
	bucket     *access.Bucket
	topic      *access.Topic
	key        *access.Key
	encryption access.Encryption
	role       *access.Role
	groups     []string
	err        error // of every call
}

func read[T any](h *held, v *T) (value T, err error) {
	switch {
	case h.err != nil:
		return value, h.err
	case v == nil:
		return value, access.ErrNotFound
	}
	return *v, nil
}

func (h *held) Bucket(context.Context, access.Trail) (access.Bucket, error) { return read(h, h.bucket) }
func (h *held) Topic(context.Context, string) (access.Topic, error)         { return read(h, h.topic) }
func (h *held) Key(context.Context, string) (access.Key, error)             { return read(h, h.key) }
func (h *held) Encryption(context.Context, access.Trail) (access.Encryption, error) {
	return read(h, &h.encryption)
}
func (h *held) Role(_ context.Context, _ access.Trail, name string) (access.Role, error) {
	if name != "delivery" {
		return access.Role{}, errors.New("asked for the role " + name)
	}
	return read(h, h.role)
}
func (h *held) LogGroup(_ context.Context, _ access.Trail, name string) error {
	if !slices.Contains(h.groups, name) {
		return access.ErrNotFound
	}
	return h.err
}

func trail() access.Trail {
	return access.Trail{
		ARN: trailARN, Account: account, Region: home, Bucket: "logs", KeyARN: keyARN, TopicARN: topicARN,
		LogGroupARN: groupARN + ":*", RoleARN: roleARN,
	}
}

// closed is an account that has everything, and whose policies allow nothing.
func closed() *held {
	none := policy.Document{Version: policy.Version2012}.String()
	return &held{
		bucket: &access.Bucket{Policy: none}, topic: &access.Topic{Policy: none, Key: keyARN},
		key: &access.Key{ARN: keyARN, State: "Enabled", Policy: none}, encryption: access.Encryption{Region: home, BucketKey: true},
		role: &access.Role{Trust: none, Policies: []string{none}, Boundary: &[]string{none}}, groups: []string{"audit"},
	}
}

type check func(*access.Checker, context.Context, access.Trail) (access.Answer, error)

func checks() map[access.Subject]check {
	return map[access.Subject]check{
		access.TheBucket: (*access.Checker).Bucket, access.TheKey: (*access.Checker).Key,
		access.TheTopic: (*access.Checker).Topic, access.TheLogGroup: (*access.Checker).LogGroup,
	}
}

// The statements that answers name are all that is missing: with each of them added
// where it is said to be missing, CloudTrail is let in in the end.
func TestGrantsAreWhatIsMissing(t *testing.T) {
	for _, organization := range []string{"", "o-exampleorgid"} {
		for subject, ask := range checks() {
			h, trail := closed(), trail()
			trail.Organization = organization
			granted := 0
			for ; granted < 20; granted++ {
				a, err := ask(&access.Checker{Destinations: h, Guards: h}, t.Context(), trail)
				if err != nil {
					t.Fatal(err)
				}
				if a.Allowed() {
					break
				}
				if a.Problem != access.Refused || a.Reason == "" || !strings.Contains(a.String(), a.Reason) {
					t.Fatalf("%s: %+v", subject, a)
				}
				of := a
				if a.Within != nil {
					of = *a.Within
				}
				step, denied := of.Denied()
				if !denied {
					t.Fatalf("%s is refused, and no request was: %+v", subject, a)
				}
				h.grant(t, step)
			}
			if granted < 2 || granted == 20 {
				t.Errorf("%s was let in after %d grants", subject, granted)
			}
		}
	}
}

func (h *held) grant(t *testing.T, step access.Step) {
	t.Helper()
	text := map[string]*string{
		"policy of the bucket": &h.bucket.Policy, "policy of the key": &h.key.Policy, "policy of the topic": &h.topic.Policy,
		"trust policy of the role": &h.role.Trust, "policies of the role": &h.role.Policies[0],
		"permissions boundary of the role": &(*h.role.Boundary)[0],
	}[step.Policy]
	if text == nil {
		t.Fatalf("unknown policy %q", step.Policy)
	}
	d, err := policy.Parse([]byte(*text))
	if err != nil {
		t.Fatal(err)
	}
	d.Statements = append(d.Statements, step.Grant())
	*text = d.String()
	if _, err := policy.Parse([]byte(*text)); err != nil {
		t.Fatalf("the grant is no statement: %v\n%s", err, *text)
	}
}

// What is not there, or cannot be used, is told from what does not let CloudTrail in.
func TestProblems(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*held, *access.Trail)
		ask     check
		subject access.Subject
		problem access.Problem
		reason  string
	}{
		{"no bucket", func(h *held, _ *access.Trail) { h.bucket = nil }, (*access.Checker).Bucket, access.TheBucket, access.Missing, "does not exist"},
		{"no bucket policy", func(h *held, _ *access.Trail) { h.bucket.Policy = "" }, (*access.Checker).Bucket, access.TheBucket, access.Refused, "it has no policy"},
		{"no JSON", func(h *held, _ *access.Trail) { h.bucket.Policy = "{" }, (*access.Checker).Bucket, access.TheBucket, access.Refused, ""},
		{"no key", func(h *held, _ *access.Trail) { h.key = nil }, (*access.Checker).Key, access.TheKey, access.Missing, "does not exist"},
		{"key elsewhere", func(h *held, _ *access.Trail) { h.encryption.Region = "us-east-1" }, (*access.Checker).Key, access.TheKey, access.Elsewhere, `it is not in the Region of the bucket, "us-east-1"`},
		{"disabled key", func(h *held, _ *access.Trail) { h.key.State = "Disabled" }, (*access.Checker).Key, access.TheKey, access.Unusable, "it is in the state Disabled"},
		{"no topic", func(h *held, _ *access.Trail) { h.topic = nil }, (*access.Checker).Topic, access.TheTopic, access.Missing, "does not exist"},
		{"no ARN of a topic", func(_ *held, t *access.Trail) { t.TopicARN = "audit" }, (*access.Checker).Topic, access.TheTopic, access.Missing, "it is no ARN"},
		{"no role", func(h *held, _ *access.Trail) { h.role = nil }, (*access.Checker).LogGroup, access.TheRole, access.Missing, "does not exist"},
		{"role of another account", func(_ *held, t *access.Trail) { t.RoleARN = strings.Replace(roleARN, account, "222222222222", 1) }, (*access.Checker).LogGroup, access.TheRole, access.Elsewhere, "it is no role of the trail's account"},
		{"no trust", func(*held, *access.Trail) {}, (*access.Checker).LogGroup, access.TheRole, access.Refused, "no statement allows sts:AssumeRole to cloudtrail.amazonaws.com"},
		{"no log group", func(h *held, _ *access.Trail) { h.trust(); h.groups = nil }, (*access.Checker).LogGroup, access.TheLogGroup, access.Missing, "does not exist"},
		{"log group elsewhere", func(h *held, t *access.Trail) {
			h.trust()
			t.LogGroupARN = strings.Replace(groupARN, home, "us-east-1", 1)
		}, (*access.Checker).LogGroup, access.TheLogGroup, access.Elsewhere, "it is not in the account and home Region of the trail"},
		{"no rights", func(h *held, _ *access.Trail) { h.trust() }, (*access.Checker).LogGroup, access.TheRole, access.Refused, "no statement allows logs:CreateLogStream"},
	} {
		h, trail := closed(), trail()
		c.change(h, &trail)
		a, err := c.ask(&access.Checker{Destinations: h, Guards: h}, t.Context(), trail)
		if err != nil || a.Subject != c.subject || a.Problem != c.problem || c.reason != "" && a.Reason != c.reason {
			t.Errorf("%s: %v %+v", c.name, err, a)
		}
		if c.subject == access.TheRole && a.Trusted() != (c.name == "no rights") {
			t.Errorf("%s: trusted is %t", c.name, a.Trusted())
		}
	}
}

// trust lets CloudTrail assume the role.
func (h *held) trust() {
	h.role.Trust = policy.New(policy.Statement{
		Effect: policy.Allow, Principal: policy.Service("cloudtrail.amazonaws.com"), Action: policy.Values{"sts:AssumeRole"},
	}).String()
}

// A role that was just made is refused without a look, and one that could not be looked
// at is no answer.
func TestUnknownIsNoAnswer(t *testing.T) {
	h := closed()
	h.err = errors.New("throttled")
	for subject, ask := range checks() {
		if a, err := ask(&access.Checker{Destinations: h, Guards: h}, t.Context(), trail()); !errors.Is(err, h.err) {
			t.Errorf("%s: %v %+v", subject, err, a)
		}
	}
	young := access.Checker{Destinations: h, Guards: h, Young: func(arn string) bool { return arn == roleARN }}
	if a, err := young.LogGroup(t.Context(), trail()); err != nil || a.Problem != access.TooYoung {
		t.Errorf("%v %+v", err, a)
	}
}

// The answer names a statement that denies.
func TestDenyIsTold(t *testing.T) {
	h := closed()
	d := policy.New(
		policy.Statement{Effect: policy.Allow, Principal: policy.Everyone(), Action: policy.Values{"s3:*"}, Resource: policy.Values{"*"}},
		policy.Statement{Sid: "Closed", Effect: policy.Deny, Principal: policy.Everyone(), Action: policy.Values{"s3:PutObject"}, Resource: policy.Values{"*"}},
	)
	h.bucket.Policy = d.String()
	a, err := (&access.Checker{Destinations: h, Guards: h}).Bucket(t.Context(), trail())
	step, denied := a.Denied()
	if err != nil || !denied || step.Decision.Outcome != policy.ExplicitDeny || step.Decision.Statement.Sid != "Closed" || len(a.Asked) != 2 {
		t.Errorf("%v %+v", err, a)
	}
}
