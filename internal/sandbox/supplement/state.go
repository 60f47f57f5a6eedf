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

// state holds settings that moto cannot store. After a log group, hub or lifecycle is
// deleted, or lost by a restart of moto, its entry is ignored.
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

// save atomically replaces the state file.
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
