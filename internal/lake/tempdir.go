package lake

import "path/filepath"

// TempDir is the folder of a lake for files that are removed before they are
// used. It is on the disk that the lake is on, whose size its owner knows.
func TempDir(dir string) string { return filepath.Join(dir, stateDir) }
