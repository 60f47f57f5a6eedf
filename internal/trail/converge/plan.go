package converge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// Action is what is done with a resource.
type Action string

// The actions. The first five are for PlanApply, the others for PlanDestroy and for
// what is unwanted.
const (
	Create  Action = "create"
	Update  Action = "update"
	None    Action = "none"    // it is as wanted
	Adopt   Action = "adopt"   // it is not owned, and is taken over
	Refused Action = "refused" // Note says why; Apply then does nothing at all
	Delete  Action = "delete"
	Keep    Action = "keep" // Note says why
	Gone    Action = "gone" // it does not exist
)

func actions() []Action {
	return []Action{Create, Update, Adopt, None, Refused, Delete, Keep, Gone}
}

// Plan is what Apply or Destroy will do, in order.
type Plan struct {
	changes []Change
	grants  []Grant
}

// Change is what is done with one resource.
type Change struct {
	Kind, Name string
	Action     Action
	Fields     []FieldChange // that differ, sorted by path; all fields of a resource to create
	Note       string        // for the reader
	hint       string        // if Refused
	foreign    bool          // it is kept because it is not ours
}

func (c Change) works() bool {
	switch c.Action {
	case Create, Update, Adopt, Delete:
		return true
	}
	return false
}

// Changes returns the changes of all resources, with those that have nothing to do.
func (p *Plan) Changes() []Change { return p.changes }

// Empty reports whether everything is as wanted.
func (p *Plan) Empty() bool {
	return !slices.ContainsFunc(p.changes, func(c Change) bool { return c.works() || c.Action == Refused })
}

// work counts the resources that need work.
func (p *Plan) work() int {
	n := 0
	for _, change := range p.changes {
		if change.works() {
			n++
		}
	}
	return n
}

func (p *Plan) counts() map[Action]int {
	counts := map[Action]int{}
	for _, change := range p.changes {
		counts[change.Action]++
	}
	return counts
}

// PlanApply reads all resources and returns what Apply would do.
func PlanApply(ctx context.Context, resources []Resource, o Options) (*Plan, error) {
	w := newWorker(o, len(resources))
	p, err := w.plan(ctx, resources, w.change)
	if err != nil {
		return nil, err
	}
	p.grants = o.Grants
	return p, nil
}

// plan reads the resources in order, as reading one may need those before it.
func (w *worker) plan(ctx context.Context, resources []Resource, change func(context.Context) (Change, error)) (*Plan, error) {
	p := &Plan{changes: []Change{}}
	for i := range resources {
		w.begin(&resources[i])
		c, err := change(ctx)
		if err != nil {
			return nil, err
		}
		c.Kind, c.Name = w.r.Kind, w.r.Name
		p.changes = append(p.changes, c)
	}
	return p, nil
}

// change returns what Apply does with the current resource.
func (w *worker) change(ctx context.Context) (Change, error) {
	if w.r.Unwanted {
		return w.removal(ctx)
	}
	now, fields, err := w.look(ctx)
	if err != nil {
		return Change{}, err
	}
	action, refusal := w.decide(now, fields)
	change := Change{Action: action, Fields: fields, Note: now.Note}
	if refusal != nil {
		change.Note, change.hint = joined(refusal.Error(), now.Note), outcome.Hint(refusal)
	}
	return change, nil
}

// joined joins two notes.
func joined(first, second string) string {
	if first == "" || second == "" || first == second {
		return cmp.Or(first, second)
	}
	return first + "; " + second
}

// decide returns what to do with a wanted resource. The error says why it is refused.
func (w *worker) decide(now Actual, fields []FieldChange) (Action, error) {
	switch {
	case !now.Exists && w.r.Create == nil:
		return Refused, errors.New(cmp.Or(now.Note, "it has to be there already"))
	case !now.Exists:
		return Create, nil
	case len(fields) == 0:
		return None, nil
	}
	if err := w.barrier(now); err != nil {
		return Refused, err
	}
	for _, field := range fields {
		if !slices.ContainsFunc(w.r.Parts, func(p Part) bool { return p.writes(field.Path) }) {
			return Refused, fmt.Errorf("%s of what is there cannot be changed: set it to the existing value, or delete the %s first", field.Path, w.r.Kind)
		}
	}
	if !now.Owned && now.Shared == "" {
		return Adopt, nil
	}
	return Update, nil
}

// barrier returns why the existing resource must not be changed, with a hint, or nil.
func (w *worker) barrier(now Actual) error {
	switch {
	case now.Owned || now.Shared != "":
		return nil
	case now.Unadoptable == nil && w.o.Adopt:
		return nil
	case now.Unadoptable == nil:
		return outcome.WithHint(errors.New(notOurs), adopt)
	case w.o.Adopt:
		return now.Unadoptable
	}
	return outcome.WithHint(errors.New(notOurs), outcome.Hint(now.Unadoptable))
}

const notOurs = "it exists already and does not carry our tag"
