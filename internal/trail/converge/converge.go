// Package converge changes the resources of an account to what is wanted, one after the other.
//
// There is no state file: the account is read each time. After an interruption the next
// run continues.
package converge

import (
	"context"
	"time"
)

// State maps the paths of a resource's fields, such as versioning.status, to their
// values: bool, int, float64, string, []string (an ordered list), Set,
// map[string]string, policy.Document (compared by meaning), Unknown, or nil for a
// missing field.
type State map[string]any

// Set is a list of strings in which order does not matter.
type Set []string

// Unknown is a wanted value that AWS assigns when it creates the resource.
type Unknown struct{}

// Stay is an error of Delete that says why the resource cannot be deleted.
type Stay string

// Error returns the reason.
func (s Stay) Error() string { return string(s) }

// Resource is one thing in an account. Its functions are called after those of the
// resources before it: those have been read, and in Apply they are as wanted.
type Resource struct {
	// Kind is the word for people, such as "bucket"; Name is AWS's name for it.
	Kind, Name string
	// Unwanted marks a resource that only an earlier configuration wanted: Apply
	// deletes it if it exists and is owned. It needs Read and Delete.
	Unwanted bool
	// Want returns what is wanted. It is called after each Read. Only the fields it
	// names are compared; a nil one must not exist. If it names a field below a prefix
	// that a part writes, all fields below that prefix are compared, so that extra ones
	// are found. Unknown differs from every value, so Want must know all values once
	// this resource and those before it exist.
	Want func() (State, error)
	// Read returns the resource as it is.
	Read func(ctx context.Context) (Actual, error)
	// Create creates it, with as many fields as the call takes. Parts write the fields
	// that still differ afterwards. The new resource must be owned at once, by its tag
	// or by what Read can tell, so that a run can be interrupted right after Create.
	// Nil means that the resource must exist already.
	Create func(ctx context.Context) error
	// Parts write the fields that differ, in this order. If a field differs and no part
	// writes it, it cannot be changed: Apply refuses before its first change.
	Parts []Part
	// Delete deletes it. It may be called again after an error. Nil means that the
	// resource is left, for the reason in Stays.
	Delete func(ctx context.Context) error
	Stays  string
	// Keep is called by Destroy before Delete, and for a plan. It returns why the
	// resource must stay, such as "3 log files in it and force_destroy is off", or "".
	// Nil is like "".
	Keep func(ctx context.Context) (why string, err error)
	// Takes returns, for a plan, what else is deleted with the resource, such as "3
	// objects of others", or "". Nil is like "".
	Takes func(ctx context.Context) (what string, err error)
	// Retry returns why an error of Create, Delete or a part is temporary, because AWS
	// is still propagating a change: "the role is not known to CloudTrail yet". It
	// returns "" for other errors. Nil is like "".
	Retry func(err error) string
	// Pace is the minimum time between writes to the resource's service.
	Pace time.Duration
}

// Part writes some fields of a resource.
type Part struct {
	// Fields are the paths it writes; a path that ends with . stands for all paths
	// below it.
	Fields []string
	// Call is the name of the call, such as s3:PutBucketVersioning.
	Call string
	// Write changes the fields to what is wanted. now is the last result of Read.
	Write func(ctx context.Context, now Actual) error
}

// Actual is a resource as Read found it.
type Actual struct {
	Exists bool
	// Owned reports whether the resource carries our tag, or belongs to one that does.
	Owned bool
	// Adopted reports whether an owned resource existed before it was taken over.
	// Destroy leaves it in place.
	Adopted bool
	// Unadoptable is why a resource that is not owned must not be taken over, with a
	// hint at what to do instead, or nil.
	Unadoptable error
	// Shared is why a resource is used without being owned, such as "the Region takes
	// only one detector". It needs no Adopt: its fields are changed to what is wanted,
	// and Destroy keeps it, for this reason.
	Shared string
	State  State
	// Note is for the reader of a plan, such as "3 subscribers, none confirmed", or the
	// key that an alias refers to.
	Note string
}
