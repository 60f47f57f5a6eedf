package lake

import (
	"context"
	"crypto/sha256"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Holding returns those of the parts that may hold an event with one of the ids,
// in their order. It asks the lists of identities, with a few small reads for each
// part. A part whose list cannot prove that the events are elsewhere may hold them:
// one without checksums, damaged, missing, or of another number of events.
func (l *Lake) Holding(ctx context.Context, parts []Part, ids []string) ([]Part, error) {
	wanted := make([][16]byte, len(ids))
	for i, id := range ids {
		wanted[i] = idOf([]byte(id))
	}
	holds := make([]bool, len(parts))
	var next atomic.Int64
	var group errgroup.Group
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < int64(len(parts)); i = next.Add(1) - 1 {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				holds[i] = l.mayHold(ctx, parts[i], wanted)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var found []Part
	for i, p := range parts {
		if holds[i] {
			found = append(found, p)
		}
	}
	return found, nil
}

// mayHold reports whether a part's list has one of the identities, or cannot be
// relied on.
func (l *Lake) mayHold(ctx context.Context, p Part, wanted [][16]byte) bool {
	list, err := openIDs(ctx, stored{l.store, idsPath(p.Name)})
	if err != nil {
		return true
	}
	defer list.f.Close() // only read
	if list.sums == 0 || list.count() != p.Rows {
		return true
	}
	return slices.ContainsFunc(wanted, func(id [16]byte) bool {
		for section := range list.sections {
			found := false
			err := list.find(section, id, func(Identity) { found = true })
			if found || err != nil {
				return true
			}
		}
		return false
	})
}

// idOf returns the ID of an event in its identity: the sixteen bytes of a UUID in
// either case, and a digest of any other text.
func idOf(text []byte) (id [16]byte) {
	if !parseUUID(&id, text) {
		sum := sha256.Sum256(text)
		copy(id[:], sum[:])
	}
	return id
}
