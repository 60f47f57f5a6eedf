package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// maxSourceLists is the maximum number of lists of log files in a shard before
// they are merged.
const maxSourceLists = 8

// LogFile is the lake's record of a log file: the ID is a digest of its name,
// the hash a digest of its version.
type LogFile struct {
	Identity
	// Begun is the number of the file's events, from its beginning, that the
	// totals include when the file was not read to its end; otherwise 0.
	Begun int64
}

func sourcesPath(name string) string { return sourcesDir + "/" + name }

// Sources calls add for every log file recorded in a shard. A file that was
// recorded again comes more than once; the last call counts.
func (w *Writer) Sources(ctx context.Context, shard string, add func(LogFile)) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, name := range w.manifest.Sources[shard] {
		list := stored{w.store, sourcesPath(name)}
		err := readIDs(ctx, list, func(begun int64, id Identity) { add(LogFile{id, begun}) })
		if errors.Is(err, fs.ErrNotExist) {
			return &MissingError{Dir: w.dir, What: "list of log files", Path: list.location()}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// joined returns the log files of a shard, those in its lists and those newly
// read, each once with its latest record.
func (w *Writer) joined(ctx context.Context, shard string, files []LogFile) (all []LogFile, err error) {
	at := map[[16]byte]int{}
	add := func(f LogFile) {
		if i, ok := at[f.ID]; ok {
			all[i] = f
			return
		}
		at[f.ID] = len(all)
		all = append(all, f)
	}
	if err := w.Sources(ctx, shard, add); err != nil {
		return nil, err
	}
	for _, f := range files {
		add(f)
	}
	return all, nil
}

// stageSources writes the lists of newly read log files and adds them to the
// next manifest. It returns the lists that are replaced.
func (w *Writer) stageSources(ctx context.Context, next *manifest, shards map[string][]LogFile) (drop []string, err error) {
	for i, shard := range slices.Sorted(maps.Keys(shards)) {
		files := shards[shard]
		names := next.Sources[shard]
		if len(names) >= maxSourceLists {
			var err error
			if files, err = w.joined(ctx, shard, files); err != nil {
				return nil, err
			}
			for _, name := range names {
				drop = append(drop, sourcesPath(name))
			}
			names = nil
		}
		begun := sections{}
		for _, f := range files {
			begun[f.Begun] = append(begun[f.Begun], f.Identity)
		}
		name := fmt.Sprintf("files-%08d-%04d.ids", next.Sequence, i)
		if err := w.store.Put(ctx, sourcesPath(name), begun.writeTo); err != nil {
			return nil, err
		}
		next.Sources[shard] = append(slices.Clone(names), name)
	}
	return drop, nil
}
