package bundle

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// MemberWriter writes a member whose size is not known before. Close adds it.
type MemberWriter struct {
	p    *Packer
	name string
	file *os.File
	to   *bufio.Writer // keeps its first error until Flush
}

// Create returns a writer of a member.
func (p *Packer) Create(name string) (*MemberWriter, error) { return p.create(name) }

func (p *Packer) create(name string) (*MemberWriter, error) {
	file, err := os.CreateTemp(p.dir.Path(), "member")
	if err != nil {
		return nil, fmt.Errorf("pack bundle: %w", err)
	}
	return &MemberWriter{p, name, file, bufio.NewWriter(file)}, nil
}

func (w *MemberWriter) Write(b []byte) (int, error) { return w.to.Write(b) }

// Close adds what was written to the packer.
func (w *MemberWriter) Close() error {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	return w.add()
}

// add is Close while the packer is locked.
func (w *MemberWriter) add() error {
	err := w.to.Flush()
	if err == nil {
		_, err = w.file.Seek(0, io.SeekStart)
	}
	if err == nil {
		err = w.p.add(w.name, w.file)
	}
	return errors.Join(err, w.remove())
}

func (w *MemberWriter) remove() error { return errors.Join(w.file.Close(), os.Remove(w.file.Name())) }
