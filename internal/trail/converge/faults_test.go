package converge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// starts are the accounts that there is something to do in.
func starts() map[string]func() *account {
	return map[string]func() *account{"empty": newAccount, "drifted": drifted}
}

type disturbance struct {
	fault
	passes bool // whether a call that fails so once is made again
}

func disturbances() map[string]disturbance {
	return map[string]disturbance{
		"throttled":             {fault{errThrottled, false}, true},
		"conflict":              {fault{errConflict, false}, true},
		"timeout":               {fault{errTimeout, false}, true},
		"timeout after success": {fault{errTimeout, true}, true},
		"not yet consistent":    {fault{errInconsistent, false}, true},
		"denied":                {fault{errDenied, false}, false},
		"refused":               {fault{errOther, false}, false},
		"other after success":   {fault{errOther, true}, false},
	}
}

func TestApply(t *testing.T) {
	for name, start := range starts() {
		t.Run(name, func(t *testing.T) {
			a := start()
			result, err := Apply(t.Context(), a.resources(), a.options())
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Done) != len(a.writes()) {
				t.Errorf("done is %q, but the writes are %q", result.Done, a.writes())
			}
			a.settled(t)
		})
	}
}

// calls is how many calls a run of f makes in the account, if all goes well.
func calls(t *testing.T, a *account, f func(context.Context, []Resource, Options) (*Result, error)) int {
	t.Helper()
	if _, err := f(t.Context(), a.resources(), a.options()); err != nil {
		t.Fatal(err)
	}
	if len(a.calls) < 5 {
		t.Fatalf("only %d calls", len(a.calls))
	}
	return len(a.calls)
}

func TestApplyWithOneFault(t *testing.T) {
	for startName, start := range starts() {
		for faultName, d := range disturbances() {
			t.Run(startName+"/"+faultName, func(t *testing.T) {
				for n := range calls(t, start(), Apply) {
					a := start()
					var hit call
					a.fault = func(i int, c call) fault {
						if i != n {
							return fault{}
						}
						hit = c
						return d.fault
					}
					result, err := Apply(t.Context(), a.resources(), a.options())
					passes := d.passes && (hit.write || !errors.Is(d.err, errInconsistent)) // Retry is of writes
					if passes != (err == nil) {
						t.Fatalf("fault at call %d, %s: apply ends with %v", n, hit, err)
					}
					if err != nil {
						checkStopped(t, a, hit, result, err, d.err)
					}
					a.apply(t)
				}
			})
		}
	}
}

// checkStopped checks that the error tells all there is to know.
func checkStopped(t *testing.T, a *account, hit call, result *Result, err, cause error) {
	t.Helper()
	step, ok := errors.AsType[*StepError](err)
	if !ok || !errors.Is(err, cause) {
		t.Fatalf("the error at %s is %v", hit, err)
	}
	if step.Call != hit.name || step.Resource != hit.kind+" our-"+hit.kind {
		t.Errorf("the error at %s says %s of %s", hit, step.Call, step.Resource)
	}
	if !slices.Equal(step.Done, result.Done) {
		t.Errorf("the error says %q was done, the result %q", step.Done, result.Done)
	}
	writes := len(a.writes())
	if hit.write {
		writes-- // the one that failed
	}
	if len(step.Done) != writes {
		t.Errorf("%q is done, with the writes %q", step.Done, a.writes())
	}
	hint := outcome.Hint(err)
	if !strings.Contains(hint, again) || errors.Is(cause, errDenied) && !strings.Contains(hint, "fake:Right") {
		t.Errorf("the hint at %s is %q", hit, hint)
	}
}

// A fault that does not pass ends after RetryFor, and says what was waited for.
func TestApplyWithLastingFault(t *testing.T) {
	for name, d := range disturbances() {
		if !d.passes || d.done {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for n := range calls(t, newAccount(), Apply) {
				a := newAccount()
				var hit call
				a.fault = func(i int, c call) fault {
					if i == n {
						hit = c
					}
					if i < n || c.write != hit.write && errors.Is(d.err, errInconsistent) {
						return fault{}
					}
					return d.fault
				}
				_, err := Apply(t.Context(), a.resources(), a.options())
				if err == nil && hit.write {
					t.Fatalf("apply passes a fault at %s that lasts", hit)
				}
				if err != nil && hit.write && errors.Is(d.err, errInconsistent) {
					for _, want := range []string{"after 2m0s still", "not known to " + hit.kind, "access denied"} {
						if !strings.Contains(err.Error(), want) {
							t.Errorf("%q does not say %q", err, want)
						}
					}
				}
				if a.waited > 10*time.Minute {
					t.Errorf("waited %s", a.waited)
				}
				a.apply(t)
			}
		})
	}
}

// Whatever happens, nothing is done twice that must not be, and some apply completes.
func TestApplyWithManyFaults(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 4))
		a := []func() *account{newAccount, drifted}[seed%2]()
		a.stale = random.IntN(4)
		faults := []fault{
			{errThrottled, false}, {errConflict, false}, {errTimeout, false}, {errTimeout, true},
			{errInconsistent, false}, {errDenied, false}, {errOther, true},
		}
		a.fault = func(int, call) fault {
			if random.IntN(5) > 0 {
				return fault{}
			}
			return faults[random.IntN(len(faults))]
		}
		tries := 0
		for {
			_, err := Apply(t.Context(), a.resources(), a.options())
			if err == nil {
				break
			}
			if _, ok := errors.AsType[*StepError](err); !ok {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if tries++; tries > 200 {
				t.Fatalf("seed %d: no apply completes: %v", seed, err)
			}
		}
		a.settled(t)
	}
}

// What was written shows only after a while.
func TestApplyWaitsUntilWritesShow(t *testing.T) {
	for name, start := range starts() {
		t.Run(name, func(t *testing.T) {
			once := start()
			calls(t, once, Apply)
			a := start()
			a.stale = 3
			if _, err := Apply(t.Context(), a.resources(), a.options()); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(a.writes(), once.writes()) {
				t.Errorf("writes are %q, want each once: %q", a.writes(), once.writes())
			}
			if len(a.waits) == 0 || !strings.Contains(a.waits[0].Why, "does not show yet") {
				t.Errorf("waits are %v", a.waits)
			}
			a.settled(t)
		})
	}
}

func TestApplyOfWhatNeverShows(t *testing.T) {
	a := newAccount()
	r := a.resource("key", func() State { return State{"rotation": true} }, nil)
	_, err := Apply(t.Context(), []Resource{r}, a.options())
	if err == nil || !strings.Contains(err.Error(), "rotation") || a.waited != 2*time.Minute {
		t.Fatalf("after %s: %v", a.waited, err)
	}
	if want := []string{"key create"}; !slices.Equal(a.writes(), want) {
		t.Errorf("writes are %q", a.writes())
	}
}

// Backoff doubles, and starts again when something went well.
func TestWaits(t *testing.T) {
	a := newAccount()
	a.fault = func(n int, c call) fault {
		if c.write && n < 14 {
			return fault{err: errThrottled}
		}
		return fault{}
	}
	if _, err := Apply(t.Context(), a.resources(), a.options()); err != nil {
		t.Fatal(err)
	}
	var waits []string
	for _, step := range a.waits {
		waits = append(waits, step.String())
	}
	want := "1/4 key our-key: waiting %s: the service takes no more calls for now"
	for i, d := range []string{"1s", "2s", "4s", "8s"} {
		if i >= len(waits) || waits[i] != fmt.Sprintf(want, d) {
			t.Fatalf("waits are %q", waits)
		}
	}
}

func TestPace(t *testing.T) {
	a := newAccount()
	var at []time.Time
	a.fault = func(_ int, c call) fault {
		if c.write && c.kind == "trail" {
			at = append(at, a.now)
		}
		return fault{}
	}
	if _, err := Apply(t.Context(), a.resources(), a.options()); err != nil {
		t.Fatal(err)
	}
	if len(at) != 2 || at[1].Sub(at[0]) < time.Second {
		t.Errorf("writes at %v", at)
	}
}

// A hint of a resource's own error is worth more than a general one.
func TestHintOfTheCause(t *testing.T) {
	a := newAccount()
	r := a.resource("trail", func() State { return State{} }, nil)
	r.Create = func(context.Context) error { return outcome.WithHint(errInconsistent, "look at the role") }
	_, err := Apply(t.Context(), []Resource{r}, a.options())
	if outcome.Hint(err) != "look at the role" || a.waited != 2*time.Minute {
		t.Errorf("after %s: %v, hint %q", a.waited, err, outcome.Hint(err))
	}
}
