// Package providertest makes the calls of Terraform's AWS provider to an endpoint and tests the answers as the provider does.
//
// The calls are data: transcripts of what hashicorp/terraform-provider-aws 6, and 5.30
// where it differs, sends when it applies, plans, changes and destroys a configuration
// with every resource that a trail needs, with the answers that it has to get. So an
// endpoint that passes can be applied to, gives an empty second plan and can be
// destroyed, with a provider that is not at hand here. testdata/provider/README.md says
// what the provider does for each resource, and how transcripts are written.
package providertest

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"testing"
)

//go:embed testdata/provider/*.json
var transcripts embed.FS

// block is calls for one resource, made so many times one after the other.
type block struct {
	Resource string
	Times    int
	Steps    []step
}

// step is a call and the answer that it has to get.
type step struct {
	Request request
	Want    answer
	// Wait says that the provider calls again until the answer is as wanted. It takes
	// an error for one that passes only if its code or status is in Again.
	Wait  bool
	Again []string
	// Empty names a bucket that the provider empties, if it is not empty, before it
	// calls again.
	Empty string
}

// Run replays all transcripts, in order. The calls for resources of the types in
// without are left out. It needs an endpoint without these resources.
func Run(t *testing.T, endpoint string, without ...string) {
	names, err := fs.Glob(transcripts, "testdata/provider/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no transcripts: %v", err)
	}
	r := newReplay(t, endpoint)
	for _, name := range names {
		blocks, err := read(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(path.Base(name), func(t *testing.T) {
			for i, b := range blocks {
				if slices.Contains(without, b.Resource) {
					continue
				}
				for range b.Times {
					for j, s := range b.Steps {
						if err := r.play(t.Context(), s); err != nil {
							t.Errorf("block %d, step %d: %s: %s: %v", i, j, b.Resource, s.Request, err)
						}
					}
				}
			}
		})
	}
}

func read(name string) (blocks []block, err error) {
	text, err := transcripts.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &blocks)
	}
	if err != nil {
		return nil, fmt.Errorf("read transcript %q: %w", name, err)
	}
	return blocks, nil
}
