package access

import (
	"fmt"

	"github.com/cerpac/trailkeeper/policy"
)

// Subject is a kind of resource that a delivery needs.
type Subject string

// The kinds of resources.
const (
	TheBucket   Subject = "bucket"
	TheKey      Subject = "key"
	TheTopic    Subject = "topic"
	TheRole     Subject = "role"
	TheLogGroup Subject = "log group"
)

// Problem is a kind of reason why CloudTrail cannot use a resource.
type Problem string

// The kinds of reasons. The empty one is that it can.
const (
	Missing       Problem = "it does not exist"
	Refused       Problem = "its policy does not let CloudTrail in"
	Unusable      Problem = "its state does not allow its use"
	Elsewhere     Problem = "it is not where CloudTrail needs it"
	RequesterPays Problem = "its requesters pay"
	TooYoung      Problem = "it was just made or changed"
)

// absent is the reason of what is just not there.
const absent = "does not exist"

// Answer says whether CloudTrail can use a resource, and how that was found out.
type Answer struct {
	Subject Subject
	Name    string // of the resource, or its ARN
	// Problem is "" if CloudTrail can use it.
	Problem Problem
	// Reason says the problem for people, such as: statement "Write" allows s3:PutObject
	// only on "arn:aws:s3:::logs/x/*", not on "arn:aws:s3:::logs/y". It is of the
	// resource that Subject and Name tell.
	Reason string
	// State is that of an unusable key.
	State string
	// Asked lists the requests that policies were asked. A request that is not allowed
	// is the last one.
	Asked []Step
	// Within is the answer about a resource that this one depends on, as a topic does on
	// its key. It is set if the problem is there.
	Within *Answer
}

// Allowed reports whether CloudTrail can use the resource.
func (a Answer) Allowed() bool { return a.Problem == "" }

// String says the answer on one line.
func (a Answer) String() string {
	switch {
	case a.Allowed():
		return fmt.Sprintf("%s %q lets CloudTrail in", a.Subject, a.Name)
	case a.Problem == Missing && a.Reason == absent:
		return fmt.Sprintf("%s %q %s", a.Subject, a.Name, a.Reason)
	}
	return fmt.Sprintf("%s %q: %s", a.Subject, a.Name, a.Reason)
}

// Denied returns the request that was not allowed; ok is false if none was.
func (a Answer) Denied() (s Step, ok bool) {
	if n := len(a.Asked); n > 0 && !a.Asked[n-1].Decision.Allowed() {
		return a.Asked[n-1], true
	}
	return Step{}, false
}

// Step is one request that a policy was asked.
type Step struct {
	// Policy says which policy: of the bucket, of the role and so on.
	Policy  string
	Request policy.Request
	// Decision has the statement that decided, which is the Deny in the way or else the
	// Allow that came closest.
	Decision policy.Decision
}

// Grant returns a statement that would allow the request, if no other denies it: for
// CloudTrail itself on behalf of this trail only.
func (s Step) Grant() policy.Statement {
	grant := policy.Statement{Effect: policy.Allow, Principal: s.Request.Principal, Action: policy.Values{s.Request.Action}}
	if s.Request.Resource != "" {
		grant.Resource = policy.Values{s.Request.Resource}
	}
	if trail := s.Request.Context["aws:SourceArn"]; len(trail) > 0 {
		grant.Condition = policy.Conditions{"StringEquals": {"aws:SourceArn": trail}}
	}
	return grant
}

func (a Answer) problem(p Problem, reason string) Answer {
	a.Problem, a.Reason = p, reason
	return a
}

// ask asks the documents, which together are one policy, for all requests, and stops at
// the first that is not allowed.
func (a Answer) ask(name string, texts []string, requests ...policy.Request) Answer {
	documents := make([]policy.Document, len(texts))
	for i, text := range texts {
		var err error
		if documents[i], err = policy.Parse([]byte(text)); err != nil {
			return a.problem(Refused, err.Error()) // an invalid policy, which AWS does not store
		}
	}
	for _, r := range requests {
		decision := policy.Evaluate(documents, r)
		a.Asked = append(a.Asked, Step{name, r, decision})
		if !decision.Allowed() {
			return a.problem(Refused, decision.Why)
		}
	}
	return a
}
