package archive

import (
	"container/heap"
	"errors"
	"io"
	"time"
)

// Stream returns one object per call, and io.EOF after the last. Any other
// error ends the listing.
type Stream func() (Object, error)

// Merge yields the objects of all streams in order of delivery, as far as each
// stream is in that order itself. An object whose key has no time follows the
// object before it in its stream. Merge buffers one object per stream.
func Merge(streams []Stream, yield func(Object) error) error {
	h := make(mergeHeap, 0, len(streams))
	for i, s := range streams {
		head := &mergeHead{stream: s, order: i}
		ok, err := head.advance()
		if err != nil {
			return err
		}
		if ok {
			h = append(h, head)
		}
	}
	heap.Init(&h)
	for len(h) > 0 {
		head := h[0]
		if err := yield(head.object); err != nil {
			return err
		}
		ok, err := head.advance()
		switch {
		case err != nil:
			return err
		case ok:
			heap.Fix(&h, 0)
		default:
			heap.Pop(&h)
		}
	}
	return nil
}

// mergeHead is the next object of one stream.
type mergeHead struct {
	stream Stream
	order  int // index of the stream; breaks ties, so that listings are repeatable
	object Object
	at     time.Time // never before that of an earlier object of the stream
}

func (m *mergeHead) advance() (ok bool, err error) {
	m.object, err = m.stream()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	at := m.object.Info.Delivered
	if at.IsZero() {
		at = m.object.Info.Day
	}
	if at.After(m.at) {
		m.at = at
	}
	return err == nil, err
}

type mergeHeap []*mergeHead

func (h mergeHeap) Len() int      { return len(h) }
func (h mergeHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *mergeHeap) Push(x any)   { *h = append(*h, x.(*mergeHead)) }

func (h mergeHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].order < h[j].order
}

func (h *mergeHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return x
}
