package resources

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// leftover is a resource that this configuration does not want, but an earlier one may
// have. It is deleted if it was made for this trail. Others, and adopted ones, are left
// out of the plan. inside notes what is deleted with it.
func leftover(r converge.Resource, inside string) converge.Resource {
	r.Unwanted = true
	read := r.Read
	r.Read = func(ctx context.Context) (converge.Actual, error) {
		now, err := read(ctx)
		if noService(err) || err == nil && (!now.Owned || now.Adopted) {
			return converge.Actual{}, nil
		}
		now.Note = cmp.Or(inside, now.Note)
		return now, err
	}
	return r
}

// noService reports whether the Region has no endpoint of the service, so nothing can
// be left over.
func noService(err error) bool {
	unresolved, ok := errors.AsType[*net.DNSError](err)
	return ok && unresolved.IsNotFound
}

// leftoverList is leftover for several resources of one kind. find returns the names of
// those that were made for this trail.
func leftoverList(kind, name string, find func(context.Context) ([]string, error), remove func(context.Context, string) error) converge.Resource {
	var names []string
	return leftover(converge.Resource{
		Kind: kind, Name: name,
		Read: func(ctx context.Context) (_ converge.Actual, err error) {
			names, err = find(ctx)
			return converge.Actual{Exists: len(names) > 0, Owned: true, Note: strings.Join(names, ", ")}, err
		},
		Delete: func(ctx context.Context) error {
			for _, name := range names {
				if err := remove(ctx, name); err != nil {
					return err
				}
			}
			return nil
		},
	}, "")
}
