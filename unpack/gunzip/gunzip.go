// Package gunzip decompresses gzip files that are in memory whole.
//
// It exists for speed. It accepts only files in which nothing is unusual or
// wrong, and says of all others that they are to be read as a stream, which
// finds the fault and its position.
//
// With the build tag libdeflate, DEFLATE data (RFC 1951) is decompressed by that
// library, which takes about half the time; otherwise by Go code. libdeflate also
// accepts some data that no encoder writes, such as Huffman codes with a gap, which
// the stream refuses. Where it matters that a file has one outcome in every build,
// Decoder.Portable is set.
package gunzip

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

const (
	magic       = "\x1f\x8b"
	headerSize  = 10 // RFC 1952, section 2.3
	trailerSize = 8  // CRC-32 and ISIZE

	flagName = 1 << 3

	// longestName is the length, in bytes, from which the stream refuses the name
	// of the original file in the header of a member.
	longestName = 512

	// maxRatio is more than DEFLATE can expand: 258 bytes from two bits.
	maxRatio = 1032

	// leastRoom is the least size of a buffer.
	leastRoom = 16 << 10
)

// Decoder decompresses files one after another, reusing its memory. The zero
// Decoder is ready to use; it is not safe for concurrent use.
type Decoder struct {
	// Portable decompresses with Go code in every build, and so accepts nothing that
	// the stream refuses.
	Portable bool

	inflater inflater // nil until it is needed
}

// inflater decompresses the DEFLATE stream that src begins with into room. It
// returns the number of bytes written and read, if the stream is sound. It writes
// nothing behind room.
type inflater interface {
	inflate(room, src []byte) (written, read int, r result)
}

// Members returns the text of packed, which is one or more gzip members and
// nothing else. The text is in dst's memory if it fits, else in memory of its
// own; dst[:cap(dst)] is overwritten in any case.
//
// ok is false if there is anything else, if any member is damaged, if the text
// is longer than limit, or if a header has one of the rare fields. Then nothing
// is known of packed, and it is to be read as a stream.
//
// Sizes that packed claims are not trusted: the memory is bounded by limit and
// by what the data could expand to, and the time is linear in their sum.
func (d *Decoder) Members(dst, packed []byte, limit int) (text []byte, ok bool) {
	text = dst[:0]
	for {
		text, packed, ok = d.member(text, packed, limit)
		if !ok || len(packed) == 0 {
			return text, ok
		}
	}
}

// Member is Members for a file that must be a single member.
func (d *Decoder) Member(dst, packed []byte, limit int) (text []byte, ok bool) {
	text, rest, ok := d.member(dst[:0], packed, limit)
	return text, ok && len(rest) == 0
}

// member appends the text of the member that packed begins with to text, and
// returns what is behind the member.
func (d *Decoder) member(text, packed []byte, limit int) (all, rest []byte, ok bool) {
	body, ok := skipHeader(packed)
	if !ok || len(body) < trailerSize {
		return text, nil, false
	}
	switch {
	case d.inflater != nil:
	case d.Portable:
		d.inflater = new(streamInflater)
	default:
		d.inflater = newInflater()
	}
	data := body[:len(body)-trailerSize]
	most := int(min(int64(limit), int64(len(text))+maxRatio*int64(len(data))))
	// What the last member says its size is. If that is too much, it is not
	// true or the text is too long.
	claim := int64(binary.LittleEndian.Uint32(body[len(body)-4:]))
	if int64(len(text))+claim > int64(most) {
		return text, nil, false
	}
	for size := len(text) + int(claim); ; {
		text = withRoom(text, size)
		room := text[len(text):min(cap(text), max(limit, len(text)))]
		written, read, result := d.inflater.inflate(room, data)
		end := len(text) + len(room)
		switch {
		case result == sound:
			trailer := body[read:]
			return text[:len(text)+written], trailer[trailerSize:], matches(trailer, room[:written])
		case result == refused || end >= most:
			return text, nil, false
		}
		size = min(2*end, most)
	}
}

// matches reports whether a member's trailer is that of the text.
func matches(trailer, text []byte) bool {
	return binary.LittleEndian.Uint32(trailer) == crc32.ChecksumIEEE(text) &&
		binary.LittleEndian.Uint32(trailer[4:]) == uint32(len(text))
}

// skipHeader returns what is behind the header of the member that packed begins
// with. ok is false unless the header is an ordinary one: with no fields but a
// name.
func skipHeader(packed []byte) (body []byte, ok bool) {
	if len(packed) < headerSize || string(packed[:2]) != magic || packed[2] != 8 || packed[3]&^flagName != 0 {
		return nil, false
	}
	body = packed[headerSize:]
	if packed[3] == flagName {
		end := bytes.IndexByte(body[:min(len(body), longestName)], 0)
		if end < 0 {
			return nil, false
		}
		body = body[end+1:]
	}
	return body, true
}

// withRoom returns text in memory for at least size bytes.
func withRoom(text []byte, size int) []byte {
	if size = max(size, leastRoom); cap(text) >= size {
		return text
	}
	return append(make([]byte, 0, size), text...)
}

// result is how a DEFLATE stream ended.
type result int

const (
	sound   result = iota
	short          // the text is longer than the room for it
	refused        // it is damaged, or cannot be decompressed here
)
