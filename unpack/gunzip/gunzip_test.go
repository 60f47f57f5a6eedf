package gunzip

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// conforming returns what has to pass the suite: the stream's code always, and what
// is compiled in.
func conforming() map[string]*Decoder {
	return map[string]*Decoder{"the stream's code": {inflater: new(streamInflater)}, Library: new(Decoder)}
}

func packed(t testing.TB, level int, header gzip.Header, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Header = header
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func plain(t testing.TB, text []byte) []byte {
	t.Helper()
	return packed(t, gzip.DefaultCompression, gzip.Header{}, text)
}

// wrap puts DEFLATE data between a header and a trailer for text.
func wrap(data, text []byte) []byte {
	out := append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), data...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(text))
	return binary.LittleEndian.AppendUint32(out, uint32(len(text)))
}

// logText returns about size bytes that compress as log files do.
func logText(random *rand.Rand, size int) []byte {
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, `{"eventVersion":"1.08","eventName":"Name%d","sourceIPAddress":"10.0.%d.%d","requestID":"%016x"},`,
			random.IntN(40), random.IntN(256), random.IntN(256), random.Uint64())
	}
	return b.Bytes()[:size]
}

func noise(random *rand.Rand, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

const limit = 1 << 20

// changed returns a copy in which one byte has another value; a negative position
// counts from the end.
func changed(in []byte, at int) []byte {
	out := bytes.Clone(in)
	if at < 0 {
		at += len(out)
	}
	out[at] ^= 0x40
	return out
}

// TestConformance holds each decoder to the same answers, in one after the other of
// the same buffer.
func TestConformance(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text, other := logText(random, 100_000), logText(random, 5_000)
	one := plain(t, text)
	several := slices.Concat(one, plain(t, other), plain(t, nil), packed(t, gzip.NoCompression, gzip.Header{}, other))
	bomb := plain(t, make([]byte, limit+1))
	withFlag := func(flag byte) []byte {
		out := bytes.Clone(one)
		out[3] |= flag
		return out
	}
	for _, c := range []struct {
		name   string
		packed []byte
		want   []byte // nil if the stream has to read it
	}{
		{"one member", one, text},
		{"fast", packed(t, gzip.BestSpeed, gzip.Header{}, text), text},
		{"stored", packed(t, gzip.NoCompression, gzip.Header{}, text), text},
		{"without matches", packed(t, gzip.HuffmanOnly, gzip.Header{}, text), text},
		{"several members", several, slices.Concat(text, other, other)},
		{"many members", bytes.Repeat(plain(t, other[:10]), 1000), bytes.Repeat(other[:10], 1000)},
		{"no text", plain(t, nil), []byte{}},
		{"one byte", plain(t, []byte("x")), []byte("x")},
		{"up to the limit", plain(t, make([]byte, limit)), make([]byte, limit)},
		{"a name", packed(t, 6, gzip.Header{Name: "a.json"}, text), text},
		{"the longest name", packed(t, 6, gzip.Header{Name: strings.Repeat("n", longestName-1)}, text), text},

		{"nothing", nil, nil},
		{"not gzip", text, nil},
		{"a header alone", one[:headerSize], nil},
		{"a header and a trailer", slices.Concat(one[:headerSize], one[len(one)-8:]), nil},
		{"a longer name", packed(t, 6, gzip.Header{Name: strings.Repeat("n", longestName)}, text), nil},
		{"a name without an end", append(withFlag(flagName)[:headerSize], "name-of-a-file"...), nil},
		{"an extra field", packed(t, 6, gzip.Header{Extra: []byte("ab\x02\x00xy")}, text), nil},
		{"a comment", packed(t, 6, gzip.Header{Comment: "c"}, text), nil},
		{"a checksum of the header", withFlag(1 << 1), nil},
		{"reserved flags", withFlag(1 << 6), nil},
		{"another method", changed(one, 2), nil},
		{"trailing zeros", append(bytes.Clone(one), 0, 0, 0, 0, 0, 0, 0, 0), nil},
		{"trailing text", append(bytes.Clone(one), "and more"...), nil},
		{"a second header", slices.Concat(one, one[:headerSize]), nil},
		{"without its last byte", one[:len(one)-1], nil},
		{"without its trailer", one[:len(one)-8], nil},
		{"half of it", one[:len(one)/2], nil},
		{"another CRC-32", changed(one, -8), nil},
		{"another size", changed(one, -4), nil},
		{"a size of gigabytes", changed(one, -1), nil},
		{"another second CRC-32", changed(slices.Concat(one, one), -8), nil},
		{"damaged inside", changed(one, len(one)/2), nil},
		{"a block of the reserved type", wrap([]byte{7, 0, 0, 0}, nil), nil},
		{"a stored block of the wrong length", wrap([]byte{1, 1, 0, 0, 0, 'x'}, []byte("x")), nil},
		{"a match before the text", wrap([]byte{0x4b, 0x04, 0x12, 0x00, 0x00}, []byte("a")), nil},
		{"longer than the limit", bomb, nil},
		{"longer, and it does not say so", changed(slices.Concat(bomb[:len(bomb)-4], []byte{1, 0, 0, 0}), -4), nil},
		{"several that are longer", bytes.Repeat(plain(t, text), 12), nil},
	} {
		for name, d := range conforming() {
			dst := noise(random, random.IntN(3)*len(text)/2)
			got, ok := d.Members(dst, c.packed, limit)
			if ok != (c.want != nil) || ok && !bytes.Equal(got, c.want) {
				t.Errorf("%s, %s: %d bytes, %t; want %d", name, c.name, len(got), ok, len(c.want))
			}
			if cap(got) > 2*limit {
				t.Errorf("%s, %s: memory of %d bytes", name, c.name, cap(got))
			}
			if got, ok := d.Member(dst, c.packed, limit); ok && !bytes.Equal(got, c.want) || ok && strings.Contains(c.name, "members") {
				t.Errorf("%s, %s, as one member: %d bytes, %t", name, c.name, len(got), ok)
			}
		}
	}
}

// TestMemory checks that a small file gets no large memory by claiming a large text.
func TestMemory(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	small := plain(t, logText(random, 200))
	binary.LittleEndian.PutUint32(small[len(small)-4:], 1<<30)
	for name, d := range conforming() {
		if got, ok := d.Members(nil, small, 1<<30); ok || cap(got) > maxRatio*len(small) {
			t.Errorf("%s: %t, memory of %d bytes for a file of %d", name, ok, cap(got), len(small))
		}
	}
}

// TestBounds checks that nothing is written behind the limit, nor into the input.
func TestBounds(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const guard = 64
	for name, d := range conforming() {
		for range 500 {
			text := logText(random, random.IntN(3000))
			in := plain(t, text)
			limit := max(0, len(text)-10+random.IntN(20))
			memory := bytes.Repeat([]byte{0xa5}, limit+guard+leastRoom)
			before := bytes.Clone(in)
			got, ok := d.Members(memory[:0], in, limit)
			if ok != (len(text) <= limit) || ok && !bytes.Equal(got, text) {
				t.Fatalf("%s: a text of %d bytes with a limit of %d: %d bytes, %t", name, len(text), limit, len(got), ok)
			}
			if i := bytes.IndexFunc(memory[limit:], func(r rune) bool { return false }); i >= 0 || bytes.Count(memory[limit:], []byte{0xa5}) != guard+leastRoom {
				t.Fatalf("%s: memory behind the limit of %d bytes was changed", name, limit)
			}
			if !bytes.Equal(in, before) {
				t.Fatalf("%s: the input was changed", name)
			}
		}
	}
}

// TestReuse reads random sequences of sound and damaged files of all sizes with the
// same decoder and the same buffers: none may leave anything to the next.
func TestReuse(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for name, d := range conforming() {
		var in, out []byte
		for i := range 400 {
			text := logText(random, 1<<random.IntN(19))
			if random.IntN(4) == 0 {
				text = noise(random, len(text)/8)
			}
			in = append(in[:0], packed(t, random.IntN(10), gzip.Header{}, text)...)
			damaged := random.IntN(3) == 0
			if damaged {
				in[headerSize+random.IntN(len(in)-headerSize)] ^= 1 << random.IntN(8)
			}
			got, ok := d.Members(out, in, limit)
			if ok == damaged || ok && !bytes.Equal(got, text) {
				// Some bits are not part of the text, as those behind the last block.
				if want, err := reference(in); !ok || err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s, file %d of %d bytes, damaged %t: %d bytes, %t", name, i, len(text), damaged, len(got), ok)
				}
			}
			out = got[:0]
		}
	}
}

// reference is the standard library's answer.
func reference(in []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(in))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// FuzzMembers compares the decoders with the standard library over arbitrary bytes. A
// file that a decoder accepts has the same text there.
func FuzzMembers(f *testing.F) {
	random := rand.New(rand.NewPCG(9, 10))
	text := logText(random, 3000)
	f.Add(plain(f, text))
	f.Add(slices.Concat(plain(f, text[:100]), packed(f, 0, gzip.Header{Name: "n"}, text[:50])))
	f.Add(packed(f, gzip.HuffmanOnly, gzip.Header{}, text))
	decoders := conforming() // also reused from input to input
	var dst []byte
	f.Fuzz(func(t *testing.T, in []byte) {
		want, err := reference(in)
		for name, d := range decoders {
			got, ok := d.Members(dst, in, limit)
			if ok && (err != nil || !bytes.Equal(got, want)) {
				t.Errorf("%s: %d bytes; want %d, %v", name, len(got), len(want), err)
			}
			if ok && cap(got) <= 2*limit {
				dst = got[:0]
			}
		}
	})
}

// FuzzInflate compares the decoders with the standard library over arbitrary DEFLATE
// data, to which a checksum is put that fits. Where all accept it they agree. Of data
// that no encoder writes, such as Huffman codes with a gap, libdeflate accepts more;
// what the stream gives before it refuses is the beginning of that.
func FuzzInflate(f *testing.F) {
	random := rand.New(rand.NewPCG(11, 12))
	text := logText(random, 3000)
	for _, level := range []int{0, 1, 6, 9, gzip.HuffmanOnly} {
		whole := packed(f, level, gzip.Header{}, text)
		f.Add(whole[headerSize : len(whole)-trailerSize])
	}
	decoders := conforming()
	room := make([]byte, 1<<18)
	f.Fuzz(func(t *testing.T, data []byte) {
		want, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data)), int64(len(room))+1))
		for name, d := range decoders {
			if d.inflater == nil {
				d.inflater = newInflater()
			}
			written, read, r := d.inflater.inflate(room, data)
			got := room[:written]
			switch {
			case r == sound && read > len(data):
				t.Errorf("%s: read %d bytes of %d", name, read, len(data))
			case r == sound && err == nil && !bytes.Equal(got, want):
				t.Errorf("%s: %d bytes; want %d", name, len(got), len(want))
			case r == sound && !bytes.HasPrefix(got, want):
				t.Errorf("%s: %d bytes, which do not begin with the %d that the stream gives before %v", name, len(got), len(want), err)
			case r == refused && err == nil && len(want) <= len(room):
				t.Errorf("%s: refused; want %d bytes", name, len(want))
			case r == short && err == nil && len(want) <= len(room):
				t.Errorf("%s: too long; want %d bytes", name, len(want))
			}
			if again, ok := d.Members(nil, wrap(data[:min(read, len(data))], got), len(room)); r == sound && (!ok || !bytes.Equal(again, got)) {
				t.Errorf("%s: %d bytes, then %d, %t", name, len(got), len(again), ok)
			}
		}
	})
}
