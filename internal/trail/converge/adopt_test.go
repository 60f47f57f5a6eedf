package converge

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// adoptable are the account's resources as those that AWS has: what was there before
// gets another mark than what was made.
func (a *account) adoptable() []Resource {
	list := a.resources()
	for i, r := range list {
		read, parts := r.Read, slices.Clone(r.Parts)
		list[i].Read = func(ctx context.Context) (Actual, error) {
			now, err := read(ctx)
			if a.things[r.Kind] != nil && a.things[r.Kind][ownerField] == "us, adopted" {
				now.Owned, now.Adopted = true, true
			}
			return now, err
		}
		for j, part := range parts {
			parts[j].Write = func(ctx context.Context, now Actual) error {
				before := a.things[r.Kind][ownerField]
				err := part.Write(ctx, now)
				if state := a.things[r.Kind]; state != nil && before != "us" {
					state[ownerField] = "us, adopted"
				}
				return err
			}
		}
		list[i].Parts = parts
	}
	return list
}

// Destroy keeps adopted resources, and says so; apply still changes them.
func TestAdoptedIsLeft(t *testing.T) {
	a := newAccount()
	a.things["bucket"] = State{"id": "theirs"}
	o := a.options()
	o.Adopt = true
	if _, err := Apply(t.Context(), a.adoptable(), o); err != nil {
		t.Fatal(err)
	}
	a.things["bucket"]["versioning"] = "Suspended"
	if result, err := Apply(t.Context(), a.adoptable(), a.options()); err != nil || len(result.Done) != 1 {
		t.Errorf("apply after the adoption did %q: %v", result.Done, err)
	}
	result, err := Destroy(t.Context(), a.adoptable(), a.options())
	if err != nil || !slices.Equal(result.Stays, []string{"bucket our-bucket: adopted: left in place"}) || len(a.things) != 1 {
		t.Errorf("destroy leaves %q, and there is %v: %v", result.Stays, a.things, err)
	}
}

// What must not be taken over is refused with its own hint, whether or not adopt is on.
func TestUnadoptable(t *testing.T) {
	for _, adopts := range []bool{false, true} {
		a := newAccount()
		a.things["key"] = State{"id": "theirs"}
		resources := a.resources()
		read := resources[0].Read
		resources[0].Read = func(ctx context.Context) (Actual, error) {
			now, err := read(ctx)
			now.Unadoptable = outcome.WithHint(errors.New("others use it"), "use another")
			return now, err
		}
		o := a.options()
		o.Adopt = adopts
		_, err := Apply(t.Context(), resources, o)
		if err == nil || outcome.Hint(err) != "use another" || adopts != strings.Contains(err.Error(), "others use it") || len(a.writes()) > 0 {
			t.Errorf("adopt %t: %v, hint %q, writes %q", adopts, err, outcome.Hint(err), a.writes())
		}
	}
}

// Something that was made by others between plan and create is not taken for ours,
// though create succeeded, as it does where it is not asked whether it made anything.
func TestMadeByOthersMeanwhile(t *testing.T) {
	for _, adopts := range []bool{false, true} {
		a := newAccount()
		resources := a.resources()
		resources[1].Create = func(context.Context) error {
			a.things["bucket"] = State{"id": "theirs"}
			return nil
		}
		o := a.options()
		o.Adopt = adopts
		_, err := Apply(t.Context(), resources, o)
		if err == nil || !strings.Contains(err.Error(), notOurs) || a.things["bucket"][ownerField] != nil || len(a.things["bucket"]) != 1 {
			t.Errorf("adopt %t: the bucket is %v: %v", adopts, a.things["bucket"], err)
		}
	}
}

// No sequence of applies, adoptions and destroys, whatever fails in them and whoever takes
// marks away, deletes a thing that was there before.
func TestNothingThatWasThereIsDeleted(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		a := newAccount()
		kinds := []string{"key", "bucket", "role", "trail", "alarm"}
		for _, kind := range kinds {
			if r.IntN(2) == 0 {
				a.things[kind] = State{"id": "theirs"}
			}
		}
		for step := range 1 + r.IntN(10) {
			before := clone(State{})
			for kind, state := range a.things {
				before[kind] = state["id"]
			}
			what := a.something(t, r)
			for kind, id := range before {
				if state := a.things[kind]; id == "theirs" && (state == nil || state["id"] != "theirs") {
					t.Fatalf("seed %d: step %d, %s, deletes a %s that was there before", seed, step, what, kind)
				}
			}
		}
	}
}

// something happens to the account.
func (a *account) something(t *testing.T, r *rand.Rand) string {
	t.Helper()
	a.fault, a.stale = nil, 0
	if r.IntN(3) == 0 {
		n := len(a.calls) + r.IntN(20)
		kind := []fault{{err: errOther}, {err: errTimeout}, {err: errTimeout, done: true}, {err: errDenied}}[r.IntN(4)]
		a.fault = func(i int, _ call) fault {
			if i == n {
				return kind
			}
			return fault{}
		}
	}
	o := a.options()
	what := []string{"apply", "adopt", "destroy", "a thief"}[r.IntN(4)]
	switch what {
	case "adopt":
		o.Adopt = true
		fallthrough
	case "apply":
		_, _ = Apply(t.Context(), a.adoptable(), o) // what fails is not the question
	case "destroy":
		_, _ = Destroy(t.Context(), a.adoptable(), o)
	default:
		for kind := range a.things {
			if r.IntN(2) == 0 {
				delete(a.things[kind], ownerField)
			}
		}
	}
	return what
}
