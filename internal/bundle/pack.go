package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/internal/scratch"
)

// sumsName is the member with the hashes of all others, as sha256sum prints them.
const sumsName = "SHA256SUMS"

// Packer collects the members of a bundle in a temporary file. Its memory grows
// with their number, by about 500 bytes for each. It may be used concurrently.
type Packer struct {
	dir  *scratch.Dir
	file *os.File

	mu      sync.Mutex
	end     int64 // of what the file holds
	members map[string]member
	objects map[string]object // by key in the archive
	unread  map[string]unread // by key in the archive
}

// member is a file of a bundle: where its content is, and the hash of it.
type member struct {
	offset, size int64
	hash         string // lower-case hex SHA-256
}

// NewPacker returns an empty packer. Its temporary files are in a new folder in dir,
// or in that of the system if dir is empty.
func NewPacker(dir string) (*Packer, error) {
	folder, err := scratch.New(dir)
	if err != nil {
		return nil, fmt.Errorf("pack bundle: %w", err)
	}
	file, err := os.Create(filepath.Join(folder.Path(), "members"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pack bundle: %w", err), folder.Remove())
	}
	return &Packer{dir: folder, file: file, members: map[string]member{}, objects: map[string]object{}, unread: map[string]unread{}}, nil
}

// Close removes the temporary files.
func (p *Packer) Close() error { return errors.Join(p.file.Close(), p.dir.Remove()) }

// Add adds a member. Its name must be new.
func (p *Packer) Add(name string, content []byte) error {
	return p.AddFrom(name, bytes.NewReader(content))
}

// AddFrom adds a member with what r reads. The packer is locked meanwhile.
func (p *Packer) AddFrom(name string, r io.Reader) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.add(name, r)
}

func (p *Packer) add(name string, r io.Reader) error {
	if _, ok := p.members[name]; ok || name == sumsName || !usable(name) {
		return fmt.Errorf("pack bundle: %q cannot be the name of another member", name)
	}
	sum := sha256.New()
	n, err := io.Copy(io.NewOffsetWriter(p.file, p.end), io.TeeReader(r, sum))
	if err != nil {
		return fmt.Errorf("pack bundle: %w", err)
	}
	p.members[name] = member{p.end, n, hex.EncodeToString(sum.Sum(nil))}
	p.end += n
	return nil
}

// usable reports whether a name is a path that stays inside the folder where a
// bundle is unpacked, on any system, and fits a line of text.
func usable(name string) bool {
	return fs.ValidPath(name) && name != "." && utf8.ValidString(name) && len(name) < 4096 &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) && filepath.IsLocal(filepath.FromSlash(name))
}

// open returns the content of a member.
func (p *Packer) open(m member) io.Reader { return io.NewSectionReader(p.file, m.offset, m.size) }

// WriteTo writes the bundle. The same members give the same bytes.
func (p *Packer) WriteTo(w io.Writer) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sums := sumsOf(p.members)
	names := namesOf(p.members)
	at, _ := slices.BinarySearch(names, sumsName)
	names = slices.Insert(names, at, sumsName)
	counted := &counter{to: w}
	out := tar.NewWriter(counted)
	for _, name := range names {
		m := p.members[name]
		content := p.open(m)
		if name == sumsName {
			m.size, content = int64(len(sums)), strings.NewReader(sums)
		}
		if err := out.WriteHeader(header(name, m.size)); err != nil {
			return counted.n, fmt.Errorf("write bundle: %w", err)
		}
		if _, err := io.Copy(out, content); err != nil {
			return counted.n, fmt.Errorf("write bundle: %w", err)
		}
	}
	return counted.n, out.Close()
}

type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

// header is the only header that a member of a name and a size can have. Long names
// are written in GNU's way, which the tar of small systems reads, too.
func header(name string, size int64) *tar.Header {
	h := &tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, Format: tar.FormatGNU,
		ModTime: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	if name == scriptName {
		h.Mode = 0o755
	}
	return h
}

func namesOf(members map[string]member) []string {
	names := make([]string, 0, len(members)+1)
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sumsOf returns what sha256sum prints for the members.
func sumsOf(members map[string]member) string {
	var b strings.Builder
	for _, name := range namesOf(members) {
		if strings.Contains(name, `\`) { // as sha256sum spells it
			b.WriteByte('\\')
		}
		fmt.Fprintf(&b, "%s  %s\n", members[name].hash, strings.ReplaceAll(name, `\`, `\\`))
	}
	return b.String()
}
