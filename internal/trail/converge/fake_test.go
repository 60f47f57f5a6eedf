package converge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/policy"
)

// account is an account in memory, with what may go wrong in one.
type account struct {
	things map[string]State // by kind
	calls  []call
	// fault is asked before each call, and may be nil.
	fault func(n int, c call) fault
	// stale is how many reads still show what was before a write.
	stale   int
	shown   map[string][]State // what the next reads of a kind show
	now     time.Time
	waits   []Step
	waited  time.Duration
	onSleep func()
}

type call struct {
	kind, name string
	write      bool
}

func (c call) String() string { return c.kind + " " + c.name }

// fault is what happens to a call: an error, before or after it was carried out.
type fault struct {
	err  error
	done bool
}

var (
	errThrottled    = errors.New("rate exceeded")
	errDenied       = errors.New("AccessDenied")
	errConflict     = errors.New("ConflictException")
	errTimeout      = errors.New("no answer in time")
	errInconsistent = errors.New("access denied. Check the role")
	errOther        = errors.New("InvalidParameter")
	errMissing      = errors.New("NoSuchThing")
	errExisting     = errors.New("ThingAlreadyExists")
)

func classify(err error) Fault {
	for target, fault := range map[error]Fault{
		errThrottled: {Class: Throttled},
		errDenied:    {Class: Denied, Right: "fake:Right"},
		errConflict:  {Class: Conflict},
		errTimeout:   {Class: Uncertain},
		errMissing:   {Class: Missing},
		errExisting:  {Class: Existing},
	} {
		if errors.Is(err, target) {
			return fault
		}
	}
	return Fault{}
}

func newAccount() *account {
	return &account{things: map[string]State{}, shown: map[string][]State{}, now: time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC)}
}

func (a *account) options() Options {
	return Options{
		Now:      func() time.Time { return a.now },
		Classify: classify,
		Sleep: func(ctx context.Context, d time.Duration) error {
			if d <= 0 {
				panic("a wait of no time")
			}
			a.now = a.now.Add(d)
			a.waited += d
			if a.onSleep != nil {
				a.onSleep()
			}
			return ctx.Err()
		},
		Progress: func(s Step) {
			if s.Wait > 0 {
				a.waits = append(a.waits, s)
			}
		},
	}
}

// do is every call: it fails as the fault says, before or after it was carried out.
func (a *account) do(ctx context.Context, c call, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n := len(a.calls)
	a.calls = append(a.calls, c)
	var fails fault
	if a.fault != nil {
		fails = a.fault(n, c)
	}
	if fails.err != nil && !fails.done {
		return fails.err
	}
	if c.write {
		a.shown[c.kind] = slices.Repeat([]State{clone(a.things[c.kind])}, a.stale)
	}
	if err := f(); err != nil {
		return err
	}
	return fails.err
}

func (a *account) writes() []string {
	var writes []string
	for _, c := range a.calls {
		if c.write {
			writes = append(writes, c.String())
		}
	}
	return writes
}

func clone(s State) State {
	if s == nil {
		return nil
	}
	return maps.Clone(s)
}

const ownerField = "owner" // what stands for the tag

// resource has the parts that are given, each named for its fields. Create sets the
// fields in born, and the owner.
func (a *account) resource(kind string, want func() State, born []string, parts ...[]string) Resource {
	r := Resource{
		Kind: kind, Name: "our-" + kind,
		Want: func() (State, error) { return want(), nil },
		Read: func(ctx context.Context) (actual Actual, err error) {
			err = a.do(ctx, call{kind: kind, name: "read"}, func() error {
				state := a.things[kind]
				if shown := a.shown[kind]; len(shown) > 0 {
					state, a.shown[kind] = shown[0], shown[1:]
				}
				actual = Actual{Exists: state != nil, Owned: state[ownerField] == "us", State: clone(state)}
				delete(actual.State, ownerField)
				return nil
			})
			return actual, err
		},
		Create: func(ctx context.Context) error {
			return a.do(ctx, call{kind, "create", true}, func() error {
				if a.things[kind] != nil {
					return errExisting
				}
				state := State{ownerField: "us", "id": kind + "-1"}
				for _, path := range born {
					state[path] = want()[path]
				}
				a.things[kind] = state
				return nil
			})
		},
		Delete: func(ctx context.Context) error {
			return a.do(ctx, call{kind, "delete", true}, func() error {
				if a.things[kind] == nil {
					return errMissing
				}
				delete(a.things, kind)
				return nil
			})
		},
		Retry: func(err error) string {
			if errors.Is(err, errInconsistent) {
				return "the role is not known to " + kind + " yet"
			}
			return ""
		},
	}
	for _, fields := range parts {
		part := Part{Fields: fields, Call: fmt.Sprintf("fake:Put%s", fields[0])}
		part.Write = func(ctx context.Context, now Actual) error {
			return a.do(ctx, call{kind, part.Call, true}, func() error {
				state := a.things[kind]
				if state == nil {
					return errMissing
				}
				state[ownerField] = "us"
				for path := range state {
					if part.writes(path) {
						delete(state, path)
					}
				}
				for path, value := range want() {
					if part.writes(path) && value != nil {
						state[path] = value
					}
				}
				return nil
			})
		}
		r.Parts = append(r.Parts, part)
	}
	return r
}

func document(resource string) policy.Document {
	return policy.New(policy.Statement{
		Sid: "Write", Effect: policy.Allow, Principal: policy.Service("cloudtrail.amazonaws.com"),
		Action: policy.Values{"s3:PutObject"}, Resource: policy.Values{resource},
	})
}

// resources are an account's worth of them: one with an id that another one wants,
// one with all kinds of fields, one that is made with nothing and one with
// everything.
func (a *account) resources() []Resource {
	key := a.resource("key", func() State { return State{"rotation": true} }, nil, []string{"rotation"})
	bucket := a.resource("bucket", func() State {
		return State{
			"versioning": "Enabled", "days": 90, "ratio": 0.5, "acl": nil,
			"policy": document("arn:aws:s3:::logs/AWSLogs/1/*"), "tags": map[string]string{"env": "test"},
			"order": []string{"a", "b"}, "zones": Set{"x", "y"}, "lifecycle.retention": "90 days",
		}
	}, []string{"tags"}, []string{"versioning", "days", "ratio", "acl"}, []string{"policy"}, []string{"tags", "order", "zones"}, []string{"lifecycle."})
	role := a.resource("role", func() State { return State{"trust": "cloudtrail"} }, []string{"trust"}, []string{"trust"})
	trail := a.resource("trail", func() State {
		var key any = Unknown{}
		if made := a.things["key"]; made != nil {
			key = made["id"]
		}
		return State{"key": key, "logging": true}
	}, []string{"key"}, []string{"key"}, []string{"logging"})
	trail.Pace = time.Second
	alarm := a.resource("alarm", nil, nil)
	alarm.Unwanted = true
	return []Resource{key, bucket, role, trail, alarm}
}

// apply applies without faults, and checks that everything is as wanted then.
func (a *account) apply(t *testing.T) {
	t.Helper()
	a.fault = nil
	if _, err := Apply(t.Context(), a.resources(), a.options()); err != nil {
		t.Fatalf("apply without faults: %v", err)
	}
	a.settled(t)
}

// settled checks that nothing differs, and that another apply writes nothing.
func (a *account) settled(t *testing.T) {
	t.Helper()
	a.fault, a.shown = nil, map[string][]State{}
	for _, r := range a.resources() {
		if r.Unwanted {
			if a.things[r.Kind] != nil {
				t.Fatalf("%s is still there", r.Kind)
			}
			continue
		}
		want, _ := r.Want()
		fields, err := compare(want, a.things[r.Kind], r.Parts)
		if a.things[r.Kind] == nil || len(fields) > 0 || err != nil {
			t.Fatalf("%s is %v, which differs in %v, %v", r.Kind, a.things[r.Kind], fields, err)
		}
	}
	before := len(a.writes())
	result, err := Apply(t.Context(), a.resources(), a.options())
	if err != nil || !result.Plan.Empty() || len(result.Done) > 0 {
		t.Fatalf("apply of what is there: %+v, %v", result, err)
	}
	if again := a.writes()[before:]; len(again) > 0 {
		t.Fatalf("apply of what is there writes %v", again)
	}
}

// drifted is an account in which every field is wrong.
func drifted() *account {
	a := newAccount()
	for _, r := range a.resources() {
		a.things[r.Kind] = State{ownerField: "us", "id": r.Kind + "-1"}
	}
	a.things["bucket"]["lifecycle.other"] = "1 day"
	a.things["bucket"]["acl"] = "public-read"
	a.things["trail"]["key"] = "another"
	return a
}

func actionsOf(p *Plan) []Action {
	var actions []Action
	for _, change := range p.Changes() {
		actions = append(actions, change.Action)
	}
	return actions
}

func sameActions(t *testing.T, p *Plan, want ...Action) {
	t.Helper()
	if got := actionsOf(p); !slices.Equal(got, want) {
		t.Fatalf("actions are %v, want %v", got, want)
	}
}
