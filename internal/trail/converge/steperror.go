package converge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// StepError is an error that stopped Apply or Destroy. Its outcome.Hint says what to
// do; the caller shows Done.
type StepError struct {
	Resource string // such as "bucket logs"
	Call     string // such as s3:PutBucketPolicy, "plan", "read", "create" or "delete"
	Err      error
	Done     []string // until then, such as "created bucket logs"
}

func (e *StepError) Error() string {
	if strings.Contains(e.Call, ":") {
		return fmt.Sprintf("call %s for %s: %v", e.Call, e.Resource, e.Err)
	}
	return fmt.Sprintf("%s %s: %v", e.Call, e.Resource, e.Err)
}

func (e *StepError) Unwrap() error { return e.Err }

// Parts of hints.
const (
	again    = "the same command continues where this one stopped"
	adopt    = "--adopt takes over what is there; another name leaves it alone"
	policies = "`trailkeeper policy` prints all that each job needs"
)

// fail returns the error to stop with.
func (w *worker) fail(call string, cause error) error {
	fault := w.o.Classify(cause)
	if fault.Call != "" {
		call = fault.Call
	}
	stopped := errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded)
	if fault.Class != Denied || stopped {
		return w.stop(call, cause, again)
	}
	right := cmp.Or(fault.Right, call)
	return w.stop(call, cause, fmt.Sprintf("allow the caller %s on %s; %s; then %s", right, w.name(), policies, again))
}

// timedOut returns the error for retries that took longer than RetryFor.
func (w *worker) timedOut(call, why string, cause error) error {
	err := fmt.Errorf("after %s still: %s", w.waited, why)
	if cause != nil {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return w.stop(call, err, "this can take AWS minutes; try again later: "+again)
}

// stop makes the error, with hint if the cause has none.
func (w *worker) stop(call string, cause error, hint string) error {
	err := &StepError{Resource: w.name(), Call: call, Err: cause, Done: slices.Clone(w.done)}
	if outcome.Hint(cause) != "" {
		return err
	}
	return outcome.WithHint(err, hint)
}

// name is what messages call the current resource.
func (w *worker) name() string { return w.r.Kind + " " + plain(w.r.Name) }
