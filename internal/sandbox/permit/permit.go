// Package permit asks whether CloudTrail would be let in: to a bucket, a key, a topic, a role and a log group, by the policies they have at this moment.
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
	// Object is the key about to be written to the bucket. Empty asks for what
	// CreateTrail tries.
	Object string
}

// Denial says that CloudTrail is not let in.
type Denial struct {
	// Code is the exception CreateTrail answers with, such as
	// InsufficientS3BucketPolicyException.
	Code string
	// Message is AWS's message for it.
	Message string
	// Status is what GetTrailStatus gives in a Latest...Error when this happens
	// to a delivery, such as AccessDenied or NoSuchBucket.
	Status string
	// Why says which document denies and why, for the sandbox's log.
	Why string
}

func (d *Denial) Error() string { return d.Code + ": " + d.Message }

// Checker reads what the upstream holds. Its methods return nil when CloudTrail
// is let in, a *Denial when it is not, and another error when the upstream could
// not be asked.
type Checker interface {
	Bucket(ctx context.Context, t Trail) error
	Key(ctx context.Context, t Trail) error
	Topic(ctx context.Context, t Trail) error
	LogGroup(ctx context.Context, t Trail) error
}
