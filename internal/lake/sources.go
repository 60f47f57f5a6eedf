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
// end: its ID and, as the hash, its version. A file that has changed comes more
// than once, its newest version last.
func (w *Writer) Sources(shard string, add func(Identity)) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, name := range w.manifest.Sources[shard] {
		if err := readIDs(w.sourcesPath(name), func(_ int64, id Identity) { add(id) }); err != nil {
			return err
		}
	}
	return nil
}

// joined returns the log files of a shard, those in its lists and those newly
// read, each once with its newest version.
func (w *Writer) joined(shard string, files []Identity) (all []Identity, err error) {
	at := map[[16]byte]int{}
	add := func(id Identity) {
		if i, ok := at[id.ID]; ok {
			all[i] = id
			return
		}
		at[id.ID] = len(all)
		all = append(all, id)
	}
	if err := w.Sources(shard, add); err != nil {
		return nil, err
	}
	for _, id := range files {
		add(id)
	}
	return all, nil
}

// stageSources writes the lists of newly read log files and enters them in the
// next manifest. It returns the paths of the lists that are replaced.
func (w *Writer) stageSources(next *manifest, shards map[string][]Identity) (drop []string, err error) {
	for i, shard := range slices.Sorted(maps.Keys(shards)) {
		files := shards[shard]
		names := next.Sources[shard]
		if len(names) >= maxSourceLists {
			var err error
			if files, err = w.joined(shard, files); err != nil {
				return nil, err
			}
			for _, name := range names {
				drop = append(drop, w.sourcesPath(name))
			}
			names = nil
		}
		name := fmt.Sprintf("files-%08d-%04d.ids", next.Sequence, i)
		if err := w.modes.writeIDs(w.sourcesPath(name), sections{0: files}); err != nil {
			return nil, err
		}
		next.Sources[shard] = append(slices.Clone(names), name)
	}
	return drop, nil
}
