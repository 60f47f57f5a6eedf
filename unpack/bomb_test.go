package unpack

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// spaces is a reader of n spaces.
func spaces(n int64) io.Reader { return io.LimitReader(endless(' '), n) }

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func streamed(t testing.TB, open func(io.Writer) (io.WriteCloser, error), src io.Reader) string {
	t.Helper()
	var b bytes.Buffer
	w, err := open(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, src); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// spacesBzip2 is 8 MiB of spaces, compressed.
const spacesBzip2 = "QlpoOTFBWSZTWSzQnkMAQEAQgMAAAAQACCAAMMwFKaYBANiAgHi7kinChIFmhPIY"

// spacesXZ is 8 MiB of spaces, compressed with xz and with gzip.
const spacesXZ = "H4sIAPbICmsC//trXhURxcDA8uzaFjcmBkVGMQYGhhL9p4v//xdkzIllEMj/vf/f4o1xT3/Yb1qlFvojo8CxQJS/96+cj3SX03bJL5kShevSlLu6fPUX896sX/a4R1kw+EGkxNHSrkflP7ZNqefJOnCvxDPl0cuY4E0sN7678KyO5811e/n0cFnH9mnha7b5PsyUzf/t3SGQ43S6wz6Gof+C33o1jSmF8rb9Kg8L5i1Xjn+jcbr14tQZXXVaEz+pl36XPMA2w3fG3xvrr07gP6Ia/OPrRDND1qUb3uUfLPB157k4UXDV2gTZXec2qkvERLa9TAuK2PeybE3kk6fRrBw/j99a++d3kHbJWbloBaefd4Ntf2imcFo3nNbKub/V+sORvXrxq/jtvNOcJgjz/ReY/KOwIvIH99n/UzXc+Ff+qbn3e5aBXtiB/tbPzY0HUqls9R4P9WcR8/8LMGozvCkOXv5337oaQ6n523sN80ZOGJBmdSC//abRABsNMNoGWAPzLgZWhurE7++BxSLD7isqt38FRH5gYFzG1dDQwJJ2Xqls45H030wgSZbIKABj/dB2TAUAAA=="

func bombs(t *testing.T) map[string]string {
	t.Helper()
	const size = 8 << 20
	gz := streamed(t, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }, spaces(size))
	packedBzip2, err1 := base64.StdEncoding.DecodeString(spacesBzip2)
	packedXZ, err2 := base64.StdEncoding.DecodeString(spacesXZ)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	zipped := streamed(t, func(w io.Writer) (io.WriteCloser, error) {
		z := zip.NewWriter(w)
		member, err := z.Create("m.json")
		return zipMemberWriter{member, z}, err
	}, spaces(size))
	many := bytes.Buffer{}
	z := zip.NewWriter(&many)
	for i := range 8 { // none of which is a bomb by itself
		member, err := z.Create(fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(member, spaces(1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"gzip":               gz,
		"gzip in gzip":       gzipOf(t, gz),
		"zstd":               streamed(t, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }, spaces(size)),
		"xz":                 gunzipOf(t, string(packedXZ)),
		"bzip2":              string(packedBzip2),
		"zip":                zipped,
		"zip of many":        many.String(),
		"gzip in tar":        tarOf(t, file{"a.json.gz", gz}, file{"b.json", sample}),
		"zip in zip in gzip": gzipOf(t, zipOf(t, file{"a.zip", zipOf(t, file{"b.zip", zipped})})),
		"sparse tar":         sparseTar(t, size),
	}
}

func gunzipOf(t *testing.T, packed string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

type zipMemberWriter struct {
	io.Writer
	io.Closer
}

// sparseTar is an archive of a file that is a block and a hole.
func sparseTar(t testing.TB, size int64) string {
	t.Helper()
	whole := []byte(tarOf(t, file{"hole.json", strings.Repeat(" ", tarBlock)}))
	header := whole[:tarBlock]
	header[156] = tar.TypeGNUSparse
	copy(header[257:], "ustar  \x00")
	clear(header[345:]) // what follows is of the GNU dialect
	number := func(at int, n int64) { copy(header[at:], fmt.Sprintf("%011o\x00", n)) }
	number(386, 0)
	number(398, tarBlock)
	number(410, size)
	number(422, 0)
	number(483, size)
	copy(header[148:156], "        ")
	sum := 0
	for _, b := range header {
		sum += int(b)
	}
	copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
	return string(whole)
}

// Bombs of every kind end in a fault that names the kind, after a bounded
// amount of text.
func TestBombs(t *testing.T) {
	for name, packed := range bombs(t) {
		got := int64(0)
		var first error
		visits := 0
		w := Walker{grows: 4 << 20}
		err := w.Walk(context.Background(), strings.NewReader(packed), func(_ string, text io.Reader) error {
			visits++
			n, err := io.Copy(io.Discard, text)
			got += n
			first = errors.Join(first, err)
			return nil
		})
		err = errors.Join(first, err)
		if name == "sparse tar" {
			name = "tar"
		}
		form, _, _ := strings.Cut(name, " ")
		if !strings.Contains(fmt.Sprint(err), "bomb: over 300 times its size") || !strings.Contains(fmt.Sprint(err), form) && form != "zip" {
			t.Errorf("%s (%d bytes): %v, want a bomb", name, len(packed), err)
		}
		if got > 5<<20 || visits > 13 {
			t.Errorf("%s: %d bytes of text in %d visits", name, got, visits)
		}
	}
}

// What is packed in itself, or very deep, ends as well.
func TestDepth(t *testing.T) {
	packed := sample
	for range maxDepth {
		packed = gzipOf(t, packed)
	}
	if got, err := texts(t, strings.NewReader(packed)); err != nil || got[""] != sample {
		t.Errorf("%d deep: %q, %v", maxDepth, got, err)
	}
	if _, err := texts(t, strings.NewReader(gzipOf(t, packed))); err == nil || !strings.Contains(err.Error(), "packed more than 8 deep") {
		t.Errorf("%d deep: %v", maxDepth+1, err)
	}
}

// allocated returns how much do allocates.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// emptyMembers is an archive of n files with nothing in them.
func emptyMembers(t testing.TB, n int) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for range n {
		if _, err := z.CreateHeader(&zip.FileHeader{Name: "m"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return f
}

// A zip archive with more members than the 16 bits of its directory's end can
// tell is read with memory that does not grow with them.
func TestManyMembers(t *testing.T) {
	perMember := func(n int) float64 {
		f := emptyMembers(t, n)
		defer f.Close()
		seen := 0
		used := allocated(func() {
			var w Walker
			if err := w.Walk(context.Background(), f, func(string, io.Reader) error { seen++; return nil }); err != nil {
				t.Fatal(err)
			}
		})
		if seen != n {
			t.Fatalf("%d of %d members", seen, n)
		}
		return float64(used) / float64(n)
	}
	if few, many := perMember(10000), perMember(70000); many > few*1.2 {
		t.Errorf("%.0f bytes allocated for each of 10000 members, %.0f for each of 70000", few, many)
	}
}

// What a header claims is not taken before it is needed, nor more than allowed.
func TestWindows(t *testing.T) {
	small := NewWindows(16 << 20)
	bigXZ := streamed(t, func(w io.Writer) (io.WriteCloser, error) {
		return xz.WriterConfig{DictCap: 64 << 20}.NewWriter(w)
	}, strings.NewReader(sample))
	noise := make([]byte, 1<<20) // does not end in what is looked at ahead
	random := rand.NewPCG(1, 2)
	for i := range noise {
		noise[i] = byte(random.Uint64())
	}
	noise[0] = '{'
	longXZ := streamed(t, func(w io.Writer) (io.WriteCloser, error) {
		return xz.WriterConfig{DictCap: 64 << 20, NoCheckSum: true}.NewWriter(w)
	}, bytes.NewReader(noise))
	for _, test := range []struct {
		name, packed, fault string
	}{
		{"xz that claims 64 MiB and has little", bigXZ, ""},
		{"xz that needs 64 MiB", longXZ, "compressed with a window of 64 MiB, more than the 16 MiB there is room for: unpack it first"},
		{"zstd with a window of 512 MiB", zstdFrame(19 << 3), "compressed with a window of 512 MiB, more than the 16 MiB there is room for: unpack it first"},
		{"zstd with a window of 2 GiB", zstdFrame(21 << 3), "compressed with a window of 2048 MiB, more than the 16 MiB there is room for: unpack it first"},
		{"zstd whose second frame has one", zstdOf(t, sample) + zstdFrame(19<<3), "corrupt zstd, or a later frame with a larger window: unpack it first"},
	} {
		var got error
		used := allocated(func() {
			w := Walker{Windows: small}
			got = w.Walk(context.Background(), strings.NewReader(test.packed), func(_ string, text io.Reader) error {
				_, err := io.Copy(io.Discard, text)
				return err
			})
		})
		var fault *FaultError
		if errors.As(got, &fault) != (test.fault != "") || fault != nil && fault.Cause != test.fault {
			t.Errorf("%s: %v, want %q", test.name, got, test.fault)
		}
		if used > 32<<20 {
			t.Errorf("%s: %d MiB allocated", test.name, used>>20)
		}
	}
	if len(small.taken) != 0 {
		t.Error("a walk kept the right to large windows")
	}
}

// zstdFrame is a frame with one empty block and the given window descriptor.
func zstdFrame(window byte) string {
	return zstdMagic + "\x00" + string([]byte{window}) + "\x01\x00\x00"
}

// Many small blocks that claim large dictionaries cost what is in them.
func TestXZOfManyBlocks(t *testing.T) {
	one := streamed(t, func(w io.Writer) (io.WriteCloser, error) {
		return xz.WriterConfig{DictCap: 64 << 20}.NewWriter(w)
	}, strings.NewReader(sample))
	cost := func(n int) uint64 {
		return allocated(func() {
			if got, err := texts(t, strings.NewReader(strings.Repeat(one, n))); err != nil || got[""] != strings.Repeat(sample, n) {
				t.Errorf("%d blocks: %v", n, err)
			}
		})
	}
	if used := cost(500); used > 200<<20 {
		t.Errorf("500 blocks: %d MiB allocated", used>>20)
	}
}

// Entries that point to the same bytes again and again are refused once they
// claim more than the archive has.
func TestOverlappingMembers(t *testing.T) {
	one := []byte(zipBy(t, zip.Store, file{"m", strings.Repeat("x", 1000)}))
	at := bytes.Index(one, []byte(zipEntryMagic))
	end := bytes.Index(one, []byte(zipEndMagic))
	var b bytes.Buffer
	b.Write(one[:at])
	const n = 5000
	for range n {
		b.Write(one[at:end])
	}
	tail := one[end:]
	binary.LittleEndian.PutUint16(tail[8:], n)
	binary.LittleEndian.PutUint16(tail[10:], n)
	binary.LittleEndian.PutUint32(tail[12:], uint32(n*(end-at)))
	b.Write(tail)
	read := 0
	var w Walker
	err := w.Walk(context.Background(), bytes.NewReader(b.Bytes()), func(_ string, text io.Reader) error {
		n, err := io.Copy(io.Discard, text)
		read += int(n)
		return err
	})
	if fault := (*FaultError)(nil); !errors.As(err, &fault) || fault.Cause != "corrupt zip: members overlap" || read > b.Len() {
		t.Errorf("%d of %d bytes read, %v", read, b.Len(), err)
	}
}
