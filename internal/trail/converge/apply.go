package converge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// Result is what Apply or Destroy did.
type Result struct {
	Plan *Plan    // as it was before the first change
	Done []string // such as "created bucket logs"
	// Stays lists what was not deleted, and why, such as "bucket logs: 3 log files in
	// it".
	Stays []string
	// Left lists those of Stays that the plan announced as deletions.
	Left []string
}

// Apply changes every resource to what is wanted. It reads them all first, and does
// nothing if one is refused. With an error it still returns the result so far.
func Apply(ctx context.Context, resources []Resource, o Options) (*Result, error) {
	plan, err := PlanApply(ctx, resources, o)
	if err != nil {
		return &Result{}, err
	}
	if err := plan.refusal(); err != nil {
		return &Result{Plan: plan}, err
	}
	return carryOut(ctx, plan, resources, o)
}

// carryOut carries out the plan, resource by resource.
func carryOut(ctx context.Context, plan *Plan, resources []Resource, o Options) (*Result, error) {
	result := &Result{Plan: plan}
	w := newWorker(o, plan.work())
	var err error
	for i, change := range plan.changes {
		stays := ""
		switch change.Action {
		case Create, Update, Adopt:
			w.begin(&resources[i])
			err = w.converge(ctx)
		case Delete:
			w.begin(&resources[i])
			stays, err = w.remove(ctx)
		case Keep:
			stays = change.Note
		}
		if err != nil {
			break
		}
		if stays == "" {
			continue
		}
		what := fmt.Sprintf("%s %s: %s", change.Kind, plain(change.Name), stays)
		result.Stays = append(result.Stays, what)
		if change.Action == Delete {
			result.Left = append(result.Left, what)
		}
	}
	result.Done = w.done
	return result, err
}

// refusal is the error that lists the refused resources.
func (p *Plan) refusal() error {
	var refused []string
	hint := ""
	for _, change := range p.changes {
		if change.Action != Refused {
			continue
		}
		refused = append(refused, fmt.Sprintf("%s %s: %s", change.Kind, plain(change.Name), change.Note))
		hint = cmp.Or(hint, change.hint)
	}
	if len(refused) == 0 {
		return nil
	}
	err := errors.New("nothing was done: " + strings.Join(refused, "; "))
	if hint == "" {
		return err
	}
	return outcome.WithHint(err, hint)
}

// effort is how far a write got.
type effort int

const (
	untried   effort = iota
	uncertain        // it failed, but may have changed something
	made
)

// convergence is the work on one resource.
type convergence struct {
	*worker
	creation effort
	parts    []effort // of each part
}

// converge changes the current resource to what is wanted. It reads it before and after
// each round of writes, so nothing depends on a call being answered.
func (w *worker) converge(ctx context.Context) error {
	c := &convergence{worker: w, parts: make([]effort, len(w.r.Parts))}
	for {
		now, fields, err := w.look(ctx)
		if err != nil {
			return err
		}
		c.learn(now, fields)
		if now.Exists && len(fields) == 0 {
			return nil
		}
		if err := c.round(ctx, now, fields); err != nil {
			return err
		}
	}
}

// learn finds calls that returned an error but took effect.
func (c *convergence) learn(now Actual, fields []FieldChange) {
	if now.Exists && c.creation == uncertain {
		c.created()
	}
	for i, part := range c.r.Parts {
		if now.Exists && c.parts[i] == uncertain && len(part.of(fields)) == 0 {
			c.parts[i] = made
			c.did("set " + strings.Join(part.Fields, ", ") + " of " + c.name())
		}
	}
}

func (c *convergence) created() {
	c.creation = made
	c.did("created " + c.name())
}

// round writes the differing fields that were not written yet, or waits until AWS shows
// what was written.
func (c *convergence) round(ctx context.Context, now Actual, fields []FieldChange) error {
	switch {
	case !now.Exists && c.creation == made:
		return c.retry(ctx, "read", nil, "it was created, which does not show yet")
	case !now.Exists:
		return c.create(ctx)
	case c.creation != untried && !now.Owned && now.Shared == "":
		// Create tags the resource. One without the tag was made by somebody else
		// meanwhile.
		return c.retry(ctx, "read", errors.New(notOurs), "it was created, and its tag does not show yet")
	}
	if err := c.barrier(now); err != nil { // it may have been made after the plan
		return c.fail("change", err)
	}
	wrote := false
	for i, part := range c.r.Parts {
		mine := part.of(fields)
		if len(mine) == 0 || c.parts[i] == made {
			continue
		}
		if err := c.write(ctx, part.Call, func(ctx context.Context) error { return part.Write(ctx, now) }); err != nil {
			c.parts[i] = uncertain
			return c.retry(ctx, part.Call, err, c.passes(err))
		}
		c.parts[i] = made
		c.did("set " + paths(mine) + " of " + c.name())
		wrote = true
	}
	if wrote {
		return nil
	}
	return c.retry(ctx, "read", nil, "what was written does not show yet in "+paths(fields))
}

func (c *convergence) create(ctx context.Context) error {
	err := c.write(ctx, "create", c.r.Create)
	if err == nil {
		c.created()
		return nil
	}
	why := c.passes(err)
	if why != "" {
		c.creation = uncertain
	}
	return c.retry(ctx, "create", err, why)
}

// passes returns why a retry of a failed write may succeed, or "".
func (c *convergence) passes(err error) string {
	class := c.o.Classify(err).Class
	if class == Existing && c.creation == uncertain || class == Missing && c.creation != untried {
		return "it was created, which AWS is still propagating"
	}
	return c.worker.passes(err)
}

func paths(fields []FieldChange) string {
	var paths []string
	for _, field := range fields {
		paths = append(paths, field.Path)
	}
	return strings.Join(paths, ", ")
}
