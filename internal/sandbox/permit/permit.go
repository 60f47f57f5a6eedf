// Package permit answers for the sandbox whether CloudTrail may use what a trail names, with CloudTrail's exceptions.
package permit

import (
	"context"

	"github.com/cerpac/trailkeeper/internal/access"
	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
)

// Trail is what CloudTrail wants to use.
type Trail = access.Trail

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

// New returns a Checker that reads policies from the upstream. It refuses roles for
// which fresh returns true, as AWS does until a change has propagated. fresh may be nil.
func New(clients *upstream.Clients, fresh func(roleARN string) bool) Checker {
	return &checker{access.Checker{Destinations: reader{clients}, Guards: reader{clients}, Young: fresh}}
}

type checker struct{ access access.Checker }

// Bucket implements Checker.
func (c *checker) Bucket(ctx context.Context, t Trail) error {
	a, err := c.access.Bucket(ctx, t)
	return answer(t, a, err)
}

// Key implements Checker.
func (c *checker) Key(ctx context.Context, t Trail) error {
	a, err := c.access.Key(ctx, t)
	return answer(t, a, err)
}

// Topic implements Checker.
func (c *checker) Topic(ctx context.Context, t Trail) error {
	a, err := c.access.Topic(ctx, t)
	return answer(t, a, err)
}

// LogGroup implements Checker.
func (c *checker) LogGroup(ctx context.Context, t Trail) error {
	a, err := c.access.LogGroup(ctx, t)
	return answer(t, a, err)
}

// answer returns nil, the *Denial that an answer is, or err.
func answer(t Trail, a access.Answer, err error) error {
	if err != nil || a.Allowed() {
		return err
	}
	return denial(t, a)
}
