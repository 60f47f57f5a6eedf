package scan

import (
	"errors"

	"github.com/cerpac/trailkeeper/event"
)

// delivery hands what a worker finds to its consumer, and accounts for the
// records. If files come in order, it holds what is found until it is the turn
// of the file.
type delivery struct {
	to      Consumer
	account *Account // of the file
	held    *queue   // nil unless files come in order
}

// begin begins a file.
func (d *delivery) begin(f *File) {
	if d.held != nil {
		d.held.begin(f)
	}
}

func (d *delivery) open(f *File) error {
	if d.held.waiting() {
		return d.held.add(d, item{kind: itemOpen, file: f})
	}
	if d.to.Open == nil {
		return nil
	}
	return d.to.Open(f)
}

func (d *delivery) enter(s *Stream) error {
	if d.held.waiting() {
		return d.held.add(d, item{kind: itemEnter, stream: d.held.copy(s)})
	}
	if d.to.Enter == nil {
		return nil
	}
	return d.to.Enter(s)
}

func (d *delivery) record(s *Stream, offset int64, r *event.Record) error {
	if d.held.waiting() {
		return d.held.add(d, item{kind: itemRecord, stream: d.held.stream, offset: offset, text: r.Raw()})
	}
	if d.to.Record != nil {
		if err := d.to.Record(s, offset, r); err != nil {
			if rejected := (*rejection)(nil); errors.As(err, &rejected) {
				return d.reject(s, offset, r.Raw(), rejected.cause)
			}
			return err
		}
	}
	d.account.Records.Read++
	d.account.Records.Kept++
	return nil
}

// reject accounts for a piece that cannot be kept as a record.
func (d *delivery) reject(s *Stream, offset int64, text []byte, cause string) error {
	if d.held.waiting() {
		return d.held.add(d, item{kind: itemReject, stream: d.held.stream, offset: offset, text: text, cause: cause})
	}
	d.account.rejected(Problem{File: s.Name(), Offset: offset, Cause: cause})
	if d.to.Reject == nil {
		return nil
	}
	return d.to.Reject(s, offset, text, cause)
}

func (d *delivery) leave(s *Stream, v Result) error {
	if d.held.waiting() {
		return d.held.add(d, item{kind: itemLeave, stream: d.held.stream, result: v})
	}
	if d.to.Leave == nil {
		return nil
	}
	return d.to.Leave(s, v)
}

// finish delivers what is held of a file; if not whole, it only waits until it is
// the turn of the file.
func (d *delivery) finish(whole bool) error {
	if d.held == nil {
		return nil
	}
	if !whole {
		d.held.drop()
	}
	return d.held.flush(d)
}

// close ends a file, and then it is the turn of the next one.
func (d *delivery) close(f *File, v Result) {
	if d.to.Close != nil {
		d.to.Close(f, v)
	}
	if d.held != nil {
		close(f.done)
	}
}
