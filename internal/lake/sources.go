package lake

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// maxSourceLists is how many lists of log files a shard may have before they
// are made one.
const maxSourceLists = 8

func (w *Writer) sourcesPath(name string) string {
	return filepath.Join(w.dir, stateDir, "sources", name)
}

// Sources calls add for every log file of a shard that has been read to its
// end: its ID and, as the hash, its version.
func (w *Writer) Sources(shard string, add func(Identity)) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, name := range w.manifest.Sources[shard] {
		if err := readIDs(w.sourcesPath(name), anySection, func(_ int64, id Identity) { add(id) }); err != nil {
			return err
		}
	}
	return nil
}

// stageSources writes the lists of newly read log files and enters them in the
// next manifest. It returns the paths of the lists that are replaced.
func (w *Writer) stageSources(next *manifest, shards map[string][]Identity) (drop []string, err error) {
	for i, shard := range slices.Sorted(maps.Keys(shards)) {
		files := shards[shard]
		names := next.Sources[shard]
		if len(names) >= maxSourceLists {
			if err := w.Sources(shard, func(id Identity) { files = append(files, id) }); err != nil {
				return nil, err
			}
			for _, name := range names {
				drop = append(drop, w.sourcesPath(name))
			}
			names = nil
		}
		name := fmt.Sprintf("files-%08d-%04d.ids", next.Sequence, i)
		if err := writeIDs(w.sourcesPath(name), sections{0: files}); err != nil {
			return nil, err
		}
		next.Sources[shard] = append(slices.Clone(names), name)
	}
	return drop, nil
}
