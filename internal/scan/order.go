package scan

import (
	"context"

	"github.com/cerpac/trailkeeper/event"
)

// queue holds what a worker has found in a file until all files before it are
// done. When it is full, the worker waits for that too.
//
// A file that is being read can always wait for those before it: workers take
// files in order, so each of these has a worker, and the first of them waits
// for nobody. Workers therefore share nothing else that one of them could hold
// while it waits.
type queue struct {
	ctx    context.Context // of the run
	limit  int             // bytes
	file   *File
	stream *Stream // being read
	items  []item
	text   []byte // of the items
	size   int
	record event.Record
}

type itemKind int

const (
	itemOpen itemKind = iota
	itemEnter
	itemRecord
	itemReject
	itemLeave
)

// itemSize is roughly the memory of an item without its text, in bytes.
const itemSize = 200

// item is one call of a consumer.
type item struct {
	kind   itemKind
	file   *File
	stream *Stream
	offset int64
	text   []byte // while it is added; then it is text[from:to] of the queue
	from   int
	to     int
	cause  string
	result Result
}

const (
	minQueue = 256 << 10
	maxQueue = 16 << 20
)

// newQueue returns the queue of one worker.
func newQueue(ctx context.Context, opts Options) *queue {
	return &queue{ctx: ctx, limit: int(min(max(opts.Memory/int64(opts.Workers), minQueue), maxQueue))}
}

// begin begins a file. Nothing is left of the one before it.
func (q *queue) begin(f *File) {
	q.file, q.stream = f, nil
	q.drop()
}

func (q *queue) drop() {
	clear(q.items)
	q.items, q.text, q.size = q.items[:0], q.text[:0], 0
}

// waiting reports whether files before this one are not done yet, or there is
// something in the queue. A nil queue never waits.
func (q *queue) waiting() bool {
	if q == nil {
		return false
	}
	if q.file.before == nil {
		return len(q.items) > 0
	}
	select {
	case <-q.file.before:
		q.file.before = nil
	default:
		return true
	}
	return len(q.items) > 0
}

// copy returns a copy of the stream that is entered, for its items.
func (q *queue) copy(s *Stream) *Stream {
	c := *s
	q.stream = &c
	return q.stream
}

// add adds an item. If it is the turn of the file, or the queue is full, it
// empties the queue.
func (q *queue) add(d *delivery, i item) error {
	i.from = len(q.text)
	q.text = append(q.text, i.text...)
	i.to, i.text = len(q.text), nil
	q.items = append(q.items, i)
	q.size += itemSize + i.to - i.from
	if q.file.before != nil && q.size < q.limit {
		return nil
	}
	return q.flush(d)
}

// flush waits for the files before this one, and delivers what is held.
func (q *queue) flush(d *delivery) error {
	if q.file.before != nil {
		// Every file before this one ends, also when the run does.
		<-q.file.before
		q.file.before = nil
	}
	items := q.items
	q.items = nil // so that nothing is held again
	defer func() {
		q.items = items
		q.drop()
	}()
	for _, i := range items {
		if err := q.ctx.Err(); err != nil {
			return err
		}
		if err := q.deliver(d, i); err != nil {
			return err
		}
	}
	return nil
}

func (q *queue) deliver(d *delivery, i item) error {
	text := q.text[i.from:i.to]
	switch i.kind {
	case itemOpen:
		return d.open(i.file)
	case itemEnter:
		return d.enter(i.stream)
	case itemRecord:
		// The text was decoded before, so that errors are known to be of no account.
		_, _ = q.record.Decode(text)
		return d.record(i.stream, i.offset, &q.record)
	case itemReject:
		return d.reject(i.stream, i.offset, text, i.cause)
	}
	return d.leave(i.stream, i.result)
}
