package lake

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// LastCommit returns the time of the last commit to the lake in dir: the
// modification time of its manifest.
func LastCommit(dir string) (time.Time, error) {
	info, err := os.Stat(filepath.Join(dir, stateDir, manifestName))
	if err != nil {
		return time.Time{}, fmt.Errorf("open lake %q: %w", dir, err)
	}
	return info.ModTime().UTC(), nil
}
