package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox/spool"
)

// clock is the sandbox's own time: the machine's plus an offset. Requests are signed
// with the real time, so only what the sandbox writes uses it.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset).UTC()
}

// advance moves the clock and returns the new time.
func (c *clock) advance(by time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += by
	return time.Now().Add(c.offset).UTC()
}

// memory is the sandbox's own state: sandbox.json in the state folder.
type memory struct {
	Format  int    `json:"format"`
	Account string `json:"account"`
	// Offset is the clock's, in nanoseconds.
	Offset time.Duration `json:"clockOffset"`
}

const memoryFormat = 1

// readState reads the state of an earlier sandbox in the folder, nil if there is none.
func readState(dir string) (*memory, error) {
	path := filepath.Join(dir, "sandbox.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	m := new(memory)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("read state %q: %w", path, err)
	}
	if m.Format != memoryFormat {
		return nil, fmt.Errorf("read state %q: format %d is not %d, the one this version knows", path, m.Format, memoryFormat)
	}
	return m, nil
}

func (m memory) write(dir string) error {
	m.Format = memoryFormat
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	if err := spool.Dir(dir).Write("sandbox.json", append(text, '\n')); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}
