package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/detect"
)

func TestScore(t *testing.T) {
	truth, err := detect.ReadTruth(strings.NewReader(`{"event_id":"000001-CreateUser-ann","attack":"backdoor"}
{"event_id":"000002-Other-ann","attack":"backdoor","step":"x"}

{"event_id":"000003-Quiet-ann","attack":"quiet"}
`))
	if err != nil {
		t.Fatal(err)
	}
	found := findings(t, load(t, rules), at(1, "CreateUser", "ann"), at(2, "Other", "ann"), at(3, "Quiet", "ann"), at(9, "CreateUser", "bob"), at(10, "Fail", "bob"))
	score, err := truth.Judge(found)
	if got := fmt.Sprint(score, err); got != "{[{created high 2 1} {failed medium 1 0}] [{backdoor 2 1 high} {quiet 1 0 severity 0}]} <nil>" {
		t.Error(got)
	}
	if _, err := truth.Judge(found[1:2]); err == nil {
		t.Error("a truth about other events: no error")
	}
	for _, text := range []string{"", "{}", "x", `{"event_id":"a"}`, "\n\n"} {
		if _, err := detect.ReadTruth(strings.NewReader(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
