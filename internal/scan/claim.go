package scan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cerpac/trailkeeper/archive"
)

// Claim is what the content of a file must be.
type Claim interface {
	// Check compares a file as it is stored with the claim. It returns the text to
	// read the records from, which is what was compared and no second reading of the
	// archive. room may hold it. Of a file that is something else, refused says why.
	// The text is read before stored is closed, and before the next call.
	Check(stored io.ReadSeeker, room *bytes.Buffer) (text io.Reader, refused *Refusal, err error)
}

// Refusal is why a file that can be read is refused: its content has no proof.
type Refusal struct {
	State  string // such as tampered; files are counted by it
	Reason string
	Bad    bool // the state is evidence against the archive
	Open   bool // the state is not decided yet: a later run will know
}

// claimed opens a file with a claim: its content is copied and compared before
// anything of it is read. The hash of the file is known then.
func (w *worker) claimed(ctx context.Context, f *File) (text io.ReadCloser, refused *Refusal, err error) {
	src, err := w.run.opts.Source.Open(ctx, f.Object)
	if err != nil {
		return nil, nil, err
	}
	defer src.Close()                                          // only read from
	defer context.AfterFunc(ctx, func() { _ = src.Close() })() // ends a blocked read
	sum := sha256.New()
	copied, size, err := w.whole.keep(io.TeeReader(src, sum), w.run.opts.TempDir)
	if err != nil {
		return nil, nil, err
	}
	sum.Sum(f.SHA256[:0])
	f.Hashed, f.stored = true, size
	plain, refused, err := f.Claim.Check(copied, &w.text)
	if err != nil || refused != nil {
		return nil, refused, errors.Join(err, copied.Close())
	}
	return held{plain, copied}, nil, nil
}

// kept is a private copy of a file.
type kept interface {
	io.ReadSeeker
	io.Closer
}

// keep copies a file to memory, or to a temporary file if it is large.
func (h *holder) keep(src io.Reader, dir string) (kept, int64, error) {
	h.buf.Reset()
	n, err := h.buf.ReadFrom(io.LimitReader(src, h.limit))
	if err != nil || n < h.limit {
		return inMemory{bytes.NewReader(h.buf.Bytes())}, n, err
	}
	file, err := os.CreateTemp(dir, ".claim-*")
	if err != nil {
		return nil, 0, fmt.Errorf("make temporary file: %w", err)
	}
	// Removed before use if the system allows it, so that no file is left behind.
	copied := onDisk{file, os.Remove(file.Name()) == nil}
	if n, err = io.Copy(file, io.MultiReader(&h.buf, src)); err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, 0, errors.Join(err, copied.Close())
	}
	return copied, n, nil
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

type onDisk struct {
	*os.File
	removed bool
}

func (f onDisk) Close() error {
	err := f.File.Close()
	if !f.removed {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// Refused is a file that was refused.
type Refused struct {
	File   string `json:"file"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

// UnprovenFiles accounts for the files that were refused.
type UnprovenFiles struct {
	States map[string]int64 `json:"states"` // numbers by state
	Files  []Refused        `json:"files"`  // the first ones
	Bad    int64            `json:"-"`      // those in a state that is evidence against the archive
	Open   int64            `json:"-"`      // those whose state is not decided yet
}

// refused accounts for a file without a result of reading it.
func (a *Account) refused(o archive.Object, r *Refusal) {
	a.Files.Unproven++
	u := &a.Unproven
	u.States = one(u.States, r.State)
	if r.Bad {
		u.Bad++
	}
	if r.Open {
		u.Open++
	}
	if len(u.Files) < maxProblems {
		u.Files = append(u.Files, Refused{o.Key, r.State, r.Reason})
	}
}

// add adds the account of one file.
func (u *UnprovenFiles) add(file *UnprovenFiles) {
	u.States = plus(u.States, file.States)
	u.Bad += file.Bad
	u.Open += file.Open
	u.Files = append(u.Files, file.Files[:min(len(file.Files), maxProblems-len(u.Files))]...)
}
