package ingest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/scan"
)

// shardsHeld is the number of shards of the file state kept in memory. Files
// are listed in order of delivery, so few are in use at a time.
const shardsHeld = 64

// fileState holds the files that earlier runs have read or begun, in shards by
// their day of delivery. Only the listing goroutine uses it.
type fileState struct {
	archive string
	proven  bool // only files that were read with proof count
	writer  *lake.Writer
	shards  map[string]map[[16]byte]lake.LogFile
}

// job is a file to be read.
type job struct {
	shard   string // where it is recorded
	id      lake.Identity
	counted int64 // number of its events, from its beginning, counted by an earlier run
	// unproven reports that an earlier run read the file, or began to, without proof,
	// and again that it read it to its end.
	unproven, again bool
}

func newFileState(uri string, w *lake.Writer, proven bool) *fileState {
	return &fileState{archive: uri, writer: w, proven: proven, shards: map[string]map[[16]byte]lake.LogFile{}}
}

// entry returns the shard and the identity under which a file is recorded: its
// ID is a digest of its whole name, its hash one of its version and of whether it
// is read with proof.
func (f *fileState) entry(o archive.Object) (shard string, id lake.Identity) {
	name, remote := scan.BucketName(f.archive, o.Key)
	if !remote {
		name = f.archive + "/" + o.Key
	}
	sum := sha256.Sum256([]byte(name))
	copy(id.ID[:], sum[:])
	id.Hash = versionHash(o.Version, f.proven)
	day := o.Info.Delivered
	if day.IsZero() {
		day = o.Info.Day
	}
	if day.IsZero() {
		return fmt.Sprintf("undated-%x", sum[0]>>4), id
	}
	return day.Format(time.DateOnly), id
}

// versionHash returns the hash of a file's version. A file that was read without
// proof is not known to a run that demands it.
func versionHash(version string, proven bool) uint64 {
	if proven {
		version += "\x00proven"
	}
	return xxh3.HashString(version)
}

// job returns the job of reading a file; known reports whether the file was
// read to its end before and has not changed since.
func (f *fileState) job(ctx context.Context, o archive.Object) (j job, known bool, err error) {
	j.shard, j.id = f.entry(o)
	files, ok := f.shards[j.shard]
	if !ok {
		if len(f.shards) >= shardsHeld {
			clear(f.shards)
		}
		files = map[[16]byte]lake.LogFile{}
		if err := f.writer.Sources(ctx, j.shard, func(file lake.LogFile) { files[file.ID] = file }); err != nil {
			return j, false, err
		}
		f.shards[j.shard] = files
	}
	before, ok := files[j.id.ID]
	same := before.Hash == j.id.Hash
	if !ok || !same && before.Hash != versionHash(o.Version, !f.proven) {
		return j, false, nil
	}
	j.counted = before.Begun
	if j.unproven = !same && f.proven; j.unproven && before.Begun == 0 {
		j.again, j.counted = true, math.MaxInt64
	}
	return j, before.Begun == 0 && !j.unproven, nil
}
