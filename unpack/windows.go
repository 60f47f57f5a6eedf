package unpack

import (
	"fmt"
)

// smallWindows is the number of bytes that the decoders of a walk may hold
// without a reservation.
const smallWindows = 8 << 20

// Windows lets one walk at a time hold windows above a few megabytes: the file
// determines how much text a decoder must keep, up to gigabytes.
type Windows struct {
	limit int64
	taken chan struct{}
}

// NewWindows returns the bound on the windows of one walk, for walkers that
// work at the same time.
func NewWindows(limit int64) *Windows {
	return &Windows{limit: max(limit, smallWindows), taken: make(chan struct{}, 1)}
}

// reserve ensures that the walk may hold n bytes more. The walk keeps the right
// to large windows until it ends, so that walks cannot deadlock.
func (w *Walker) reserve(n int64) error {
	total := w.windows + n
	limit := int64(128 << 20)
	if w.Windows != nil {
		limit = w.Windows.limit
	}
	if total > limit {
		return &FaultError{Cause: fmt.Sprintf("compressed with a window of %d MiB, more than the %d MiB there is room for: unpack it first", (n+1<<20-1)>>20, limit>>20)}
	}
	if total > smallWindows && !w.large && w.Windows != nil {
		select {
		case w.Windows.taken <- struct{}{}:
			w.large = true
		case <-w.ctx.Done():
			return w.ctx.Err()
		}
	}
	w.windows = total
	return nil
}

// leave releases the reservation.
func (w *Walker) leave() {
	if w.large {
		<-w.Windows.taken
	}
	w.large, w.windows = false, 0
}
