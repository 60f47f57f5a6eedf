package moto

import (
	"io"
	"strings"
	"sync"
)

// tailSize holds a Python traceback.
const tailSize = 4 << 10

// tail keeps the last of what is written, and hands all of it on.
type tail struct {
	also io.Writer // nil for nobody

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
		_, _ = t.also.Write(p) // a full disk below a log is no reason to end the server
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}
