package converge

import (
	"context"
	"fmt"
	"time"
)

// Options configure plans and their execution. Zero fields take their defaults.
type Options struct {
	Now   func() time.Time                                 // time.Now
	Sleep func(ctx context.Context, d time.Duration) error // returns early when ctx is cancelled
	// RetryFor limits how long a resource is retried without progress: until a change
	// shows, until AWS has propagated what it depends on, until a throttled call
	// succeeds. The default is 2 minutes.
	RetryFor time.Duration
	// Adopt takes over existing resources that have our names but are not owned.
	Adopt bool
	// Grants are what other accounts must allow first. Plans of Apply show them.
	Grants []Grant
	// Classify returns what an error of a call means. Nil classifies every error as
	// Other.
	Classify func(error) Fault
	// Progress is called before each call and each wait.
	Progress func(Step)
}

// Fault is the meaning of a call's error.
type Fault struct {
	Class Class
	// Call is the call that failed, such as s3:PutBucketPolicy; "" if the error does
	// not say.
	Call string
	// Right is the action that the caller lacks, such as s3:PutBucketPolicy, if Denied.
	Right string
}

// Class is a kind of error.
type Class int

// The classes of errors.
const (
	// Other is an error that a retry does not help.
	Other Class = iota
	// Throttled means too many calls, or a service that is not available: the call
	// changed nothing.
	Throttled
	// Conflict means that another operation is under way, such as ConflictException.
	Conflict
	// Uncertain means that the call may or may not have taken effect: a timeout, a
	// broken connection, an internal error.
	Uncertain
	// Denied means that the caller lacks a right.
	Denied
	// Missing means that the resource does not exist.
	Missing
	// Existing means that the resource exists already.
	Existing
)

// passes returns why a call that failed so is retried, or "".
func (c Class) passes() string {
	switch c {
	case Throttled:
		return "the service takes no more calls for now"
	case Conflict:
		return "another operation is under way"
	case Uncertain:
		return "the last call was not answered"
	}
	return ""
}

// Step is what Apply or Destroy does next.
type Step struct {
	N, Of      int // the resource is number N of the Of to work on, from 1
	Kind, Name string
	Call       string // such as s3:PutBucketVersioning, "read", "create" or "delete"
	// Wait is the time until then, and Why its reason, such as "the role is not known
	// to CloudTrail yet".
	Wait time.Duration
	Why  string
}

// String returns a line for people.
func (s Step) String() string {
	line := fmt.Sprintf("%d/%d %s %s: ", s.N, s.Of, s.Kind, plain(s.Name))
	if s.Wait > 0 {
		return line + fmt.Sprintf("waiting %s: %s", s.Wait, s.Why)
	}
	return line + s.Call
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.RetryFor <= 0 {
		o.RetryFor = 2 * time.Minute
	}
	if o.Classify == nil {
		o.Classify = func(error) Fault { return Fault{} }
	}
	if o.Progress == nil {
		o.Progress = func(Step) {}
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
