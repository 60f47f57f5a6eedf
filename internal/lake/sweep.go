package lake

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// sweep removes the files of earlier writers that the manifest does not name:
// files that no manifest ever named at once, the others when there are no
// readers.
func (w *Writer) sweep() error {
	left, err := w.unnamed(w.manifest)
	if err != nil {
		return err
	}
	staged, err := stagedFiles(w.dir)
	if err != nil {
		return err
	}
	var now []string
	for _, path := range append(left, staged...) {
		if partName.MatchString(filepath.Base(path)) && commitOf(path) <= w.manifest.Sequence {
			w.gone = append(w.gone, path)
		} else {
			now = append(now, path)
		}
	}
	if err := removeAll(now); err != nil {
		return err
	}
	if err := w.reclaim(); err != nil || len(w.gone) > 0 {
		return err
	}
	return os.RemoveAll(stagingDir(w.dir))
}

// commitOf returns the commit number in a part's name.
func commitOf(path string) int {
	_, rest, _ := strings.Cut(filepath.Base(path), "-")
	number, _, _ := strings.Cut(rest, "-")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0 // too large to be one of ours: no need to remove it at once
	}
	return n
}

// stagedFiles lists all files in the staging folder.
func stagedFiles(dir string) (paths []string, err error) {
	err = filepath.WalkDir(stagingDir(dir), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return paths, err
}

// unnamed finds the files whose names a Writer gives but the manifest does not
// list. It ignores files with any other name: they are not ours.
func (w *Writer) unnamed(m *manifest) (paths []string, err error) {
	named := map[string]bool{}
	for _, p := range m.Parts {
		named[p.Name] = true
		named[filepath.Base(idsPath(w.dir, p.Name))] = true
	}
	for _, names := range m.Sources {
		for _, name := range names {
			named[name] = true
		}
	}
	for _, name := range m.Quarantine {
		named[name] = true
	}
	for _, place := range []struct {
		folder string
		name   *regexp.Regexp
	}{
		{"year=*/month=*/day=*", partName},
		{stateDir + "/ids", idsName},
		{stateDir + "/sources", sourcesName},
		{stateDir + "/quarantine", refusedName},
	} {
		found, err := filepath.Glob(filepath.Join(globEscape(w.dir), place.folder, "*"))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			// A listing is written to a temporary file first, which a dead writer
			// may have left.
			name, aside := strings.CutSuffix(filepath.Base(path), asideSuffix)
			if place.name.MatchString(name) && (aside || !named[name]) {
				paths = append(paths, path)
			}
		}
	}
	return paths, nil
}

func globEscape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
