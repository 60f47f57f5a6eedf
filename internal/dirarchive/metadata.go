package dirarchive

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/cerpac/trailkeeper/archive"
)

// AttributesFile is a file in each folder of a mirror, with what S3 keeps beside
// the objects of that folder: JSON Lines of [Attributes], of which the last one of a
// name counts. docs/formats.md describes it.
const AttributesFile = "_objects.jsonl"

// Attributes is a line of AttributesFile.
type Attributes struct {
	Name string `json:"name"` // of the file, in the same folder
	Size int64  `json:"size"`
	// Listed is what the source's listing told of the content, to find out whether it
	// has changed: see [archive.Object].
	Listed string `json:"listed,omitempty"`
	archive.Attributes
}

// simulatedFile holds the metadata of the digests of a simulated archive. It is in
// the folder above AWSLogs.
const simulatedFile = "_simulate/object-metadata.jsonl"

// maxFolders is the number of folders whose attributes are held in memory.
const maxFolders = 1024

// attributes are those of the objects that were asked for lately.
type attributes struct {
	once      sync.Once
	simulated map[string]map[string]string // metadata by key, from AWSLogs on
	err       error

	mu      sync.Mutex
	folders map[string]map[string]Attributes // by path of a folder and name
}

// Fetch is Open, and returns what the object had beside it in its bucket, as far
// as the folder tells. A plain copy tells nothing.
func (s *Source) Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error) {
	a, err := s.attributesOf(o)
	if err != nil {
		return nil, a, err
	}
	body, err := s.Open(ctx, o)
	return body, a, err
}

func (s *Source) attributesOf(o archive.Object) (archive.Attributes, error) {
	s.attributes.once.Do(func() { s.attributes.simulated, s.attributes.err = s.readSimulated() })
	if s.attributes.err != nil {
		return archive.Attributes{}, s.attributes.err
	}
	if metadata, ok := s.attributes.simulated[strings.TrimPrefix(s.within+"/"+o.Key, "/")]; ok {
		return archive.Attributes{Metadata: metadata}, nil
	}
	dir, name := filepath.Split(filepath.FromSlash(archive.UnescapeName(o.Key)))
	s.attributes.mu.Lock()
	defer s.attributes.mu.Unlock()
	folder, ok := s.attributes.folders[dir]
	if !ok {
		var err error
		if folder, err = readAttributes(dir, s.open); err != nil {
			return archive.Attributes{}, err
		}
		if len(s.attributes.folders) >= maxFolders || s.attributes.folders == nil {
			s.attributes.folders = map[string]map[string]Attributes{}
		}
		s.attributes.folders[dir] = folder
	}
	return folder[name].Attributes, nil
}

// ReadAttributes reads the attributes of the objects in one folder of a mirror. It
// ignores a last line without a line feed, which an interrupted run leaves.
func ReadAttributes(dir string) (map[string]Attributes, error) {
	return readAttributes(dir, os.Open)
}

func readAttributes(dir string, open func(name string) (*os.File, error)) (map[string]Attributes, error) {
	all := map[string]Attributes{}
	err := eachLine(filepath.Join(dir, AttributesFile), open, func(line []byte) error {
		var a Attributes
		err := json.Unmarshal(line, &a)
		all[a.Name] = a
		return err
	})
	return all, err
}

// readSimulated reads the metadata of a simulated archive. The archive's folder may
// be one of CloudTrail's own, below it.
func (s *Source) readSimulated() (map[string]map[string]string, error) {
	levels := 1
	if s.within != "" {
		levels += 1 + strings.Count(s.within, "/")
	}
	dir := s.root
	for range levels {
		path := filepath.Join(dir, filepath.FromSlash(simulatedFile))
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			dir = filepath.Dir(dir)
			continue
		}
		all := map[string]map[string]string{}
		err := eachLine(path, os.Open, func(line []byte) error {
			var object struct {
				Key      string            `json:"key"`
				Metadata map[string]string `json:"metadata"`
			}
			err := json.Unmarshal(line, &object)
			all[object.Key] = object.Metadata
			return err
		})
		return all, err
	}
	return nil, nil
}

// eachLine calls f with each whole line of a file, if there is one.
func eachLine(path string, open func(path string) (*os.File, error), f func(line []byte) error) error {
	file, err := open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	defer file.Close()
	lines := bufio.NewReaderSize(file, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = f(line)
		}
		if err != nil {
			return fmt.Errorf("read metadata %q: line %d: %w", path, n, err)
		}
	}
}
