package converge

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/policy"
)

// deployed is an account with all as it should be.
func deployed(t *testing.T) *account {
	t.Helper()
	a := newAccount()
	a.apply(t)
	a.calls = nil
	return a
}

// others are other values of the same type, and of none.
func others(value any) []any {
	switch value := value.(type) {
	case bool:
		return []any{!value, nil}
	case int:
		return []any{value + 1, nil}
	case float64:
		return []any{value * 2, nil}
	case string:
		return []any{value + "x", "", nil}
	case []string:
		return []any{slices.Concat(value[1:], value[:1]), value[1:], nil}
	case Set:
		return []any{value[1:], append(Set{"z"}, value...), nil}
	case map[string]string:
		return []any{map[string]string{"env": "prod"}, map[string]string{"env": "test", "more": "1"}, nil}
	case policy.Document:
		return []any{document("*"), policy.New(), "no policy", nil}
	}
	return []any{"there"} // what must not be
}

func TestDriftOfEveryFieldIsSeenAndMended(t *testing.T) {
	cases := 0
	for i, r := range newAccount().resources() {
		a := deployed(t)
		if r.Unwanted {
			continue
		}
		want, _ := a.resources()[i].Want()
		for path, value := range want {
			for _, other := range others(value) {
				cases++
				a.calls = nil
				a.things[r.Kind][path] = other
				p, err := PlanApply(t.Context(), a.resources(), a.options())
				if err != nil {
					t.Fatal(err)
				}
				if got := p.Changes()[i]; p.Empty() || got.Action != Update || !reflect.DeepEqual(got.Fields, []FieldChange{{path, other, value}}) {
					t.Errorf("%s of %s is %v: the plan is %+v", path, r.Kind, other, got)
				}
				a.apply(t)
				if len(a.writes()) != 1 {
					t.Errorf("%s of %s is mended by %q", path, r.Kind, a.writes())
				}
			}
		}
	}
	if cases < 30 {
		t.Errorf("only %d cases", cases)
	}
}

func TestDriftBesideAWantedField(t *testing.T) {
	a := deployed(t)
	a.things["bucket"]["lifecycle.theirs"] = "1 day"
	a.things["bucket"]["lifecycles"] = "not below the prefix"
	a.things["bucket"]["region"] = "nobody asked"
	p, err := PlanApply(t.Context(), a.resources(), a.options())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Changes()[1].Fields, []FieldChange{{"lifecycle.theirs", "1 day", nil}}; !reflect.DeepEqual(got, want) {
		t.Errorf("fields are %v, want %v", got, want)
	}
	a.apply(t)
}

func TestSameMeaningIsNoDrift(t *testing.T) {
	a := deployed(t)
	bucket := a.things["bucket"]
	bucket["zones"] = Set{"y", "x", "y"}
	bucket["policy"] = policy.Document{Version: "2012-10-17", ID: "other", Statements: []policy.Statement{{
		Sid: "Other", Effect: policy.Allow, Principal: policy.Service("cloudtrail.amazonaws.com"),
		Action: policy.Values{"S3:putobject"}, Resource: policy.Values{"arn:aws:s3:::logs/AWSLogs/1/*"},
	}}}
	bucket["acl"] = Set{}
	p, err := PlanApply(t.Context(), a.resources(), a.options())
	if err != nil || !p.Empty() {
		t.Errorf("plan is %+v, %v", p, err)
	}
}

func TestMissingAndMadeUpValues(t *testing.T) {
	a := deployed(t)
	delete(a.things, "key")
	p, err := PlanApply(t.Context(), a.resources(), a.options())
	if err != nil {
		t.Fatal(err)
	}
	sameActions(t, p, Create, None, None, Update, Gone)
	if got, want := p.Changes()[3].Fields, []FieldChange{{"key", "key-1", Unknown{}}}; !reflect.DeepEqual(got, want) {
		t.Errorf("fields are %v, want %v", got, want)
	}
	a.apply(t)
}

// stranger is an account with a foreign bucket that has our name.
func stranger(t *testing.T) *account {
	a := deployed(t)
	a.things["bucket"] = State{ownerField: "them", "versioning": "Suspended"}
	delete(a.things, "role")
	return a
}

func TestWhatIsUnwanted(t *testing.T) {
	a := deployed(t)
	a.things["alarm"] = State{ownerField: "them"}
	result, err := Apply(t.Context(), a.resources(), a.options())
	if want := []string{"alarm our-alarm: " + notOurs}; err != nil || !slices.Equal(result.Stays, want) || len(a.writes()) > 0 {
		t.Errorf("%q stays, with the writes %q: %v", result.Stays, a.writes(), err)
	}
	a.things["alarm"][ownerField] = "us"
	p, err := PlanApply(t.Context(), a.resources(), a.options())
	if err != nil || p.Empty() {
		t.Fatalf("plan is %+v: %v", p, err)
	}
	sameActions(t, p, None, None, None, None, Delete)
	a.apply(t)
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	a := stranger(t)
	p, err := PlanApply(t.Context(), a.resources(), a.options())
	if err != nil {
		t.Fatal(err)
	}
	sameActions(t, p, None, Refused, Create, None, Gone)
	result, err := Apply(t.Context(), a.resources(), a.options())
	if err == nil || !strings.Contains(err.Error(), "bucket our-bucket: it exists already") || outcome.Hint(err) != adopt {
		t.Errorf("apply: %v, hint %q", err, outcome.Hint(err))
	}
	if len(a.writes()) > 0 || len(result.Done) > 0 || p.Empty() {
		t.Errorf("a refused apply writes %q", a.writes())
	}
	if _, err = Destroy(t.Context(), a.resources(), a.options()); err != nil {
		t.Fatal(err)
	}
	if got := a.things["bucket"]; !maps.Equal(got, State{ownerField: "them", "versioning": "Suspended"}) {
		t.Errorf("what is not ours is %v after destroy", got)
	}
}

func TestAdopt(t *testing.T) {
	a := stranger(t)
	o := a.options()
	o.Adopt = true
	p, err := PlanApply(t.Context(), a.resources(), o)
	if err != nil {
		t.Fatal(err)
	}
	sameActions(t, p, None, Adopt, Create, None, Gone)
	if _, err := Apply(t.Context(), a.resources(), o); err != nil {
		t.Fatal(err)
	}
	a.settled(t)
}

func TestSharedIsUsedAndKept(t *testing.T) {
	a := stranger(t)
	shared := func() []Resource {
		resources := a.resources()
		read := resources[1].Read
		resources[1].Read = func(ctx context.Context) (Actual, error) {
			actual, err := read(ctx)
			if actual.Owned = false; actual.Exists {
				actual.Shared = "it was on before"
			}
			return actual, err
		}
		return resources
	}
	result, err := Apply(t.Context(), shared(), a.options())
	if err != nil {
		t.Fatal(err)
	}
	sameActions(t, result.Plan, None, Update, Create, None, Gone)
	if result, err = Destroy(t.Context(), shared(), a.options()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"bucket our-bucket: it was on before"}; !slices.Equal(result.Stays, want) || len(a.things) != 1 {
		t.Errorf("%q stays, and %v is there", result.Stays, a.things)
	}
}

// Somebody makes our bucket between the plan and the work.
func TestWhatIsNotOursAppearsLate(t *testing.T) {
	a := newAccount()
	a.fault = func(n int, c call) fault {
		if n == len(a.resources()) {
			a.things["bucket"] = State{ownerField: "them"}
		}
		return fault{}
	}
	_, err := Apply(t.Context(), a.resources(), a.options())
	if err == nil || !strings.Contains(err.Error(), notOurs) {
		t.Errorf("apply: %v", err)
	}
	if want := (State{ownerField: "them"}); !maps.Equal(a.things["bucket"], want) {
		t.Errorf("what is not ours is %v", a.things["bucket"])
	}
}

func TestWhatCannotBeDoneIsRefused(t *testing.T) {
	tests := map[string]struct {
		change func(*account, *Resource)
		want   string
	}{
		"a field that no part writes": {
			func(a *account, r *Resource) { r.Parts = r.Parts[:0]; a.things["role"]["trust"] = "all" },
			"trust of what is there cannot be changed",
		},
		"nothing makes it": {
			func(a *account, r *Resource) { r.Create = nil; delete(a.things, "role") },
			"it has to be there already",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := deployed(t)
			resources := a.resources()
			test.change(a, &resources[2])
			_, err := Apply(t.Context(), resources, a.options())
			if err == nil || !strings.Contains(err.Error(), test.want) || len(a.writes()) > 0 {
				t.Errorf("apply writes %q: %v", a.writes(), err)
			}
		})
	}
}

func TestWantsThatMakeNoSense(t *testing.T) {
	a := newAccount()
	tests := map[string]struct {
		want func() (State, error)
		text string
	}{
		"an error":              {func() (State, error) { return nil, errOther }, "plan key our-key: InvalidParameter"},
		"a type of no meaning":  {func() (State, error) { return State{"n": int32(1)}, nil }, `field "n": values of type int32 cannot be compared`},
		"an error with a hint":  {func() (State, error) { return nil, outcome.WithHint(errOther, "do this") }, "InvalidParameter"},
		"a pointer to a string": {func() (State, error) { return State{"n": new(string)}, nil }, "cannot be compared"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := a.resource("key", nil, nil)
			r.Want = test.want
			_, err := PlanApply(t.Context(), []Resource{r}, a.options())
			if err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("plan: %v", err)
			}
			if inner := errors.Unwrap(errors.Unwrap(err)); name == "an error with a hint" && (inner == nil || outcome.Hint(err) != "do this") {
				t.Errorf("the hint is %q", outcome.Hint(err))
			}
		})
	}
}
