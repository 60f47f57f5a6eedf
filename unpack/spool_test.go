package unpack

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// large is a zip archive that is brought to a temporary file.
func large(t *testing.T) string {
	t.Helper()
	noise := make([]byte, spoolMemory+1)
	random := rand.NewPCG(1, 2)
	for i := range noise {
		noise[i] = byte(random.Uint64()) | 0x80
	}
	return zipBy(t, zip.Store, file{"noise", string(noise)}, file{"m", sample})
}

func TestTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	w := Walker{TempDir: dir}
	stop := errors.New("stop")
	for _, end := range []error{nil, stop} {
		members := 0
		err := w.Walk(context.Background(), strings.NewReader(large(t)), func(member string, text io.Reader) error {
			members++
			left, err := os.ReadDir(dir)
			if err != nil || len(left) > 0 {
				t.Errorf("the temporary file has a name: %v, %v", left, err)
			}
			if b, err := io.ReadAll(text); member == "m" && (err != nil || string(b) != sample) {
				t.Errorf("%q, %v", b, err)
			}
			return end
		})
		if !errors.Is(err, end) || members != map[bool]int{true: 2, false: 1}[end == nil] {
			t.Errorf("%d members, %v", members, err)
		}
	}
}

// That there is no room for a temporary file is no fault of the archive.
func TestNoTemporaryFile(t *testing.T) {
	w := Walker{TempDir: filepath.Join(t.TempDir(), "missing")}
	err := w.Walk(context.Background(), strings.NewReader(large(t)), func(string, io.Reader) error { return nil })
	var fault *FaultError
	if !errors.As(err, &fault) || !errors.Is(fault.Err, fs.ErrNotExist) || fault.Cause != "no temporary file to unpack it in: no such file or directory" {
		t.Errorf("%v", err)
	}
}
