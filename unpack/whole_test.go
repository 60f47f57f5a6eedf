package unpack

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
)

// story is everything that a walk says of a file.
func story(w *Walker, src io.Reader) string {
	var b strings.Builder
	note := func(err error) {
		var fault *FaultError
		if errors.As(err, &fault) {
			fmt.Fprintf(&b, "fault %q at %d (%v)\n", fault.Cause, fault.Offset, fault.Err)
		} else if err != nil {
			fmt.Fprintf(&b, "%T %v\n", err, err)
		}
	}
	note(w.Walk(context.Background(), src, func(member string, text io.Reader) error {
		if taken, ok := text.(*Text); ok && taken.Len()%2 == 0 {
			fmt.Fprintf(&b, "%q %q\n", member, string(taken.Take()))
			return nil
		}
		data, err := io.ReadAll(text)
		fmt.Fprintf(&b, "%q %q\n", member, string(data))
		note(err)
		return nil
	}))
	if stored, plain := w.Bytes(); !strings.Contains(b.String(), "fault") { // else it depends on what src returns at once
		fmt.Fprintln(&b, stored, plain)
	}
	return b.String()
}

// gzipCases are gzip files, each sound or damaged in its own way.
func gzipCases(t testing.TB, random *rand.Rand, text string) map[string]string {
	t.Helper()
	one := gzipOf(t, text)
	with := func(h gzip.Header) string {
		return written(t, func(w io.Writer) (io.WriteCloser, error) {
			z := gzip.NewWriter(w)
			z.Header = h
			return z, nil
		}, text)
	}
	changed := func(in string, at int, to byte) string {
		out := []byte(in)
		out[(at+len(out))%len(out)] ^= to
		return string(out)
	}
	return map[string]string{
		"one":                one,
		"several":            one + gzipOf(t, "") + gzipOf(t, text),
		"nothing":            "",
		"no text":            gzipOf(t, ""),
		"a name":             with(gzip.Header{Name: "file.json"}),
		"a long name":        with(gzip.Header{Name: strings.Repeat("n", 600)}),
		"all fields":         with(gzip.Header{Name: "n", Comment: "c", Extra: []byte("xy\x01\x00z")}),
		"a header checksum":  changed(one, 3, 2),
		"reserved flags":     changed(one, 3, 0x80),
		"another method":     changed(one, 2, 1),
		"magic alone":        one[:2],
		"half a header":      one[:7],
		"cut":                one[:random.IntN(len(one))],
		"cut trailer":        one[:len(one)-3],
		"cut second":         one + one[:random.IntN(len(one))],
		"trailing zeros":     one + strings.Repeat("\x00", 512),
		"trailing text":      one + text,
		"trailing byte":      one + "\x1f",
		"bad CRC":            changed(one, -8, 1),
		"bad second CRC":     changed(one+one, -8, 1),
		"bad ISIZE":          changed(one, -4, 1),
		"ISIZE of gigabytes": changed(one, -1, 0xff),
		"damaged":            changed(one, 10+random.IntN(len(one)-18), byte(1+random.IntN(255))),
		"gzip in gzip":       gzipOf(t, one),
		"zip in gzip":        gzipOf(t, zipBy(t, zip.Store, file{"a", text})),
		"tar in gzip":        gzipOf(t, tarOf(t, file{"a", text}, file{"b", one})),
		"UTF-16 in gzip":     gzipOf(t, "\xff\xfe{\x00}\x00"),
		"a mark in gzip":     gzipOf(t, "\xef\xbb\xbf"+text),
		"an image in gzip":   gzipOf(t, "\x89PNG\r\n\x1a\n"+text),
		"binary in gzip":     gzipOf(t, "\x00\x01\x02\x03"),
		"a script in gzip":   gzipOf(t, "#!/bin/sh\n"),
		"plain":              text,
		"zip":                zipOf(t, file{"a", text}, file{"b", one}),
		"not gzip":           "\x1e" + one[1:],
	}
}

// sources are the ways in which a file comes.
func sources(t *testing.T, packed string) map[string]io.Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte(packed), 0o600); err != nil {
		t.Fatal(err)
	}
	onDisk, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = onDisk.Close() })
	return map[string]io.Reader{
		"stream":       strings.NewReader(packed),
		"memory":       bytes.NewBufferString(packed),
		"file":         onDisk,
		"with the end": iotest.DataErrReader(strings.NewReader(packed)),
		"by halves":    iotest.HalfReader(strings.NewReader(packed)),
	}
}

// TestWholeIsAsStream checks that a file read at once has the result that it has as a
// stream, to the byte. The walkers are reused, so that nothing of a file may be left in
// the next one.
func TestWholeIsAsStream(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	stream, atOnce := &Walker{Whole: -1}, &Walker{Whole: 64 << 10}
	for range 20 {
		text := `{"Records":[` + strings.Repeat(fmt.Sprintf(`{"eventVersion":"1.%d"},`, random.Uint64()), random.IntN(4000)) + `]}`
		for name, packed := range gzipCases(t, random, text) {
			want := story(stream, strings.NewReader(packed))
			for how, src := range sources(t, packed) {
				if got := story(atOnce, src); got != want {
					t.Fatalf("%s, %s: %.300s\nwant %.300s", name, how, got, want)
				}
			}
		}
	}
}

// TestWholeIsUsed checks that ordinary files are read at once, and that the others are not.
func TestWholeIsUsed(t *testing.T) {
	text := strings.Repeat(sample, 2000)
	for _, c := range []struct {
		name   string
		packed string
		whole  int
		want   bool
	}{
		{"ordinary", gzipOf(t, text), 0, true},
		{"never", gzipOf(t, text), -1, false},
		{"as long as allowed", gzipOf(t, text), len(text), true},
		{"longer", gzipOf(t, text), len(text) - 1, false},
		{"plain", text, 0, false},
		{"trailing bytes", gzipOf(t, text) + "x", 0, false},
	} {
		used := false
		w := Walker{Whole: c.whole}
		if err := w.Walk(context.Background(), strings.NewReader(c.packed), func(_ string, r io.Reader) error {
			_, used = r.(*Text)
			return nil
		}); err != nil || used != c.want {
			t.Errorf("%s: at once %t, %v", c.name, used, err)
		}
	}
}

// TestWholeFailingSource checks that an error of the source comes where it comes in the
// stream, also when the walk ends for it.
func TestWholeFailingSource(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	packed := gzipOf(t, strings.Repeat(sample, 100))
	broken := errors.New("broken")
	stream, atOnce := &Walker{Whole: -1}, &Walker{}
	for range 200 {
		cut := random.IntN(len(packed) + 1)
		source := func() io.Reader {
			return io.MultiReader(strings.NewReader(packed[:cut]), iotest.ErrReader(broken))
		}
		if want, got := story(stream, source()), story(atOnce, source()); got != want {
			t.Fatalf("after %d bytes: %.300s\nwant %.300s", cut, got, want)
		}
	}
}

// TestWholeCancelled checks that a walk ends with its context, before the file is read
// and while its text is.
func TestWholeCancelled(t *testing.T) {
	packed := gzipOf(t, strings.Repeat(sample, 100))
	ctx, cancel := context.WithCancel(t.Context())
	read := func(w *Walker) (n int, err error) {
		walked := w.Walk(ctx, strings.NewReader(packed), func(_ string, r io.Reader) error {
			_, _ = io.CopyN(io.Discard, r, 100)
			cancel()
			var data []byte
			data, err = io.ReadAll(r)
			n = len(data)
			return nil
		})
		return n, errors.Join(walked, err)
	}
	for range 2 { // then it is cancelled from the start
		if n, err := read(new(Walker)); n > 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
}

// FuzzWhole compares both ways of reading over arbitrary bytes. Where they differ, the
// stream refuses compressed data that no encoder writes, after text which is the same.
func FuzzWhole(f *testing.F) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, packed := range gzipCases(f, random, strings.Repeat(sample, 3)) {
		f.Add([]byte(packed))
	}
	stream, atOnce := &Walker{Whole: -1, grows: 1 << 20}, &Walker{grows: 1 << 20} // also reused from input to input
	f.Fuzz(func(t *testing.T, in []byte) {
		stream.TempDir = t.TempDir()
		atOnce.TempDir = stream.TempDir
		want, got := story(stream, bytes.NewReader(in)), story(atOnce, bytes.NewReader(in))
		if got != want && !strings.Contains(want, `fault "corrupt gzip"`) {
			t.Errorf("at once %q\nwant %q", got, want)
		}
	})
}
