package proof

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/archive"
)

// known are the digests that a log of anchors has.
type known []string

func (k known) Has(_, object string) bool { return slices.Contains(k, object) }

// parse reads chains as text: digests by name in order, separated by spaces. A name
// with ":x,y" lists log files; after "|" a chain starts again.
func parse(texts ...string) map[chainID][]*link {
	chains := map[chainID][]*link{}
	for i, text := range texts {
		id := chainID{trail: fmt.Sprint(i), backfill: strings.HasPrefix(text, "backfill ")}
		previous := ""
		for word := range strings.FieldsSeq(strings.TrimPrefix(text, "backfill ")) {
			if word == "|" {
				previous = ""
				continue
			}
			name, logs, _ := strings.Cut(word, ":")
			n := &link{object: archive.Object{Key: name}, path: name, previous: previous}
			if logs != "" {
				n.lists = strings.Split(logs, ",")
			}
			chains[id] = append(chains[id], n)
			previous = name
		}
	}
	return chains
}

func TestChoose(t *testing.T) {
	for _, test := range []struct {
		name    string
		chains  []string
		wanted  string
		anchors Anchors
		chosen  string // or the error
	}{
		{"to the newest", []string{"a b:x c d"}, "x", nil, "b c d"},
		{"the newest itself", []string{"a b:x"}, "x", nil, "b"},
		{"two log files", []string{"a b:x c:y d"}, "x y", nil, "b c d"},
		{"no further than a new start", []string{"a:x b | c d"}, "x", nil, "a b"},
		{"the first trail that lists it", []string{"a:x b", "c:x d"}, "x", nil, "a b"},
		{"of two trails what each lists", []string{"a:x b", "c:x,y d"}, "x y", nil, "a b c d"},
		{"backfill for what no other lists", []string{"backfill q:x,y r", "a:x b"}, "x y", nil, "a b q r"},
		{"to the first anchor", []string{"a b:x c d e"}, "x", known{"d", "e"}, "b c d"},
		{"anchored itself", []string{"a b:x c"}, "x", known{"b"}, "b"},
		{"anchor of two", []string{"a:x b c:y d e"}, "x y", known{"b", "d"}, "a b c d"},
		{"anchor of another trail", []string{"a:x b", "c:x d"}, "x", known{"d"}, "c d"},
		{"anchor before", []string{"a b:x c"}, "x", known{"a"}, "no digest that follows it is in the log of anchors"},
		{"anchor beyond a new start", []string{"a:x b | c d"}, "x", known{"d"}, "no digest that follows it is in the log of anchors"},
		{"in no digest", []string{"a b"}, "x", nil, `"x": no digest in the archive lists it`},
		{"no digests", nil, "x", nil, `"x": no digest in the archive lists it`},
	} {
		t.Run(test.name, func(t *testing.T) {
			wanted := map[string]bool{}
			for word := range strings.FieldsSeq(test.wanted) {
				wanted[word] = true
			}
			chosen, err := choose(parse(test.chains...), wanted, test.anchors)
			if err != nil {
				if !strings.Contains(err.Error(), test.chosen) {
					t.Errorf("%v, want %s", err, test.chosen)
				}
				return
			}
			var names []string
			for _, o := range chosen {
				names = append(names, o.Key)
			}
			if got := strings.Join(names, " "); got != test.chosen {
				t.Errorf("chose %q, want %q", got, test.chosen)
			}
		})
	}
}
