package converge

import (
	"context"
	"fmt"
	"time"
)

// Options are how plans are made and carried out. Zero fields take their defaults.
type Options struct {
	Now   func() time.Time                                 // time.Now
	Sleep func(ctx context.Context, d time.Duration) error // until ctx is cancelled
	// Patience is how long is waited in one go for one resource: until a change
	// shows, until what it needs is known everywhere, until a throttled call gets
	// through. It is 2 minutes unless set.
	Patience time.Duration
	// Adopt takes over what is there under our names but is not owned.
	Adopt bool
	// Grants are what other accounts have to allow first. Plans of Apply show them.
	Grants []Grant
	// Classify tells what an error of a call means. Nil takes every error for Other.
	Classify func(error) Fault
	// Progress is told of each call and each wait before it begins.
	Progress func(Step)
}

// Fault is what an error of a call means for what is to be done about it.
type Fault struct {
	Class Class
	// Call is the one that failed, such as s3:PutBucketPolicy; "" if the error does
	// not say.
	Call string
	// Right is what the caller lacks, such as s3:PutBucketPolicy, if Denied.
	Right string
}

// Class is a kind of error.
type Class int

// The classes of errors.
const (
	// Other is an error that trying again does not help.
	Other Class = iota
	// Throttled is too many calls, or a service that is not available: the call
	// changed nothing.
	Throttled
	// Conflict is another operation under way, such as ConflictException.
	Conflict
	// Uncertain is a call that may have done what it should or not: a timeout, a
	// broken connection, an internal error.
	Uncertain
	// Denied is a right that the caller lacks.
	Denied
	// Missing is something that is not there.
	Missing
	// Existing is something that is there already.
	Existing
)

// passes is why a call that failed so is made again, or "".
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

// Step is what is done next.
type Step struct {
	N, Of      int // of the resources that something is done with, from 1
	Kind, Name string
	Call       string // such as s3:PutBucketVersioning, "read", "create" or "delete"
	// Wait is how long nothing is done before that, and Why, such as "the role is
	// not known to CloudTrail yet".
	Wait time.Duration
	Why  string
}

// String is a line for people.
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
	if o.Patience <= 0 {
		o.Patience = 2 * time.Minute
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
