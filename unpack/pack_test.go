package unpack

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/base64"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// sample is what the bzip2 sample holds: nothing in Go writes that form.
const sample = `{"Records":[{"eventVersion":"1.08","eventName":"A"},{"eventVersion":"1.08","eventName":"B"}]}` + "\n"

const sampleBzip2 = "QlpoOTFBWSZTWQs3/GIAACxfgAAQEAVgUDABEQouI50KIABQoABoAAAqqanqBtR5QBjNSOjq/vraaM0lbdlLKprJZZYSkpz8q4u+QflD21QzIYnNHdqTL4vFW4u5IpwoSAWb/jEA"

func written(t testing.TB, open func(io.Writer) (io.WriteCloser, error), text string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := open(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipOf(t testing.TB, text string) string {
	return written(t, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }, text)
}

func zstdOf(t testing.TB, text string) string {
	return written(t, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }, text)
}

func xzOf(t testing.TB, text string) string {
	return written(t, func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }, text)
}

func bzip2Of(t testing.TB, text string) string {
	t.Helper()
	if text != sample {
		t.Fatal("the one bzip2 sample is of another text")
	}
	b, err := base64.StdEncoding.DecodeString(sampleBzip2)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// file is a member to pack.
type file struct{ name, text string }

func tarOf(t testing.TB, files ...file) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.text)), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipOf(t testing.TB, files ...file) string {
	t.Helper()
	return zipBy(t, zip.Deflate, files...)
}

func zipBy(t testing.TB, method uint16, files ...file) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		m, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(m, f.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
