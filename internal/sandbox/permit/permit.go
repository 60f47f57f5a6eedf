// Package permit checks whether the current policies let CloudTrail use a bucket, a key, a topic, a role and a log group.
package permit

import "context"

// Trail is what CloudTrail wants to use. Empty members are not used.
type Trail struct {
	ARN          string
	Account      string // that owns the trail
	Region       string // the trail's home Region
	Organization string // o-..., for an organization trail
	Bucket       string
	Prefix       string // of the keys, without the slash at its end
	KeyARN       string
	TopicARN     string
	LogGroupARN  string // with or without the :* at its end
	RoleARN      string
	// Object is the key of the object to be written. If it is empty, the check is that
	// of CreateTrail.
	Object string
}

// Denial is the error if the policies deny access.
type Denial struct {
	// Code is the exception of CreateTrail, such as
	// InsufficientS3BucketPolicyException.
	Code string
	// Message is AWS's message for it.
	Message string
	// Status is the error code that GetTrailStatus shows after a denied delivery, such
	// as AccessDenied or NoSuchBucket.
	Status string
	// Why says which policy denies access and why, for the sandbox's log.
	Why string
}

func (d *Denial) Error() string { return d.Code + ": " + d.Message }

// Checker checks policies at the upstream. Its methods return nil if CloudTrail has
// access, a *Denial if it has not, and another error if the upstream could not be
// asked.
type Checker interface {
	Bucket(ctx context.Context, t Trail) error
	Key(ctx context.Context, t Trail) error
	Topic(ctx context.Context, t Trail) error
	LogGroup(ctx context.Context, t Trail) error
}
