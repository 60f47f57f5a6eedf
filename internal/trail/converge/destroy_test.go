package converge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

func TestDestroy(t *testing.T) {
	a := deployed(t)
	result, err := Destroy(t.Context(), a.resources(), a.options())
	if err != nil || len(a.things) > 0 {
		t.Fatalf("destroy leaves %v: %v", a.things, err)
	}
	sameActions(t, result.Plan, Gone, Delete, Delete, Delete, Delete)
	want := []string{"deleted trail our-trail", "deleted role our-role", "deleted bucket our-bucket", "deleted key our-key"}
	if !slices.Equal(result.Done, want) {
		t.Errorf("done is %q", result.Done)
	}
	before := len(a.writes())
	if result, err = Destroy(t.Context(), a.resources(), a.options()); err != nil || !result.Plan.Empty() || len(a.writes()) > before {
		t.Errorf("destroy of nothing: %v, %v", result, err)
	}
	sameActions(t, result.Plan, Gone, Gone, Gone, Gone, Gone)
}

func TestDestroyWithOneFault(t *testing.T) {
	for name, d := range disturbances() {
		t.Run(name, func(t *testing.T) {
			for n := range calls(t, deployed(t), Destroy) {
				a := deployed(t)
				var hit call
				a.fault = func(i int, c call) fault {
					if i != n {
						return fault{}
					}
					hit = c
					return d.fault
				}
				_, err := Destroy(t.Context(), a.resources(), a.options())
				passes := d.passes && (hit.write || !errors.Is(d.err, errInconsistent))
				if passes != (err == nil) {
					t.Fatalf("fault at call %d, %s: destroy ends with %v", n, hit, err)
				}
				if step, ok := errors.AsType[*StepError](err); err != nil && (!ok || step.Call != hit.name) {
					t.Errorf("the error at %s is %v", hit, err)
				}
				a.fault = nil
				if _, err := Destroy(t.Context(), a.resources(), a.options()); err != nil || len(a.things) > 0 {
					t.Fatalf("after a fault at %s, destroy leaves %v: %v", hit, a.things, err)
				}
			}
		})
	}
}

func TestDestroyWaitsUntilItShows(t *testing.T) {
	a := deployed(t)
	a.stale = 3
	if _, err := Destroy(t.Context(), a.resources(), a.options()); err != nil || len(a.writes()) != 4 {
		t.Errorf("the writes are %q: %v", a.writes(), err)
	}
	a = deployed(t)
	a.stale = 100
	_, err := Destroy(t.Context(), a.resources(), a.options())
	if err == nil || !strings.Contains(err.Error(), "read trail our-trail: after 2m0s still: it was deleted, which does not show yet") {
		t.Errorf("what never shows: %v", err)
	}
}

// What stays does not keep the rest from being deleted, and each says why.
func TestWhatStays(t *testing.T) {
	a := deployed(t)
	a.things["role"][ownerField] = "them"
	resources := a.resources()
	resources[0].Delete, resources[0].Stays = nil, "logs are encrypted with it"
	resources[1].Keep = func(context.Context) (string, error) { return "3 log files in it", nil }
	result, err := Destroy(t.Context(), resources, a.options())
	if err != nil {
		t.Fatal(err)
	}
	sameActions(t, result.Plan, Gone, Delete, Keep, Keep, Keep)
	want := []string{"role our-role: " + notOurs, "bucket our-bucket: 3 log files in it", "key our-key: logs are encrypted with it"}
	if !slices.Equal(result.Stays, want) || len(a.things) != 3 {
		t.Errorf("%q stays, and %v is there", result.Stays, a.things)
	}
}

// A resource may have to stay only when it comes to it.
func TestWhatTurnsOutToStay(t *testing.T) {
	deletions := map[string]func(a *account, r *Resource){
		"an error of delete": func(_ *account, r *Resource) {
			r.Delete = func(context.Context) error { return Stay("it is locked until 2027") }
		},
		"a reason that came meanwhile": func(a *account, r *Resource) {
			r.Keep = func(context.Context) (string, error) {
				if a.things["role"] == nil {
					return "it is locked until 2027", nil
				}
				return "", nil
			}
		},
	}
	for name, change := range deletions {
		t.Run(name, func(t *testing.T) {
			a := deployed(t)
			resources := a.resources()
			change(a, &resources[1])
			result, err := Destroy(t.Context(), resources, a.options())
			if err != nil {
				t.Fatal(err)
			}
			sameActions(t, result.Plan, Gone, Delete, Delete, Delete, Delete)
			if want := []string{"bucket our-bucket: it is locked until 2027"}; !slices.Equal(result.Stays, want) || len(a.things) != 1 {
				t.Errorf("%q stays, and %v is there", result.Stays, a.things)
			}
		})
	}
}

// What a plan said would stay is not deleted, whatever comes.
func TestAReasonThatGoesAway(t *testing.T) {
	a := deployed(t)
	resources := a.resources()
	asked := 0
	resources[0].Keep = func(context.Context) (string, error) {
		if asked++; asked > 1 {
			return "", nil
		}
		return "logs are encrypted with it", nil
	}
	if _, err := Destroy(t.Context(), resources, a.options()); err != nil || a.things["key"] == nil {
		t.Errorf("the key is deleted: %v", err)
	}
}

func TestKeepThatCannotTell(t *testing.T) {
	a := deployed(t)
	resources := a.resources()
	resources[3].Keep = func(context.Context) (string, error) { return "", errDenied }
	_, err := Destroy(t.Context(), resources, a.options())
	if !errors.Is(err, errDenied) || !strings.Contains(outcome.Hint(err), "fake:Right") || len(a.writes()) > 0 {
		t.Errorf("destroy writes %q: %v, hint %q", a.writes(), err, outcome.Hint(err))
	}
}
