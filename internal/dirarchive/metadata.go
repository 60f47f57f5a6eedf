package dirarchive

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cerpac/trailkeeper/archive"
)

// metadataFile holds, as JSON Lines, the S3 user metadata that the objects below
// its parent's folder have in their bucket. docs/formats.md describes it.
const metadataFile = "_simulate/object-metadata.jsonl"

// Metadata returns the user metadata that an object has in its bucket, names
// without x-amz-meta-. It is nil if the folder does not keep them, as after a
// plain copy.
func (s *Source) Metadata(_ context.Context, o archive.Object) (map[string]string, error) {
	s.metadataOnce.Do(func() { s.metadata, s.metadataErr = s.readMetadata() })
	if s.metadataErr != nil {
		return nil, s.metadataErr
	}
	return s.metadata[strings.TrimPrefix(s.within+"/"+o.Key, "/")], nil
}

// readMetadata reads the metadata of all objects. The file is in the archive's
// folder, or further up if that is one of CloudTrail's own folders.
func (s *Source) readMetadata() (map[string]map[string]string, error) {
	dir := s.root
	for range 1 + strings.Count(s.within, "/") + len(s.within[:min(1, len(s.within))]) {
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(metadataFile)))
		if errors.Is(err, fs.ErrNotExist) {
			dir = filepath.Dir(dir)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read metadata: %w", err)
		}
		defer f.Close()
		return parseMetadata(f)
	}
	return nil, nil
}

func parseMetadata(f *os.File) (map[string]map[string]string, error) {
	all := map[string]map[string]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var line struct {
			Key      string            `json:"key"`
			Metadata map[string]string `json:"metadata"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("read metadata %q: line %d: %w", f.Name(), n, err)
		}
		all[line.Key] = line.Metadata
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read metadata %q: %w", f.Name(), err)
	}
	return all, nil
}
