package lake

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// LastCommit returns when something was last brought into the lake in dir: the
// time of its manifest's file.
func LastCommit(dir string) (time.Time, error) {
	info, err := os.Stat(filepath.Join(dir, stateDir, manifestName))
	if err != nil {
		return time.Time{}, fmt.Errorf("open lake %q: %w", dir, err)
	}
	return info.ModTime().UTC(), nil
}
