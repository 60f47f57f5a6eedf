package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
)

// TestAtOnceIsAsStream checks that an object has the same hash, text or fault whether it
// is unpacked at once or as a stream, sound and damaged ones in random order with the
// same buffers, also when the storage breaks off.
func TestAtOnceIsAsStream(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var pool unpackers
	small := pool.get()
	broken := errors.New("connection reset")
	const limit = 100_000
	ways := map[bool]int{}
	for i := range 600 {
		text := []byte(strings.Repeat(fmt.Sprintf("{%d}", random.Uint64()), random.IntN(6000)))
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		packed := b.Bytes()
		switch random.IntN(5) {
		case 0:
			packed[random.IntN(len(packed))] ^= 1 << random.IntN(8)
		case 1:
			packed = packed[:random.IntN(len(packed))]
		case 2:
			packed = append(packed, packed[:random.IntN(len(packed))]...)
		}
		end := io.Reader(strings.NewReader(""))
		if random.IntN(4) == 0 {
			end = iotest.ErrReader(broken)
		}
		source := func() io.Reader { return io.MultiReader(bytes.NewReader(packed), end) }
		unpack := func(p *unpacker, src io.Reader) string {
			var got bytes.Buffer
			hash, bad := p.unpack(src, limit, func(piece []byte) { got.Write(piece) })
			if bad != nil {
				return fmt.Sprintf("%+v", *bad) // what came before is of no account
			}
			return hash + got.String()
		}
		stream := pool.get()
		stream.small.never = true
		want, got := unpack(stream, source()), unpack(small, source())
		if got != want {
			t.Fatalf("object %d: %.200s\nwant %.200s", i, got, want)
		}
		_, _, ok := small.small.unpack(source(), limit)
		ways[ok]++
	}
	if ways[true] < 100 || ways[false] < 100 {
		t.Errorf("unpacked at once: %v", ways)
	}
}
