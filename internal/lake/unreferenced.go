package lake

import (
	"context"
	"slices"
	"strings"
)

// Unreferenced returns the names of the files in the lake that nothing refers
// to, sorted: strangers' files, which engines may read as events, and files that
// an ingest is writing or that the next one will remove.
func (l *Lake) Unreferenced(ctx context.Context) ([]string, error) {
	names, err := l.store.List(ctx, "")
	if err != nil {
		return nil, err
	}
	// The manifest is read again as an ingest may have committed new files.
	now, err := readManifest(ctx, l.store)
	if err != nil {
		return nil, err
	}
	named := now.names()
	for _, p := range l.parts { // which stay as long as the lake is open
		named[p.file.name] = true
		named[p.published()] = true
		named[idsPath(p.Name)] = true
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return named[name] || name == manifestPath || name == lockName || name == readersName ||
			strings.HasPrefix(name, scratchDir+"/") || strings.HasPrefix(name, stateDir+"/.unpack-")
	}), nil
}
