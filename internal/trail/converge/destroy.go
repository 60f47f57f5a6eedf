package converge

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// PlanDestroy reads all resources and returns what Destroy would do, in its order.
func PlanDestroy(ctx context.Context, resources []Resource, o Options) (*Plan, error) {
	w := newWorker(o, len(resources))
	p, err := w.plan(ctx, resources, w.announce)
	if err != nil {
		return nil, err
	}
	slices.Reverse(p.changes)
	return p, nil
}

// Destroy deletes what PlanDestroy lists, in reverse order of the resources. It never
// touches those that are not owned or were adopted. It continues after a resource that
// must stay. With an error it still returns the result so far.
func Destroy(ctx context.Context, resources []Resource, o Options) (*Result, error) {
	plan, err := PlanDestroy(ctx, resources, o)
	if err != nil {
		return &Result{}, err
	}
	backwards := slices.Clone(resources)
	slices.Reverse(backwards)
	return carryOut(ctx, plan, backwards, o)
}

// removal returns what Destroy does with the current resource.
func (w *worker) removal(ctx context.Context) (Change, error) {
	now, err := w.read(ctx)
	if err != nil {
		return Change{}, err
	}
	switch {
	case !now.Exists:
		if w.r.Delete == nil { // Destroy would not delete it anyway
			now.Note = ""
		}
		return Change{Action: Gone, Note: now.Note}, nil
	case !now.Owned:
		return Change{Action: Keep, Note: cmp.Or(now.Shared, joined(notOurs, now.Note)), foreign: true}, nil
	case now.Adopted:
		return Change{Action: Keep, Note: joined(leftInPlace, now.Note)}, nil
	case w.r.Delete == nil:
		return Change{Action: Keep, Note: cmp.Or(w.r.Stays, "nothing deletes it")}, nil
	}
	if w.r.Keep != nil {
		if why, err := w.told(ctx, w.r.Keep); err != nil || why != "" {
			return Change{Action: Keep, Note: why}, err
		}
	}
	return Change{Action: Delete, Note: now.Note}, nil
}

// announce is removal for a plan: its note also lists what else is deleted with the
// resource.
func (w *worker) announce(ctx context.Context) (Change, error) {
	change, err := w.removal(ctx)
	if err != nil || change.Action != Delete || w.r.Takes == nil {
		return change, err
	}
	what, err := w.told(ctx, w.r.Takes)
	change.Note = joined(change.Note, what)
	return change, err
}

// told calls question, with retries, and returns the answer.
func (w *worker) told(ctx context.Context, question func(context.Context) (string, error)) (answer string, err error) {
	err = w.ask(ctx, func(ctx context.Context) (err error) {
		answer, err = question(ctx)
		return err
	})
	return answer, err
}

// remove deletes the current resource and reads it until it is gone, or returns why it
// stays. It checks for such a reason before each try.
func (w *worker) remove(ctx context.Context) (stays string, err error) {
	deletion := untried
	for {
		change, err := w.removal(ctx)
		if err != nil {
			return "", err
		}
		switch {
		case change.Action == Gone, change.foreign && deletion != untried: // somebody else has the name by now
			if deletion == uncertain {
				w.did("deleted " + w.name())
			}
			return "", nil
		case deletion == made:
			err = w.retry(ctx, "read", nil, deletedUnseen)
		case change.Action == Keep:
			return change.Note, nil
		default:
			deletion, stays, err = w.delete(ctx)
		}
		if err != nil || stays != "" {
			return stays, err
		}
	}
}

// delete tries once. It stops when ctx ends, because emptying a bucket can take long.
func (w *worker) delete(ctx context.Context) (deletion effort, stays string, err error) {
	err = w.paced(ctx, "delete", w.r.Delete)
	if stay, ok := errors.AsType[Stay](err); ok {
		return untried, string(stay), nil
	}
	if err == nil {
		w.did("deleted " + w.name())
		return made, "", nil
	}
	why := w.passes(err)
	if w.o.Classify(err).Class == Missing {
		why = deletedUnseen
	}
	return uncertain, "", w.retry(ctx, "delete", err, why)
}

// leftInPlace is why an adopted resource stays.
const leftInPlace = "adopted: left in place"

const deletedUnseen = "it was deleted, which does not show yet"
