// Package anchor keeps the heads of digest chains in an append-only log, so that a
// later run can prove that nothing it saw before was taken away.
//
// The log is a folder with two files. heads.jsonl has one line for each head; the
// lines are the leaves of a Merkle tree as in RFC 6962. checkpoint is the tree's
// size and root in the format of C2SP's tlog-checkpoint. Whoever keeps a copy of a
// checkpoint elsewhere can prove that the log still begins with what it was then.
package anchor

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/cerpac/trailkeeper/internal/durable"
)

// Names of the files of a log.
const (
	headsName      = "heads.jsonl"
	checkpointName = "checkpoint"
	lockName       = "lock"
)

// Head is the newest digest of a chain, as a run found it.
type Head struct {
	Organization string    `json:"organization,omitempty"`
	Account      string    `json:"account"`
	Region       string    `json:"region"`
	Trail        string    `json:"trail"`
	HomeRegion   string    `json:"home_region"`
	Bucket       string    `json:"bucket"` // where the digest was delivered
	Object       string    `json:"object"`
	End          time.Time `json:"end"`    // of its hour
	SHA256       string    `json:"sha256"` // of its uncompressed bytes, lower-case hex
}

// id names the digest of a head.
func id(bucket, object string) [sha256.Size]byte {
	return sha256.Sum256([]byte(bucket + "\n" + object))
}

// Log is an open log. Its memory is about 100 bytes for each head.
type Log struct {
	dir    string
	origin string
	lock   *flock.Flock
	size   int64 // bytes of heads.jsonl that hold whole lines
	tree   tree
	heads  map[[sha256.Size]byte]*known
	opened []byte      // the checkpoint as it was stored when the log was opened
	signer note.Signer // nil for none
}

// known is what the log says of one digest.
type known struct {
	line int // from 1
	hash string
	seen bool
}

// maxLine bounds a line of heads.jsonl.
const maxLine = 64 << 10

// Open opens the log in a folder, and makes both when they are absent. Only one
// process can have it open.
func Open(dir string) (_ *Log, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open anchor log: %w", err)
	}
	l := &Log{dir: dir, heads: map[[sha256.Size]byte]*known{}, lock: flock.New(filepath.Join(dir, lockName))}
	if free, err := l.lock.TryLock(); err != nil || !free {
		return nil, fmt.Errorf("open anchor log %q: %w", dir, errors.Join(errors.New("another process has it open"), err))
	}
	defer func() {
		if err != nil {
			_ = l.Close() // the first error matters
		}
	}()
	last, err := l.readCheckpoint()
	if err != nil {
		return nil, err
	}
	if err := l.read(func(Head) error { return nil }, true); err != nil {
		return nil, err
	}
	// The log may be longer: a run may have ended before it wrote its checkpoint.
	if last == nil {
		l.origin = "trailkeeper-anchor/" + uuid.NewString()
		return l, l.writeCheckpoint()
	}
	l.origin = last.Origin
	return l, l.Extends(*last)
}

// Close lets other processes open the log.
func (l *Log) Close() error { return l.lock.Close() }

func (l *Log) readCheckpoint() (*Checkpoint, error) {
	text, err := os.ReadFile(filepath.Join(l.dir, checkpointName))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(l.dir, headsName)); err == nil {
			return nil, fmt.Errorf("open anchor log %q: it has heads and no checkpoint", l.dir)
		}
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open anchor log: %w", err)
	}
	c, err := ParseCheckpoint(text)
	if err != nil {
		return nil, fmt.Errorf("open anchor log %q: %w", l.dir, err)
	}
	l.opened = text
	return &c, nil
}

// read calls f with each head. With load it fills the tree and the index, too. It
// ignores a last line without a line feed, which an interrupted run leaves.
func (l *Log) read(f func(Head) error, load bool) error {
	file, err := os.Open(filepath.Join(l.dir, headsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read anchor log: %w", err)
	}
	defer file.Close()
	lines := bufio.NewReaderSize(file, maxLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		var h Head
		if err == nil {
			err = json.Unmarshal(line, &h)
		}
		if err != nil {
			return fmt.Errorf("read anchor log %q: line %d: %w", file.Name(), n, err)
		}
		if load {
			l.size += int64(len(line))
			l.load(bytes.TrimSuffix(line, []byte("\n")), h)
		}
		if err := f(h); err != nil {
			return err
		}
	}
}

func (l *Log) load(leaf []byte, h Head) {
	l.tree.add(tlog.RecordHash(leaf))
	l.heads[id(h.Bucket, h.Object)] = &known{line: len(l.tree.leaves), hash: h.SHA256}
}

// Seen takes a digest that is in the archive. ok is false if the log has it with
// another hash, which is returned.
func (l *Log) Seen(bucket, object, hash string) (anchored string, ok bool) {
	k := l.heads[id(bucket, object)]
	if k == nil {
		return "", true
	}
	k.seen = true
	return k.hash, k.hash == hash
}

// Has reports whether the log has a digest as the head of a chain.
func (l *Log) Has(bucket, object string) bool { return l.heads[id(bucket, object)] != nil }

// Unseen calls f with each head that was not passed to Seen.
func (l *Log) Unseen(f func(Head) error) error {
	return l.read(func(h Head) error {
		if k := l.heads[id(h.Bucket, h.Object)]; k == nil || k.seen {
			return nil
		}
		return f(h)
	}, false)
}

// Append adds the heads that the log does not have, and writes the checkpoint.
func (l *Log) Append(heads []Head) (added int, err error) {
	var lines bytes.Buffer
	var leaves []Head
	for _, h := range heads {
		if l.heads[id(h.Bucket, h.Object)] != nil {
			continue
		}
		line, err := json.Marshal(h)
		if err != nil {
			return 0, fmt.Errorf("append to anchor log: %w", err)
		}
		lines.Write(append(line, '\n'))
		leaves = append(leaves, h)
		l.load(line, h)
	}
	if err := l.write(lines.Bytes()); err != nil {
		return 0, fmt.Errorf("append to anchor log %q: %w", l.dir, err)
	}
	return len(leaves), l.writeCheckpoint()
}

// write appends lines after the last whole one.
func (l *Log) write(lines []byte) error {
	f, err := os.OpenFile(filepath.Join(l.dir, headsName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	err = f.Truncate(l.size) // cuts a line that was not finished
	if err == nil {
		_, err = f.WriteAt(lines, l.size)
	}
	if err == nil {
		err = f.Sync()
	}
	l.size += int64(len(lines))
	return errors.Join(err, f.Close())
}

func (l *Log) writeCheckpoint() error {
	text, err := l.text()
	if err != nil {
		return err
	}
	if err := durable.WriteFile(l.Path(), text, 0o600); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}

// Checkpoint returns the log's size and root as they are now.
func (l *Log) Checkpoint() Checkpoint {
	n := int64(len(l.tree.leaves))
	root, _ := l.tree.root(n) // it has that many
	return Checkpoint{Origin: l.origin, Size: n, Root: root}
}

// Path returns the path of the checkpoint.
func (l *Log) Path() string { return filepath.Join(l.dir, checkpointName) }

// ForkError reports that a log does not continue what a checkpoint says.
type ForkError struct{ Reason string }

func (e *ForkError) Error() string { return "anchor log: " + e.Reason }

// Extends returns a *[ForkError] if the log does not begin with what the
// checkpoint says that it was.
func (l *Log) Extends(c Checkpoint) error {
	if c.Origin != l.origin {
		return fmt.Errorf("anchor log: the checkpoint is of %q, this log is %q", c.Origin, l.origin)
	}
	root, ok := l.tree.root(c.Size)
	if !ok {
		return &ForkError{fmt.Sprintf("it was cut: the checkpoint has %d heads, the log has %d", c.Size, len(l.tree.leaves))}
	}
	if root != c.Root {
		return &ForkError{fmt.Sprintf("its first %d heads are not those of the checkpoint", c.Size)}
	}
	return nil
}
