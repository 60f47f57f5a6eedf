package gunzip

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
)

// streamInflater decompresses with the Go code that also reads streams.
type streamInflater struct {
	src    bytes.Reader
	reader io.ReadCloser
	beyond [1]byte
}

func (s *streamInflater) inflate(room, src []byte) (written, read int, r result) {
	s.src.Reset(src)
	defer s.src.Reset(nil)
	if s.reader == nil {
		s.reader = flate.NewReader(&s.src)
	} else if err := s.reader.(flate.Resetter).Reset(&s.src, nil); err != nil {
		return 0, 0, refused
	}
	for {
		into := room[written:]
		if len(into) == 0 {
			into = s.beyond[:]
		}
		n, err := s.reader.Read(into)
		if written += n; written > len(room) {
			return len(room), 0, short
		}
		switch {
		case errors.Is(err, io.EOF):
			return written, len(src) - s.src.Len(), sound
		case err != nil:
			return written, 0, refused
		}
	}
}
