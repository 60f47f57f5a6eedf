package czstd

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"

	"github.com/cerpac/trailkeeper/internal/exhaustive"
)

func newTestCodec(t *testing.T) (*codec, compress.Codec) {
	t.Helper()
	other, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	if registered, ok := other.(*codec); ok {
		other = registered.Codec
	}
	c, err := newCodec(other)
	if err != nil {
		t.Fatal(err)
	}
	return c, other
}

// block makes a block that compresses well, badly, or not at all.
func block(random *rand.Rand) []byte {
	words := [][]byte{[]byte("arn:aws:iam::123456789012:user/"), []byte("s3.amazonaws.com"), {0}, []byte("\n")}
	size := random.IntN(1 << random.IntN(19))
	noise := random.IntN(4)
	var b []byte
	for len(b) < size {
		if random.IntN(4) < noise {
			b = append(b, byte(random.Uint32()))
		} else {
			b = append(b, words[random.IntN(len(words))]...)
		}
	}
	return b
}

// What is compressed in buffers that are used again and again, by several callers
// at once, is what both implementations give back, and stays so while others go on.
func TestRoundTrips(t *testing.T) {
	c, other := newTestCodec(t)
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 7))
			var room []byte
			type kept struct{ plain, packed []byte }
			var last []kept // that must not change any more
			for range exhaustive.Or(300, 20_000) {
				plain := block(random)
				before := slices.Clone(plain)
				var dst []byte
				switch random.IntN(4) {
				case 0: // none
				case 1:
					dst = make([]byte, random.IntN(64)) // too small
				default:
					if bound := int(c.CompressBound(int64(len(plain)))); cap(room) < bound {
						room = make([]byte, bound)
					}
					dst = room[:cap(room)] // warm
				}
				packed := c.EncodeLevel(dst, plain, 1+random.IntN(3))
				if !bytes.Equal(plain, before) {
					t.Error("the input was changed")
				}
				for _, decoder := range []compress.Codec{c, other} {
					got, err := compress.Decode(decoder, make([]byte, 0, len(plain)), packed)
					if err != nil || !bytes.Equal(got, plain) {
						t.Errorf("%d bytes come back as %d: %v", len(plain), len(got), err)
						return
					}
				}
				last = append(last, kept{plain, slices.Clone(packed)})
				if dst == nil {
					last[len(last)-1].packed = packed // not cloned: nobody else may write to it
				}
				if old := last[0]; len(last) > 8 {
					last = last[1:]
					if got, err := compress.Decode(other, nil, old.packed); err != nil || !bytes.Equal(got, old.plain) {
						t.Errorf("a block changed after it was returned: %v", err)
						return
					}
				}
			}
		})
	}
	workers.Wait()
}

// Blocks of the other implementation are read, and damage is an error.
func TestDecode(t *testing.T) {
	c, other := newTestCodec(t)
	random := rand.New(rand.NewPCG(8, 9))
	for range exhaustive.Or(50, 2000) {
		plain := block(random)
		packed := other.EncodeLevel(nil, plain, 1)
		if got, err := compress.Decode(c, nil, packed); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes come back as %d: %v", len(plain), len(got), err)
		}
		if got, err := compress.Decode(c, nil, packed[:len(packed)-1]); err == nil && len(plain) > 0 {
			t.Fatalf("a block without its end gives %d bytes", len(got))
		}
	}
}
