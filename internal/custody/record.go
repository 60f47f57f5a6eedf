package custody

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/cerpac/trailkeeper/internal/verify"
)

// record is one record of a file of the store.
type record struct {
	kind  byte
	id    id     // of recordThere and recordRefused
	key   string // of recordVouched
	hash  [sha256.Size]byte
	state verify.State
	text  string // the key of the digest of recordVouched, or the reason of recordRefused
}

// each calls f with each record of a day but those of digests.
func (s *store) each(ctx context.Context, name string, f func(record) error) error {
	file, err := os.Open(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close() // only read
	r := reader{in: bufio.NewReaderSize(file, 256<<10), texts: map[string]string{}}
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		next, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read %q: %w", file.Name(), err)
		}
		if next.kind == recordDigest {
			continue
		}
		if err := f(next); err != nil {
			return err
		}
	}
}

// reader reads the records of a file.
type reader struct {
	in     *bufio.Reader
	digest string            // of the records that follow
	texts  map[string]string // digests and reasons, which repeat
}

// next reads a record. The error is io.EOF at the end of the file.
func (r *reader) next() (next record, err error) {
	if next.kind, err = r.in.ReadByte(); err != nil {
		return next, err
	}
	switch next.kind {
	case recordDigest:
		r.digest, err = r.known()
	case recordVouched:
		next.text = r.digest
		if next.key, err = r.readText(); err == nil {
			_, err = io.ReadFull(r.in, next.hash[:])
		}
	case recordThere:
		_, err = io.ReadFull(r.in, next.id[:])
	case recordRefused:
		err = r.refused(&next)
	default:
		err = fmt.Errorf("a record of kind %q", next.kind)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return next, err
}

func (r *reader) refused(next *record) error {
	if _, err := io.ReadFull(r.in, next.id[:]); err != nil {
		return err
	}
	state, err := r.in.ReadByte()
	if err != nil {
		return err
	}
	if int(state) >= len(verify.States()) {
		return errors.New("a state that there is not")
	}
	next.state = verify.States()[state]
	next.text, err = r.known()
	return err
}

// known reads a text of which there are few.
func (r *reader) known() (string, error) {
	text, err := r.readText()
	if known, ok := r.texts[text]; ok {
		return known, err
	}
	r.texts[text] = text
	return text, err
}

const maxText = 1 << 20 // bytes

func (r *reader) readText() (string, error) {
	n, err := binary.ReadUvarint(r.in)
	if err != nil {
		return "", err
	}
	if n > maxText {
		return "", fmt.Errorf("a text of more than %d bytes", maxText)
	}
	text := make([]byte, n)
	_, err = io.ReadFull(r.in, text)
	return string(text), err
}

func appendText(to []byte, text string) []byte {
	text = text[:min(len(text), maxText)]
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}
