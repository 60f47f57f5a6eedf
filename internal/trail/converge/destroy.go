package converge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// PlanDestroy reads all resources and tells what Destroy would do, in its order.
func PlanDestroy(ctx context.Context, resources []Resource, o Options) (*Plan, error) {
	w := newWorker(o, len(resources))
	p := &Plan{changes: []Change{}}
	for i := range resources {
		w.begin(&resources[i])
		now, err := w.read(ctx)
		if err != nil {
			return nil, err
		}
		change := Change{Kind: w.r.Kind, Name: w.r.Name}
		if change.Action, change.Note, err = w.fate(ctx, now); err != nil {
			return nil, err
		}
		p.changes = append(p.changes, change)
	}
	slices.Reverse(p.changes)
	return p, nil
}

// fate is what Destroy does with the resource at hand, and why if it keeps it.
func (w *worker) fate(ctx context.Context, now Actual) (Action, string, error) {
	switch {
	case !now.Exists:
		return Gone, "", nil
	case !now.Owned:
		return Keep, cmp.Or(now.Shared, notOurs), nil
	case w.r.Delete == nil:
		return Keep, cmp.Or(w.r.Stays, "nothing deletes it"), nil
	case w.r.Keep == nil:
		return Delete, now.Note, nil
	}
	why, err := w.keep(ctx)
	if err != nil || why != "" {
		return Keep, why, err
	}
	return Delete, now.Note, nil
}

func (w *worker) keep(ctx context.Context) (why string, err error) {
	err = w.ask(ctx, func(ctx context.Context) (err error) {
		why, err = w.r.Keep(ctx)
		return err
	})
	return why, err
}

// Destroy takes away what PlanDestroy says, in reverse order of the resources.
// Those that are not owned are never touched. One that turns out to have to stay
// does not stop it. The result of what was done until then comes with an error too.
func Destroy(ctx context.Context, resources []Resource, o Options) (*Result, error) {
	plan, err := PlanDestroy(ctx, resources, o)
	if err != nil {
		return &Result{}, err
	}
	result := &Result{Plan: plan}
	w := newWorker(o, plan.work())
	for i, change := range plan.changes {
		stays := change.Note
		if change.Action == Delete {
			w.begin(&resources[len(resources)-1-i])
			if stays, err = w.remove(ctx); err != nil {
				break
			}
		}
		if change.Action == Keep || change.Action == Delete && stays != "" {
			result.Stays = append(result.Stays, fmt.Sprintf("%s %s: %s", change.Kind, plain(change.Name), stays))
		}
	}
	result.Done = w.done
	return result, err
}

// remove takes the resource at hand away and reads it until it is gone, or tells
// why it stays.
func (w *worker) remove(ctx context.Context) (stays string, err error) {
	deletion := untried
	for {
		now, err := w.read(ctx)
		if err != nil {
			return "", err
		}
		if !now.Exists {
			if deletion != untried {
				w.did("deleted " + w.name())
			}
			return "", nil
		}
		if deletion == made {
			err = w.retry(ctx, "read", nil, "it was deleted, which does not show yet")
		} else {
			deletion, stays, err = w.delete(ctx, now)
		}
		if err != nil || stays != "" {
			return stays, err
		}
	}
}

// delete tries once.
func (w *worker) delete(ctx context.Context, now Actual) (deletion effort, stays string, err error) {
	action, stays, err := w.fate(ctx, now) // once more: what was deleted meanwhile counts
	if err != nil || action == Keep {
		return untried, stays, err
	}
	err = w.paced(ctx, "delete", w.r.Delete) // emptying a bucket takes long: it stops when ctx does
	if stay, ok := errors.AsType[Stay](err); ok {
		return untried, string(stay), nil
	}
	if err == nil || w.o.Classify(err).Class == Missing {
		return made, "", nil
	}
	return uncertain, "", w.retry(ctx, "delete", err, w.passes(err))
}
