package ingest

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/lake"
)

// shardsHeld is how many shards of the file state are kept in memory. Files
// are listed in order of delivery, so few are in use at a time.
const shardsHeld = 64

// fileState knows which files earlier runs have read or begun, in shards by their
// day of delivery. It is used by the listing goroutine alone.
type fileState struct {
	archive string
	writer  *lake.Writer
	shards  map[string]map[[16]byte]lake.LogFile
}

// job is a file to be read.
type job struct {
	archive.Object
	shard   string // where it is noted
	id      lake.Identity
	counted int64 // of its events, from its beginning, by an earlier run
}

func newFileState(uri string, w *lake.Writer) *fileState {
	return &fileState{archive: uri, writer: w, shards: map[string]map[[16]byte]lake.LogFile{}}
}

// entry returns where a file is noted, and as what: its ID is a digest of its
// whole name, its hash one of its version.
func (f *fileState) entry(o archive.Object) (shard string, id lake.Identity) {
	name, remote := bucketName(f.archive, o.Key)
	if !remote {
		name = f.archive + "/" + o.Key
	}
	sum := sha256.Sum256([]byte(name))
	copy(id.ID[:], sum[:])
	id.Hash = xxh3.HashString(o.Version)
	day := o.Info.Delivered
	if day.IsZero() {
		day = o.Info.Day
	}
	if day.IsZero() {
		return fmt.Sprintf("undated-%x", sum[0]>>4), id
	}
	return day.Format(time.DateOnly), id
}

// bucketName returns the whole name of a key in the bucket that an archive's URI
// names; ok is false when the archive is a folder.
func bucketName(uri, key string) (name string, ok bool) {
	bucket, ok := strings.CutPrefix(uri, "s3://")
	if !ok {
		return "", false
	}
	bucket, _, _ = strings.Cut(bucket, "/")
	return "s3://" + bucket + "/" + key, true
}

// job makes the job of reading a file; known reports that the file was read to
// its end before and has not changed since.
func (f *fileState) job(o archive.Object) (j job, known bool, err error) {
	j.Object = o
	j.shard, j.id = f.entry(o)
	files, ok := f.shards[j.shard]
	if !ok {
		if len(f.shards) >= shardsHeld {
			clear(f.shards)
		}
		files = map[[16]byte]lake.LogFile{}
		if err := f.writer.Sources(j.shard, func(file lake.LogFile) { files[file.ID] = file }); err != nil {
			return j, false, err
		}
		f.shards[j.shard] = files
	}
	before, ok := files[j.id.ID]
	if !ok || before.Hash != j.id.Hash {
		return j, false, nil
	}
	j.counted = before.Begun
	return j, before.Begun == 0, nil
}
