package lake

import "path/filepath"

// TempDir returns the folder, of a lake in the folder dir, for temporary files
// that are removed before use. It is on the disk of the lake, whose size its
// owner knows.
func TempDir(dir string) string { return filepath.Join(dir, stateDir) }

const scratchDir = stateDir + "/tmp"

// ScratchDir returns the folder, of a lake in the folder dir, where readers make
// folders for temporary files, such as data that a query spills. It is made when
// it is needed, and may not be writable.
func ScratchDir(dir string) string { return filepath.Join(dir, filepath.FromSlash(scratchDir)) }
