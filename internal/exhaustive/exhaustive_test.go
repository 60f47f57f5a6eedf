package exhaustive_test

import (
	"testing"

	"github.com/cerpac/trailkeeper/internal/exhaustive"
)

func TestOr(t *testing.T) {
	for value, want := range map[string]int{"": 3, "1": 300} {
		t.Setenv(exhaustive.Variable, value)
		if got := exhaustive.Or(3, 300); got != want || exhaustive.Wanted() != (want == 300) {
			t.Errorf("%s=%q: %d, want %d", exhaustive.Variable, value, got, want)
		}
	}
}
