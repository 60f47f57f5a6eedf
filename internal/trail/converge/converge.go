// Package converge brings what an account has to what is wanted of it, resource after resource.
//
// There is no state file: what the account has is read each time. Whatever stops a
// run, the next one goes on.
package converge

import (
	"context"
	"time"
)

// State is the fields of a resource by their paths, such as versioning.status.
// Values are bool, int, float64, string, []string (an ordered list), Set,
// map[string]string, policy.Document (compared by meaning), Unknown, or nil for what is
// not there.
type State map[string]any

// Set is strings whose order says nothing.
type Set []string

// Unknown is a wanted value that AWS makes up when the resource it belongs to is made.
type Unknown struct{}

// Stay is an error of Delete: the resource stays, for this reason.
type Stay string

// Error is the reason.
func (s Stay) Error() string { return string(s) }

// Resource is one thing in an account. Its functions may rely on those before it
// being read, and in Apply being as they should be.
type Resource struct {
	// Kind is what people call it, such as "bucket"; Name is AWS's name for it.
	Kind, Name string
	// Unwanted is what only an earlier configuration wanted: Apply deletes it if it
	// is there and owned. It needs Read and Delete.
	Unwanted bool
	// Want is what is wanted of it. It is asked after Read, each time. Only fields
	// it names are compared, a nil one being wanted not to be there; and where it
	// names one below a prefix of a part, all fields below that prefix are
	// compared, so that one too many is seen. Unknown differs from whatever is
	// there, so Want must know all once the resources before it and this one exist.
	Want func() (State, error)
	// Read tells what is there.
	Read func(ctx context.Context) (Actual, error)
	// Create makes it, with as many fields as the call takes. What is read
	// afterwards and still differs is written by parts. Whoever is interrupted
	// after it must find the resource owned: it carries the tag from the start, or
	// Read can tell otherwise. Nil is for what has to be there already.
	Create func(ctx context.Context) error
	// Parts write fields that differ, in this order. A field that differs and that
	// no part writes cannot be changed: Apply refuses before it does anything.
	Parts []Part
	// Delete takes it away. Nil leaves it, for the reason in Stays. It may be called
	// again after an error.
	Delete func(ctx context.Context) error
	Stays  string
	// Keep tells, before Delete and for a plan, why it has to stay as things are
	// now, such as "3 log files in it and force_destroy is off". "" or nil is no
	// reason.
	Keep func(ctx context.Context) (why string, err error)
	// Takes returns, for a plan, what is deleted with the resource, such as "3
	// objects of others". "" or nil means nothing.
	Takes func(ctx context.Context) (what string, err error)
	// Retry tells of an error of Create, Delete or a part that AWS gives while a change
	// elsewhere is not known everywhere yet, and which: "the role is not known to
	// CloudTrail yet". Empty is no such error. Nil knows none.
	Retry func(err error) string
	// Pace is the time between writes to its service.
	Pace time.Duration
}

// Part writes some fields of a resource.
type Part struct {
	// Fields are the paths it writes; one that ends with . stands for all below it.
	Fields []string
	// Call is what it calls, such as s3:PutBucketVersioning.
	Call string
	// Write brings the fields to what is wanted. now is what was read.
	Write func(ctx context.Context, now Actual) error
}

// Actual is what is there.
type Actual struct {
	Exists bool
	// Owned says that the resource carries our tag, or can only be ours because it
	// is part of something that does.
	Owned bool
	// Adopted says of an owned resource that it was there before it was taken over.
	// Destroy leaves it.
	Adopted bool
	// Unadoptable is why a resource that is not owned must not be taken over, with a
	// hint at what to do instead. Nil is no reason.
	Unadoptable error
	// Shared is why something that is not owned is used all the same, such as "the
	// Region takes only one detector". It needs no Adopt: its fields are brought to
	// what is wanted, and Destroy keeps it, for this reason.
	Shared string
	State  State
	// Note is for the reader of a plan, such as "3 subscribers, none confirmed" or
	// which key an alias leads to.
	Note string
}
