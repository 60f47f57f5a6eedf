package logfile

import "bytes"

// EmptyFile is the cause of the fault of a file with nothing but white space.
const EmptyFile = "empty file"

const byteOrderMark = "\xef\xbb\xbf"

// gap advances to the next top-level value; it returns false at the end. A byte
// order mark may be at the start of a file, and between values when files with
// marks were concatenated.
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
