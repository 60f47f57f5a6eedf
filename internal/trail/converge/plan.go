package converge

import (
	"context"
	"errors"
	"io"
)

// Action is what is to be done with a resource.
type Action string

// The actions. The first five are those of PlanApply, the others of PlanDestroy.
const (
	Create  Action = "create"
	Update  Action = "update"
	None    Action = "none"    // it is as it should be
	Adopt   Action = "adopt"   // it is not owned and is taken over
	Refused Action = "refused" // Note says why; Apply does nothing at all
	Delete  Action = "delete"
	Keep    Action = "keep" // Note says why
	Gone    Action = "gone" // it is not there
)

// Plan is what there is to do, in order of work.
type Plan struct{ changes []Change }

// Change is what there is to do with one resource.
type Change struct {
	Kind, Name string
	Action     Action
	Fields     []FieldChange // sorted by path
	Note       string        // for the reader
}

// FieldChange is a field that differs. Values are those of State.
type FieldChange struct {
	Path     string
	Old, New any
}

// Changes are all resources, those without a change too.
func (p *Plan) Changes() []Change { return p.changes }

// Empty tells whether there is nothing to do. A refusal is something to do.
func (p *Plan) Empty() bool { return false }

// WriteText writes the plan for people.
func (p *Plan) WriteText(w io.Writer) error { return errNotYet }

// MarshalJSON writes the plan for programs.
func (p *Plan) MarshalJSON() ([]byte, error) { return nil, errNotYet }

var errNotYet = errors.New("not there yet")

// PlanApply reads all resources and tells what Apply would do.
func PlanApply(ctx context.Context, resources []Resource, o Options) (*Plan, error) { return nil, errNotYet }

// PlanDestroy reads all resources and tells what Destroy would do.
func PlanDestroy(ctx context.Context, resources []Resource, o Options) (*Plan, error) {
	return nil, errNotYet
}

// Result is what was done.
type Result struct {
	Plan *Plan    // what there was to do
	Done []string // what was done, such as "created bucket logs"
}

// Apply brings every resource to what is wanted of it.
func Apply(ctx context.Context, resources []Resource, o Options) (*Result, error) { return nil, errNotYet }

// Destroy takes away what is owned, in reverse order.
func Destroy(ctx context.Context, resources []Resource, o Options) (*Result, error) { return nil, errNotYet }
