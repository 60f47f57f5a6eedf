package converge

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// runs are the work that can be stopped, each from an account in which there is much
// of it.
func runs() map[string]struct {
	start func(*testing.T) *account
	run   func(context.Context, []Resource, Options) (*Result, error)
} {
	return map[string]struct {
		start func(*testing.T) *account
		run   func(context.Context, []Resource, Options) (*Result, error)
	}{
		"apply":   {func(*testing.T) *account { return drifted() }, Apply},
		"create":  {func(*testing.T) *account { return newAccount() }, Apply},
		"destroy": {deployed, Destroy},
	}
}

// Somebody stops it during a call: the call is carried out, no other one is made, and
// what was done is told.
func TestCancelAtEveryCall(t *testing.T) {
	for name, r := range runs() {
		t.Run(name, func(t *testing.T) {
			for n := range calls(t, r.start(t), r.run) {
				a := r.start(t)
				ctx, cancel := context.WithCancel(t.Context())
				a.fault = func(i int, _ call) fault {
					if i == n {
						cancel()
					}
					return fault{}
				}
				result, err := r.run(ctx, a.resources(), a.options())
				cancel()
				if n == len(a.calls)-1 && err == nil {
					continue // nothing was left to be done
				}
				checkCancelled(t, a, n, result, err)
				a.apply(t)
			}
		})
	}
}

func checkCancelled(t *testing.T, a *account, n int, result *Result, err error) {
	t.Helper()
	step, ok := errors.AsType[*StepError](err)
	if !ok || !errors.Is(err, context.Canceled) || outcome.ExitCode(err) != outcome.Interrupted || outcome.Hint(err) != again {
		t.Fatalf("cancelled at call %d: %v", n, err)
	}
	if len(a.calls) != n+1 {
		t.Errorf("cancelled at call %d, but %d calls were made: %v", n, len(a.calls), a.calls[n:])
	}
	if writes := a.writes(); len(step.Done) != len(writes) || !slices.Equal(step.Done, result.Done) {
		t.Errorf("cancelled at call %d: %q is done, with the writes %q", n, step.Done, writes)
	}
}

func TestCancelWhileWaiting(t *testing.T) {
	for name, r := range runs() {
		t.Run(name, func(t *testing.T) {
			a := r.start(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			a.fault = func(_ int, c call) fault {
				if c.write {
					return fault{err: errThrottled}
				}
				return fault{}
			}
			a.onSleep = cancel
			_, err := r.run(ctx, a.resources(), a.options())
			if !errors.Is(err, context.Canceled) || len(a.waits) != 1 || len(a.writes()) != 1 {
				t.Errorf("cancelled in a wait: %v, after the writes %q", err, a.writes())
			}
			a.apply(t)
		})
	}
}

// The program can be killed after every call.
func TestKillAtEveryCall(t *testing.T) {
	type killed struct{}
	for name, r := range runs() {
		t.Run(name, func(t *testing.T) {
			for n := range calls(t, r.start(t), r.run) {
				a := r.start(t)
				a.fault = func(i int, _ call) fault {
					if i == n {
						panic(killed{})
					}
					return fault{}
				}
				func() {
					defer func() {
						if _, ok := recover().(killed); !ok {
							t.Errorf("call %d was not made", n)
						}
					}()
					_, err := r.run(t.Context(), a.resources(), a.options())
					t.Errorf("killed at call %d: %v", n, err)
				}()
				a.apply(t)
			}
		})
	}
}

func TestSleep(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	if err := sleep(ctx, 1); err != nil {
		t.Error(err)
	}
	cancel()
	if err := sleep(ctx, 1<<62); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestLingering(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	longer, end := lingering(ctx, 0)
	defer end()
	if longer.Err() != nil {
		t.Error("ended before it began")
	}
	cancel()
	<-longer.Done() // after the time given
	ctx, cancel = context.WithCancel(t.Context())
	longer, end = lingering(ctx, grace)
	cancel()
	if longer.Err() != nil {
		t.Error("a call under way was cut off")
	}
	end()
}
