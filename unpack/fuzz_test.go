package unpack

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzWalk holds every walk to what consumers rely on: text of a bounded size,
// errors of the three kinds, names fit for display, the same the second time.
// How a damaged stream fails may depend on what the decoder read before it.
func FuzzWalk(f *testing.F) {
	for _, p := range packings() {
		packed := p.pack(f, sample)
		f.Add([]byte(packed))
		f.Add([]byte(packed[:len(packed)/2]))
		f.Add([]byte(gzipOf(f, packed)))
		f.Add([]byte(zipBy(f, zip.Store, file{"a", packed}, file{"b\n", packed})))
		f.Add([]byte(tarOf(f, file{"a", packed}, file{"b\xff", packed[8:]})))
	}
	f.Add([]byte("\xff\xfe{\x00\x3d\xd8"))
	f.Add([]byte(zstdFrame(19 << 3)))
	var w Walker // also reused from input to input
	f.Fuzz(func(t *testing.T, in []byte) {
		w.Windows, w.grows, w.TempDir = NewWindows(1<<20), 1<<20, t.TempDir()
		first, soundBefore := outline(t, &w, in)
		again, sound := outline(t, &Walker{Windows: NewWindows(1 << 20), grows: 1 << 20}, in)
		if first != again && (sound || soundBefore) {
			t.Errorf("once %q, then %q", first, again)
		}
	})
}

// outline walks in and returns what was found, in short, and whether there was
// no fault.
func outline(t *testing.T, w *Walker, in []byte) (found string, sound bool) {
	t.Helper()
	sound = true
	var out strings.Builder
	total := int64(0)
	note := func(err error) {
		var fault *FaultError
		var foreign *ForeignError
		switch {
		case err == nil:
		case errors.As(err, &fault) && fault.Err == nil && fault.Cause != "" && fault.Offset >= 0:
			sound = false
			out.WriteString(err.Error() + "\n")
		case errors.As(err, &foreign) && foreign.What != "":
			out.WriteString(err.Error() + "\n")
		default:
			t.Errorf("an error of another kind: %v", err)
		}
	}
	err := w.Walk(context.Background(), strings.NewReader(string(in)), func(member string, text io.Reader) error {
		if !utf8.ValidString(member) || strings.ContainsFunc(member, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("a name that is not fit for display: %q", member)
		}
		sum := crc32.NewIEEE()
		n, err := io.Copy(sum, text)
		total += n
		fmt.Fprintf(&out, "%s %d %x\n", member, n, sum.Sum32())
		note(err)
		return nil
	})
	note(err)
	if limit := max(2<<20, 2*bombRatio*int64(len(in))); total > limit {
		t.Errorf("%d bytes of text out of %d", total, len(in))
	}
	return out.String(), sound
}
