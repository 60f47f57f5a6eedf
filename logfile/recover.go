package logfile

import (
	"bytes"
	"errors"
)

// nextLine advances past a broken value to the next line that begins with the
// same byte, and reports whether there is one: a file with one record per line
// loses only its broken lines. From then on no value may extend beyond such a
// line, so that each line is decoded once, however many are broken.
func (r *Reader) nextLine(err error) (found bool, failed error) {
	var broken *FaultError
	if !errors.As(err, &broken) || r.cancelled() || r.err != nil && !r.ended() {
		return false, nil
	}
	if r.fault == nil {
		clear(r.searched[:])
	}
	first, start, cause := r.base+int64(r.pos), r.offset(r.pos), broken.Cause
	var head []byte // set when the piece is too long to be buffered
	for {
		end, found := r.lineEnd()
		if found {
			piece := r.buf[r.pos:end]
			r.pos = end + 1
			if head != nil {
				piece, cause = head, tooLong(r.base+int64(end)-first)
			}
			if r.fault == nil {
				r.fault = err
			}
			return true, r.visit.Reject(start, piece, cause)
		}
		if head == nil && r.full() {
			head = r.head()
		}
		if head != nil {
			r.pos = len(r.buf) - 1 // the newline before a brace may be the last byte
		}
		if !r.fill() {
			return false, nil
		}
	}
}

// lineEnd returns the end in buf of the line at r.pos, before another line that
// begins as the current value does, or the end of buf. It does not search the
// same bytes twice.
func (r *Reader) lineEnd() (end int, found bool) {
	searched := &r.searched[r.lead]
	from := max(r.pos, int(*searched-r.base))
	i := bytes.Index(r.buf[from:], []byte{'\n', r.lead})
	if i < 0 {
		r.work += int64(len(r.buf) - from)
		*searched = r.base + int64(max(r.pos, len(r.buf)-1))
		return len(r.buf), false
	}
	r.work += int64(i)
	*searched = r.base + int64(from+i)
	return from + i, true
}

// ahead returns the buffered data from the value at r.pos on, and whether the
// value must end in it.
func (r *Reader) ahead() (data []byte, last bool) {
	if r.fault == nil {
		return r.buf[r.pos:], false
	}
	end, found := r.lineEnd()
	return r.buf[r.pos:end], found
}
