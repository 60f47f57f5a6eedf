package moto

import (
	"io"
	"strings"
	"sync"
)

// tailSize is the size of the kept output in bytes, enough for a Python traceback.
const tailSize = 4 << 10

// tail keeps the end of what is written and forwards everything.
type tail struct {
	also io.Writer // may be nil

	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if surplus := len(t.kept) - tailSize; surplus > 0 {
		t.kept = append(t.kept[:0], t.kept[surplus:]...)
	}
	if t.also != nil {
		_, _ = t.also.Write(p) // a log that cannot be written must not end the server
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}
