package resources_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
)

// fault is what goes wrong with a call.
type fault struct {
	name   string
	answer func(w http.ResponseWriter, r *http.Request, inside http.Handler)
}

func faults() []fault {
	return []fault{
		{"throttled", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			if strings.Contains(r.Header.Get("Authorization"), "/s3/") {
				refuse(w, r, "SlowDown", http.StatusServiceUnavailable)
				return
			}
			refuse(w, r, "Throttling", http.StatusBadRequest)
		}},
		{"denied", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			refuse(w, r, "AccessDenied", http.StatusForbidden)
		}},
		{"answer lost", func(w http.ResponseWriter, r *http.Request, inside http.Handler) {
			inside.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}},
	}
}

// refuse answers with an error that SDKs read in every protocol.
func refuse(w http.ResponseWriter, r *http.Request, code string, status int) {
	w.Header().Set("X-Amzn-Errortype", code)
	w.Header().Set("X-Amzn-Query-Error", code+";Sender")
	if r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
		body, err := cbor.Marshal(map[string]string{"__type": code, "message": "injected"})
		if err != nil {
			panic(err)
		}
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		w.WriteHeader(status)
		w.Write(body)
		return
	}
	json := strings.Contains(r.Header.Get("Content-Type"), "json") ||
		strings.Contains(r.Header.Get("Authorization"), "/guardduty/") || strings.Contains(r.Header.Get("Authorization"), "/securityhub/")
	if json {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type":%q,"message":"injected"}`, code)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	if strings.Contains(r.Header.Get("Authorization"), "/s3/") {
		fmt.Fprintf(w, `<Error><Code>%s</Code><Message>injected</Message></Error>`, code)
		return
	}
	fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>injected</Message></Error></ErrorResponse>`, code)
}

// breaker counts calls, and from one of them on lets a number of them go wrong.
type breaker struct {
	mu          sync.Mutex
	calls       int
	first, last int // calls that go wrong, from 1
	fault       fault
}

func (b *breaker) wrap(inside http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.calls++
		broken := b.calls >= b.first && b.calls <= b.last
		b.mu.Unlock()
		if broken {
			b.fault.answer(w, r, inside)
			return
		}
		inside.ServeHTTP(w, r)
	})
}

// Whatever goes wrong with whichever call of an apply, it goes well in the end or says
// what is wrong; then the next apply goes on, and leaves nothing to do. Every call in
// turn takes long: that is for the exhaustive tests, and TRAILKEEPER_FAULTS=everything
// for a trail with all parts.
func TestFaultsAtEveryCall(t *testing.T) {
	spec, step := plain("fault"), exhaustive.Or(29, 1)
	if os.Getenv("TRAILKEEPER_FAULTS") == "everything" {
		spec, step = full("fault"), 7
	}
	box := deploytest.Open(t)
	count := &breaker{}
	applyBroken(t, box, spec, count)
	box.Destroy(t, spec)
	if count.calls < 30 {
		t.Fatalf("an apply makes only %d calls", count.calls)
	}
	first := 0
	for _, f := range faults() {
		for _, end := range []int{0, math.MaxInt} { // one call, or all from then on
			first++
			for n := 1 + first%step; n <= count.calls; n += step {
				t.Run(fmt.Sprintf("%s/%d/%t", f.name, n, end > 0), func(t *testing.T) {
					survive(t, box, spec, &breaker{first: n, last: max(n, end), fault: f})
				})
			}
		}
	}
}

func applyBroken(t *testing.T, box *deploytest.Box, spec trail.Spec, b *breaker) error {
	t.Helper()
	set := box.Set(t, spec)
	box.Tap(b.wrap)
	defer box.Tap(nil)
	_, err := converge.Apply(t.Context(), set.All(), deploytest.Options())
	return err
}

func survive(t *testing.T, box *deploytest.Box, spec trail.Spec, broken *breaker) {
	err := applyBroken(t, box, spec, broken)
	switch {
	case err == nil && broken.last == math.MaxInt:
		t.Error("apply ignores that nothing works any more")
	case err == nil:
	case broken.fault.name != "denied" && broken.last == broken.first:
		t.Errorf("one fault that passes is not lived through: %v", err)
	case outcome.Hint(err) == "":
		t.Errorf("no hint with %v", err)
	case broken.fault.name == "denied" && !strings.Contains(outcome.Hint(err), "the caller") &&
		!strings.Contains(outcome.Hint(err), "bucket_name"): // S3 forbids what is another account's, too
		t.Errorf("%v\nhint: %s", err, outcome.Hint(err))
	}
	box.Apply(t, spec)
	mustBeEmpty(t, box, spec)
	box.Destroy(t, spec)
	for _, change := range box.Plan(t, spec).Changes() {
		if !slices.Contains([]converge.Action{converge.Create, converge.None, converge.Gone}, change.Action) {
			t.Errorf("after destroy, the plan is to %s %s %s: %s", change.Action, change.Kind, change.Name, change.Note)
		}
	}
}
