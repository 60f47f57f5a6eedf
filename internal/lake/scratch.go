package lake

import "path/filepath"

// ScratchDir returns the folder in the lake in dir where readers make folders
// for temporary files, such as data that a query spills. It is made when it is
// needed, and may not be writable.
func ScratchDir(dir string) string { return filepath.Join(dir, stateDir, "tmp") }
