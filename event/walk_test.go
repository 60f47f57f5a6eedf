package event_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/recordtest"
)

// Leaves are what the standard library's tokens have besides brackets and names.
func TestLeaves(t *testing.T) {
	recordtest.Rounds(t, 20, func(t *testing.T, random *rand.Rand) {
		for n := range 50 {
			var r event.Record
			if _, err := r.Decode([]byte(recordtest.Record(random, n))); err != nil {
				t.Fatal(err)
			}
			for f := range event.Field(event.NumFields) {
				v := r.Get(f)
				var got []string
				v.Leaves(func(leaf event.Value) bool {
					got = append(got, string(leaf.Raw))
					return true
				})
				if want := leaves(t, v.Raw); !slices.Equal(got, want) {
					t.Fatalf("leaves of %s are %q, want %q", v.Raw, got, want)
				}
			}
		}
	})
}

// leaves reads values with the standard library, which knows names from values.
func leaves(t *testing.T, raw json.RawMessage) (found []string) {
	t.Helper()
	switch {
	case len(raw) == 0:
	case raw[0] == '[':
		var elements []json.RawMessage
		if err := json.Unmarshal(raw, &elements); err != nil {
			t.Fatal(err)
		}
		for _, element := range elements {
			found = append(found, leaves(t, element)...)
		}
	case raw[0] == '{':
		d := json.NewDecoder(strings.NewReader(string(raw)))
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		for d.More() {
			var member json.RawMessage
			if _, err := d.Token(); err != nil {
				t.Fatal(err)
			}
			if err := d.Decode(&member); err != nil {
				t.Fatal(err)
			}
			found = append(found, leaves(t, member)...)
		}
	default:
		found = append(found, string(raw))
	}
	return found
}

func TestLeavesEndEarly(t *testing.T) {
	var r event.Record
	if _, err := r.Decode([]byte(`{"requestParameters":{"a":[1,{"b":"x"}],"c":null}}`)); err != nil {
		t.Fatal(err)
	}
	n := 0
	r.Get(event.RequestParameters).Leaves(func(event.Value) bool { n++; return n < 2 })
	if n != 2 {
		t.Errorf("%d leaves", n)
	}
}
