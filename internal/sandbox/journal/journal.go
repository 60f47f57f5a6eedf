// Package journal is the durable list of the events that a sandbox recorded.
//
// It is a folder of segments, each named for the number of its first entry. Every
// Append is one write to the operating system, so an appended entry survives a crash
// of the process, but not necessarily of the machine.
package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// Entry is one recorded event.
type Entry struct {
	// Seq numbers entries from 1 in the order they were appended, without gaps.
	Seq uint64
	// Time is when the call arrived, by the sandbox's clock. It need not grow with
	// Seq: calls that overlap are recorded in the order of their answers. It is at
	// most MaxDisorder before the time of an earlier entry.
	Time time.Time
	// Account, Region and Category are those of the record: recipientAccountId,
	// awsRegion, eventCategory.
	Account  string
	Region   string
	Category string
	// Record is the CloudTrail record as JSON on one line.
	Record []byte
}

// MaxDisorder is by how much the times of entries may be out of order: the longest
// that a call is expected to take.
const MaxDisorder = 15 * time.Minute

// segmentSize is the maximum size of a segment in bytes. It also bounds what Open
// reads, and Trim removes whole segments.
const segmentSize = 8 << 20

// lockName is the name of the lock file, which is locked while a process uses the folder.
const lockName = "lock"

var (
	// ErrLocked means that another process has the journal open.
	ErrLocked = errors.New("another sandbox uses it")
	errClosed = errors.New("journal is closed")
)

// Journal is an open journal. It is safe for concurrent use.
type Journal struct {
	dir   string
	lock  *flock.Flock
	limit int64 // segmentSize, except in tests

	mu       sync.Mutex
	segments []uint64 // first Seq of each, ascending; the last is being written
	file     *os.File
	size     int64 // of the last segment, whole lines only
	last     uint64
	line     []byte // reused
	broken   error  // why Append no longer works
}

// Open opens the journal in dir and creates dir if it is missing. It removes an
// incomplete entry that a killed process left at the end. The error is ErrLocked if
// another process has the journal open, and a *DamageError if the last segment is
// damaged before its end.
func Open(dir string) (*Journal, error) { return open(dir, segmentSize) }

func open(dir string, limit int64) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{dir: dir, limit: limit, lock: flock.New(filepath.Join(dir, lockName))}
	locked, err := j.lock.TryLock()
	if err == nil && !locked {
		err = ErrLocked
	}
	if err == nil {
		err = j.recover()
	}
	if err != nil {
		_ = j.lock.Close() // err is more important
		return nil, fmt.Errorf("open journal %q: %w", dir, err)
	}
	return j, nil
}

// recover finds the segments and the end of the last one.
func (j *Journal) recover() error {
	names, err := os.ReadDir(j.dir)
	if err != nil {
		return err
	}
	for _, entry := range names {
		if first, ok := parseName(entry.Name()); ok {
			j.segments = append(j.segments, first)
		}
	}
	slices.Sort(j.segments)
	if len(j.segments) == 0 {
		return j.begin(1)
	}
	first := j.segments[len(j.segments)-1]
	j.file, err = os.OpenFile(j.path(first), os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	j.last = first - 1
	j.size, err = scan(j.path(first), j.file, wholeFile, first, func(e Entry) error {
		j.last = e.Seq
		return nil
	})
	if err == nil {
		err = j.file.Truncate(j.size)
	}
	if err == nil && j.size == 0 { // killed before the header was written
		_, err = j.file.WriteString(header)
		j.size = int64(len(header))
	}
	if err != nil {
		_ = j.file.Close()
	}
	return err
}

// begin creates the segment whose first entry has the number first.
func (j *Journal) begin(first uint64) error {
	file, err := os.OpenFile(j.path(first), os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(header); err != nil {
		return errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	j.file, j.size, j.last = file, int64(len(header)), first-1
	j.segments = append(j.segments, first)
	return nil
}

// Append gives e the next number, ignoring e.Seq, and appends it. When it returns, the
// operating system has the entry.
func (j *Journal) Append(e Entry) (seq uint64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return 0, fmt.Errorf("append to journal: %w", j.broken)
	}
	e.Seq = j.last + 1
	j.line, err = appendLine(j.line[:0], e)
	if err != nil {
		return 0, fmt.Errorf("append to journal: %w", err)
	}
	if err := j.turn(int64(len(j.line))); err != nil {
		return 0, fmt.Errorf("append to journal: %w", err)
	}
	if _, err := j.file.Write(j.line); err != nil {
		if cut := j.file.Truncate(j.size); cut != nil {
			j.broken = cut // the file ends with part of a line
		}
		return 0, fmt.Errorf("append to journal: %w", err)
	}
	j.size += int64(len(j.line))
	j.last = e.Seq
	return e.Seq, nil
}

// turn begins the next segment if the last one has no room for n bytes.
func (j *Journal) turn(n int64) error {
	if j.size+n <= j.limit || j.segments[len(j.segments)-1] == j.last+1 {
		return nil
	}
	full := j.file
	if err := full.Sync(); err != nil {
		return err
	}
	if err := j.begin(j.last + 1); err != nil {
		return err
	}
	return full.Close()
}

// Last returns the number of the newest entry, 0 if there is none.
func (j *Journal) Last() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// Trim removes the oldest segments whose entries are all older than before and have
// numbers below keep.
func (j *Journal) Trim(before time.Time, keep uint64) error {
	for {
		j.mu.Lock()
		segments := slices.Clone(j.segments)
		j.mu.Unlock()
		if len(segments) < 2 || segments[1] > keep {
			return nil
		}
		young := errors.New("young")
		err := j.readSegment(segments[0], wholeFile, func(e Entry) error {
			if !e.Time.Before(before) {
				return young
			}
			return nil
		})
		if errors.Is(err, young) {
			return nil
		}
		if err == nil {
			err = os.Remove(j.path(segments[0]))
		}
		if err != nil {
			return fmt.Errorf("trim journal: %w", err)
		}
		j.mu.Lock()
		j.segments = j.segments[1:]
		j.mu.Unlock()
	}
}

// Close syncs the journal to disk and unlocks it.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.broken, errClosed) {
		return nil
	}
	j.broken = errClosed
	if err := errors.Join(j.file.Sync(), j.file.Close(), j.lock.Close()); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

const (
	namePrefix = "events-"
	nameSuffix = ".journal"
)

func (j *Journal) path(first uint64) string {
	return filepath.Join(j.dir, fmt.Sprintf("%s%020d%s", namePrefix, first, nameSuffix))
}

func parseName(name string) (first uint64, ok bool) {
	number, prefixed := strings.CutPrefix(name, namePrefix)
	number, suffixed := strings.CutSuffix(number, nameSuffix)
	first, err := strconv.ParseUint(number, 10, 64)
	return first, prefixed && suffixed && err == nil && first > 0
}

// missing reports whether err is due to a segment that was trimmed after first was
// taken from the list.
func (j *Journal) missing(first uint64, err error) bool {
	if !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return !slices.Contains(j.segments, first)
}
