// Package czstd compresses Parquet pages with the zstd library in C.
//
// At the level that a lake uses, 1, it is faster than the one in Go and its output
// is a little smaller. Only compression is replaced: pages are still decompressed
// in Go, so a damaged or hostile file never reaches the C library, and every
// page written here is read by another implementation when a part is checked.
package czstd

import (
	"errors"
	"sync"

	"github.com/DataDog/zstd"
	"github.com/apache/arrow-go/v18/parquet/compress"
)

// Register makes the Parquet library compress zstd pages with C. It is to be called
// once, before anything is read or written: the library's table of codecs may not
// change while it is used.
func Register() error {
	other, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		return err
	}
	c, err := newCodec(other)
	if err != nil {
		return err
	}
	compress.RegisterCodec(compress.Codecs.Zstd, c)
	return nil
}

// codec compresses blocks with C, and does all else with another codec for zstd.
// It may be used concurrently.
type codec struct {
	compress.Codec
	compress.StreamingCodec
	contexts sync.Pool // of zstd.Ctx, each used by one call at a time
}

func newCodec(other compress.Codec) (*codec, error) {
	streams, ok := other.(compress.StreamingCodec)
	if !ok {
		return nil, errors.New("register codec: the zstd codec that is there reads no streams")
	}
	return &codec{Codec: other, StreamingCodec: streams, contexts: sync.Pool{New: func() any { return zstd.NewCtx() }}}, nil
}

// defaultLevel is the level of Encode: the C library's default.
const defaultLevel = zstd.DefaultCompression

// Encode implements compress.Codec.
func (c *codec) Encode(dst, src []byte) []byte { return c.EncodeLevel(dst, src, defaultLevel) }

// EncodeLevel implements compress.Codec. The result is in dst, if that has room for
// CompressBound bytes, and otherwise in memory of its own. The codec keeps neither.
func (c *codec) EncodeLevel(dst, src []byte, level int) []byte {
	if level == compress.DefaultCompressionLevel {
		level = defaultLevel
	}
	context := c.contexts.Get().(zstd.Ctx)
	out, err := context.CompressLevel(dst, src, level)
	if err != nil {
		return c.Codec.EncodeLevel(dst, src, level) // the context may be broken: it is not used again
	}
	c.contexts.Put(context)
	return out
}

// DecodeWithError implements compress.ErrorCodec.
func (c *codec) DecodeWithError(dst, src []byte) ([]byte, error) {
	return compress.Decode(c.Codec, dst, src)
}

// CompressBound implements compress.Codec.
func (c *codec) CompressBound(size int64) int64 { return int64(zstd.CompressBound(int(size))) }
