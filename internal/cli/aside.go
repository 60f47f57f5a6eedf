package cli

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cerpac/trailkeeper/internal/durable"
)

// WriteAside calls write with a temporary file beside path and renames it to
// path on success. A path that ends in .gz is compressed.
func WriteAside(path string, write func(io.Writer) error) error {
	aside, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.partial")
	if err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	err = durable.Replace(path, aside, func(f *os.File) error {
		return compressed(f, strings.HasSuffix(path, ".gz"), write)
	})
	if err != nil {
		err = SayKept(err, fmt.Sprintf("nothing of this run is kept; %q is as it was before", path))
	}
	return err
}

func compressed(w io.Writer, gzipped bool, write func(io.Writer) error) error {
	if !gzipped {
		return write(w)
	}
	packed := gzip.NewWriter(w)
	if err := write(packed); err != nil {
		return err
	}
	return packed.Close()
}
