package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// DamagedError reports that a file is not a bundle as it was written.
type DamagedError struct {
	Member string // where it differs; "" for the file as a whole
	Reason string
}

func (e *DamagedError) Error() string {
	if e.Member == "" {
		return "not a bundle as it was written: " + e.Reason
	}
	return fmt.Sprintf("not a bundle as it was written: member %q: %s", e.Member, e.Reason)
}

// Bounds on what a bundle makes a reader hold in memory.
const (
	maxMembers = 4 << 20  // about 2 GB of memory
	maxText    = 64 << 20 // of a member that is read whole
)

// Bundle is an open bundle. It is safe for concurrent use.
type Bundle struct {
	// Info says what was verified.
	Info Info

	path    string
	file    *os.File
	members map[string]member
	objects map[string]object
	unread  map[string]unread
	logs    Logs // of a copy of the archive, or nil
}

// Open opens a bundle and compares all of it with its hashes. The error is a
// *[DamagedError] if it is not as it was written. It ends early with ctx.
func Open(ctx context.Context, path string) (_ *Bundle, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	b := &Bundle{path: path, file: file, members: map[string]member{}, objects: map[string]object{}, unread: map[string]unread{}}
	if err := b.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open bundle %q: %w", path, err), file.Close())
	}
	return b, nil
}

// Close closes the file.
func (b *Bundle) Close() error { return b.file.Close() }

func (b *Bundle) load(ctx context.Context) error {
	if info, err := b.file.Stat(); err != nil || !info.Mode().IsRegular() {
		return errors.Join(err, errors.New("not a regular file"))
	}
	sums, err := b.index(ctx)
	if err != nil {
		return err
	}
	if want := sha256.Sum256([]byte(sumsOf(b.members))); sums != hex.EncodeToString(want[:]) {
		return &DamagedError{sumsName, "its hashes are not those of the other members"}
	}
	return errors.Join(b.readInfo(), b.readObjects())
}

// index reads the whole file and remembers where the members are. It returns the hash
// of the list of hashes. It writes each
// again as it is read, and compares: so that nothing is accepted that a Packer does
// not write, whatever the library for tar files makes of it.
func (b *Bundle) index(ctx context.Context) (sums string, err error) {
	same := &comparer{with: b.file}
	again := tar.NewWriter(same)
	disk := &ioReader{ctx: ctx, r: io.NewSectionReader(b.file, 0, 1<<62)}
	in := tar.NewReader(disk)
	last := ""
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if disk.err != nil {
			return "", disk.err
		}
		if err != nil {
			return "", &DamagedError{last, "what follows it: " + err.Error()}
		}
		if !usable(h.Name) || h.Name <= last || h.Size < 0 || len(b.members) >= maxMembers {
			return "", &DamagedError{h.Name, "its name or its place is not one of a bundle"}
		}
		last = h.Name
		if err := again.WriteHeader(header(h.Name, h.Size)); err != nil {
			return "", &DamagedError{h.Name, err.Error()}
		}
		sum := sha256.New()
		m := member{offset: same.at, size: h.Size}
		if _, err := io.Copy(io.MultiWriter(sum, again), in); err != nil {
			if disk.err != nil {
				return "", disk.err
			}
			return "", &DamagedError{h.Name, err.Error()}
		}
		m.hash = hex.EncodeToString(sum.Sum(nil))
		if h.Name == sumsName {
			sums = m.hash
			continue
		}
		b.members[h.Name] = m
	}
	if err := again.Close(); err != nil {
		return "", &DamagedError{"", err.Error()}
	}
	if !same.ended() {
		return "", &DamagedError{"", "data after its end"}
	}
	return sums, nil
}

// ioReader remembers the error of the storage, which is no evidence against a bundle.
type ioReader struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (r *ioReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		r.err = context.Cause(r.ctx)
		return 0, r.err
	}
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// text returns the content of a member that is read whole.
func (b *Bundle) text(m member) ([]byte, error) {
	most := int64(maxText)
	if m.size > most {
		return nil, fmt.Errorf("%d bytes, more than %d", m.size, most)
	}
	text := make([]byte, m.size)
	_, err := b.file.ReadAt(text, m.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return text, nil
}

// Text returns the content of a small member.
func (b *Bundle) Text(name string) ([]byte, bool, error) {
	m, ok := b.members[name]
	if !ok {
		return nil, false, nil
	}
	text, err := b.text(m)
	if err != nil {
		return nil, true, fmt.Errorf("read bundle %q: member %q: %w", b.path, name, err)
	}
	return text, true, nil
}

// comparer is a writer that fails when what is written to it differs from a file.
type comparer struct {
	with io.ReaderAt
	at   int64
	has  []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	if len(c.has) < len(p) {
		c.has = make([]byte, len(p))
	}
	has := c.has[:len(p)]
	n, err := c.with.ReadAt(has, c.at)
	if n < len(p) && err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if !bytes.Equal(has[:n], p) {
		return 0, errors.New("another header, order or padding than a bundle has")
	}
	c.at += int64(n)
	return n, nil
}

// ended reports whether the file ends where the writing did.
func (c *comparer) ended() bool {
	n, err := c.with.ReadAt(make([]byte, 1), c.at)
	return n == 0 && errors.Is(err, io.EOF)
}
