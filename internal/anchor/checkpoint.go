package anchor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is the state of a log: C2SP's tlog-checkpoint, three lines of text.
type Checkpoint struct {
	Origin string // names the log
	Size   int64  // number of heads
	Root   tlog.Hash
}

// String returns the text of the checkpoint.
func (c Checkpoint) String() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// ParseCheckpoint parses a checkpoint, or the text of a signed note that is one.
// It does not check signatures.
func ParseCheckpoint(text []byte) (Checkpoint, error) {
	const most = 1 << 20
	if len(text) > most {
		return Checkpoint{}, errors.New("parse checkpoint: larger than any")
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 4 || lines[0] == "" {
		return Checkpoint{}, errors.New("parse checkpoint: not three lines of origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("parse checkpoint: size %q is not a number", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil || root.String() != lines[2] {
		return Checkpoint{}, fmt.Errorf("parse checkpoint: root %q is not a hash in base 64", lines[2])
	}
	return Checkpoint{lines[0], size, root}, nil
}
