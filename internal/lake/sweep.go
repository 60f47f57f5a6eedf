package lake

import (
	"context"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// sweep removes the files of earlier writers that the manifest does not name:
// files that no manifest ever named at once, the others when there are no
// readers.
func (w *Writer) sweep(ctx context.Context) error {
	left, err := w.unnamed(ctx, w.manifest)
	if err != nil {
		return err
	}
	staged, err := w.store.List(ctx, stagingDir+"/")
	if err != nil {
		return err
	}
	w.gone = nil // found again here
	var now []string
	for _, name := range append(left, staged...) {
		if partName.MatchString(path.Base(name)) && commitOf(name) <= w.manifest.Sequence {
			w.gone = append(w.gone, name)
		} else {
			now = append(now, name)
		}
	}
	if _, err := w.store.Remove(ctx, "", now); err != nil {
		return err
	}
	return w.reclaim(ctx)
}

// commitOf returns the commit number in a part's name.
func commitOf(name string) int {
	_, rest, _ := strings.Cut(path.Base(name), "-")
	number, _, _ := strings.Cut(rest, "-")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0 // too large to be one of ours: no need to remove it at once
	}
	return n
}

// unnamed finds the files whose names a Writer gives but the manifest does not
// list. It ignores files with any other name: they are not ours.
func (w *Writer) unnamed(ctx context.Context, m *manifest) (left []string, err error) {
	named := map[string]bool{} // wherever they are
	for name := range m.names() {
		named[path.Base(name)] = true
	}
	for _, place := range []struct {
		prefix, folder string
		name           *regexp.Regexp
	}{
		{"year=", "year=*/month=*/day=*", partName},
		{idsDir + "/", idsDir, idsName},
		{sourcesDir + "/", sourcesDir, sourcesName},
		{quarantineDir + "/", quarantineDir, refusedName},
	} {
		found, err := w.store.List(ctx, place.prefix)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			here, _ := path.Match(place.folder, path.Dir(name)) // the patterns are well-formed
			base, unfinished := strings.CutSuffix(path.Base(name), Unfinished)
			if here && place.name.MatchString(base) && (unfinished || !named[base]) {
				left = append(left, name)
			}
		}
	}
	return left, nil
}

// names returns the names of all files that a manifest refers to.
func (m *manifest) names() map[string]bool {
	named := map[string]bool{}
	for _, p := range m.Parts {
		named[p.published()] = true
		named[idsPath(p.Name)] = true
	}
	for _, lists := range m.Sources {
		for _, name := range lists {
			named[sourcesPath(name)] = true
		}
	}
	for _, name := range m.Quarantine {
		named[quarantineDir+"/"+name] = true
	}
	return named
}
