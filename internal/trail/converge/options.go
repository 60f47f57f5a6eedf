package converge

import (
	"context"
	"time"
)

// Options are how Plan, Apply and Destroy work. Zero fields take their defaults.
type Options struct {
	Now   func() time.Time                                 // time.Now
	Sleep func(ctx context.Context, d time.Duration) error // until ctx is cancelled
	// Patience is how long one resource is waited for: until a change shows, until
	// what it needs is known everywhere, until a throttled call gets through. It
	// is 2 minutes unless set.
	Patience time.Duration
	// Adopt takes over what is there under our names but is not owned.
	Adopt bool
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
	// Uncertain is a call that may have changed what it should or not: a timeout, a
	// broken connection, an internal error.
	Uncertain
	// Denied is a right that the caller lacks.
	Denied
	// Missing is something that is not there.
	Missing
)

// Step is what is done next.
type Step struct {
	N, Of      int // counted in resources, from 1
	Kind, Name string
	Call       string // such as s3:PutBucketVersioning, "read", "create" or "delete"
	// Wait is how long nothing is done, and Why, such as "the role is not known to
	// CloudTrail yet"; the call follows.
	Wait time.Duration
	Why  string
}
