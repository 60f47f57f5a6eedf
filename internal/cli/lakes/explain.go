// Package lakes is what verbs that read a lake say about it: what its errors
// mean, what is missing from an answer, and why there is none.
package lakes

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/outcome"
)

// Explain adds hints to errors of opening, reading or writing a lake.
func Explain(err error) error {
	if outcome.Hint(err) != "" {
		return err // an error of the archive, which has its own advice
	}
	if hint := lakeHint(err); hint != "" {
		return outcome.CouldNotLook(outcome.WithHint(err, hint))
	}
	return err
}

// anewHint is the hint for a lake that cannot be repaired from its own data.
const anewHint = "; or ingest the archive into a new --lake, which gives the same events"

// lakeHint returns the hint for an error of a lake, or "" for other errors.
func lakeHint(err error) string {
	if hint := lakeStateHint(err); hint != "" {
		return hint
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free some space; the lake is whole, as the last commit left it"
	case errors.Is(err, syscall.EROFS):
		return "the file system is read-only: ingest into a --lake elsewhere; query, lookup and export only read"
	case errors.Is(err, fs.ErrPermission):
		return "this user may not use the file: see its owner and mode, and those of the folders above it; ingest --mode says who may read a new lake"
	case errors.Is(err, syscall.ENOTDIR):
		return "a file stands where a folder should be: name the folder of a lake with --lake"
	}
	return ""
}

// lakeStateHint is lakeHint for the error types of package lake.
func lakeStateHint(err error) string {
	if _, ok := errors.AsType[*lake.VersionError](err); ok {
		return "use a newer trailkeeper, or another --lake"
	}
	if _, ok := errors.AsType[*lake.NotFoundError](err); ok {
		return "make one with: trailkeeper ingest --archive PATH --lake DIR"
	}
	if _, ok := errors.AsType[*lake.LockedError](err); ok {
		return "wait until it has ended, or use another --lake"
	}
	if _, ok := errors.AsType[*lake.ManifestError](err); ok {
		return "nothing is known of what the lake holds: restore _trailkeeper/manifest.json from a copy of the whole lake" + anewHint
	}
	if _, ok := errors.AsType[*lake.PartError](err); ok {
		return "what was committed is kept, and damaged parts stay as they are: trailkeeper lake check names all that is damaged"
	}
	if missing, ok := errors.AsType[*lake.MissingError](err); ok {
		return "the lake is not whole without this " + missing.What + ": restore it from a copy" + anewHint
	}
	if _, ok := errors.AsType[*lake.DamagedError](err); ok {
		return "nothing was concluded from the damaged file: restore it from a copy" + anewHint
	}
	return ""
}
