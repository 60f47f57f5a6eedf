package logfile

import "bytes"

// EmptyFile is the cause of the fault of a file that has nothing but white
// space.
const EmptyFile = "empty file"

const byteOrderMark = "\xef\xbb\xbf"

// gap moves to the next value of the outermost level; false at the end. A byte
// order mark stands where a file begins, and after it wherever files with marks
// were put one behind the other.
func (r *Reader) gap() bool {
	for {
		if !r.space() {
			return false
		}
		if r.buf[r.pos] != byteOrderMark[0] || !r.need(len(byteOrderMark)) || !bytes.HasPrefix(r.buf[r.pos:], []byte(byteOrderMark)) {
			return true
		}
		r.pos += len(byteOrderMark)
	}
}
