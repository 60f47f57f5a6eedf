package search_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/lookup"
	"github.com/cerpac/trailkeeper/internal/search"
)

// A lake opened for some ids finds of them what the whole lake finds.
func TestEventIDs(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var lines []string
	for n := range 200 {
		lines = append(lines, makeEvent(random, n).line)
	}
	whole := opened(t, lines, search.Options{})
	for _, wanted := range [][]string{{"e7"}, {"e0", "e199", "e100"}, {"E7"}, {"none"}} {
		filter := lookup.Filter{"EventId": wanted}
		narrow := reopened(t, search.Options{Store: folderstore.New(whole.Files().Dir, 0), EventIDs: wanted})
		if diff := cmp.Diff(found(t, whole, filter, nil, 0), found(t, narrow, filter, nil, 0)); diff != "" {
			t.Errorf("%v (-whole +narrow)\n%s", wanted, diff)
		}
		if first, last := narrow.Span(); first.IsZero() || last.Before(first) {
			t.Errorf("%v: the lake is from %s to %s", wanted, first, last)
		}
		if diff := cmp.Diff(fmt.Sprint(whole.Damaged()), fmt.Sprint(narrow.Damaged())); diff != "" {
			t.Error(diff)
		}
	}
}
