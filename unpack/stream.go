package unpack

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	bzip2Magic = "BZh"
	zstdMagic  = "\x28\xb5\x2f\xfd"

	zstdSkippable = "\x2a\x4d\x18" // after a byte from 0x50 to 0x5f
)

// bunzip2 visits the content of a bzip2 file.
func (w *Walker) bunzip2(member string, in *bufio.Reader, from *layer, depth int) error {
	return w.decode(member, &layer{walk: w, from: from, src: bzip2.NewReader(in), cause: causes("bzip2"), form: "bzip2", count: &w.decoded}, depth)
}

// unzstd visits the content of a zstd file. Its first frame gives the window size that
// the file needs.
func (w *Walker) unzstd(member string, head []byte, in *bufio.Reader, from *layer, depth int) error {
	window := int64(smallWindows)
	var header zstd.Header
	if header.Decode(head) == nil {
		need := header.WindowSize
		if header.SingleSegment {
			need = header.FrameContentSize
		}
		window = max(window, int64(min(need, 1<<40)))
	}
	held := w.windows
	defer func() { w.windows = held }()
	if err := w.reserve(window); err != nil {
		return w.visit(member, failing{err})
	}
	decoder, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(uint64(window)), zstd.WithDecoderMaxMemory(uint64(window)))
	if err != nil {
		return w.refuse(member, fmt.Sprintf("corrupt zstd: %v", err))
	}
	defer decoder.Close()
	return w.decode(member, &layer{walk: w, from: from, src: decoder, cause: causes("zstd"), form: "zstd", count: &w.decoded}, depth)
}

// causes returns the function that describes the errors of a decoder.
func causes(form string) func(error) string {
	return func(err error) string {
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return "truncated " + form
		case errors.Is(err, errZipNoEnd):
			return fmt.Sprintf("truncated zip: %v", err)
		case errors.Is(err, errChecksum), errors.Is(err, zstd.ErrCRCMismatch):
			return form + " checksum mismatch"
		case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
			return "corrupt zstd, or a later frame with a larger window: unpack it first"
		}
		return fmt.Sprintf("corrupt %s: %v", form, err)
	}
}
