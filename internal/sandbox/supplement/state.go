package supplement

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cerpac/trailkeeper/internal/sandbox/spool"
)

const stateVersion = 1

// state is what moto has no place for. Entries belong to one life of a thing: a log
// group, hub or lifecycle that is gone, or lost by moto on a restart, leaves an entry
// that counts for nothing.
type state struct {
	file string

	Version    int                   `json:"version"`
	LogGroups  map[string]*logGroup  `json:"logGroups"`  // by ARN
	Hubs       map[string]*hub       `json:"hubs"`       // by ARN
	Lifecycles map[string]*lifecycle `json:"lifecycles"` // by bucket

	ObjectLocks map[string]*objectLock `json:"objectLocks,omitempty"` // by bucket
}

func open(file string) (*state, error) {
	s := &state{
		file: file, Version: stateVersion,
		LogGroups: map[string]*logGroup{}, Hubs: map[string]*hub{}, Lifecycles: map[string]*lifecycle{},
		ObjectLocks: map[string]*objectLock{},
	}
	if file == "" {
		return s, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open supplement: %w", err)
	}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("open supplement: read %q: %w", file, err)
	}
	if s.LogGroups == nil || s.Hubs == nil || s.Lifecycles == nil || s.ObjectLocks == nil {
		return nil, fmt.Errorf("open supplement: %q is not whole", file)
	}
	if s.Version != stateVersion {
		return nil, fmt.Errorf("open supplement: %q has version %d, not %d", file, s.Version, stateVersion)
	}
	return s, nil
}

// save writes the state aside and renames it over the last.
func (s *state) save() error {
	if s.file == "" {
		return nil
	}
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("save supplement: %w", err)
	}
	if err := spool.Dir(filepath.Dir(s.file)).Write(filepath.Base(s.file), data); err != nil {
		return fmt.Errorf("save supplement: %w", err)
	}
	return nil
}
