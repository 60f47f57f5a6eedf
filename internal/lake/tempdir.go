package lake

import "path/filepath"

// TempDir returns the folder for temporary files that are removed before use.
// It is on the disk of the lake, whose size its owner knows.
func TempDir(dir string) string { return filepath.Join(dir, stateDir) }
