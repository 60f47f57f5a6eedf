package ingest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// refusal is a line of the quarantine listing: a file that could not be read to
// its end, or a rejected piece of a file. Bytes holds the text if it is not
// UTF-8.
type refusal struct {
	Kind   string `json:"kind"` // "file" or "event"
	File   string `json:"file"`
	Offset int64  `json:"offset"` // in the uncompressed file
	Cause  string `json:"cause"`
	Text   string `json:"text,omitempty"`
	Bytes  []byte `json:"base64,omitempty"`
	Size   int    `json:"size,omitempty"`   // of the piece, when Text or Bytes is only its beginning
	Pieces int64  `json:"pieces,omitempty"` // number of pieces of the line, if not one
}

const (
	// maxText is the number of bytes of a piece that are listed: more than
	// CloudTrail's longest event.
	maxText = 1 << 20

	// maxListed is the number of pieces of a file, and of members of an archive,
	// that have their own line.
	maxListed = 10000
)

// quarantine collects the lines of the listing for the next commit. What an
// earlier run listed is not listed again.
type quarantine struct {
	mu     sync.Mutex
	listed map[uint64]bool
	lines  []byte
	pieces int64
}

func newQuarantine(ctx context.Context, store lake.Store, listings []string) (*quarantine, error) {
	q := &quarantine{listed: map[uint64]bool{}}
	for _, name := range listings {
		err := q.load(ctx, store, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &lake.MissingError{Dir: store.Location(""), What: "listing of what was refused", Path: store.Location(name)}
		}
		if err != nil {
			return nil, fmt.Errorf("read quarantine: %w", err)
		}
	}
	return q, nil
}

func (q *quarantine) load(ctx context.Context, store lake.Store, name string) error {
	f, err := store.Open(ctx, name)
	if err != nil {
		return err
	}
	defer f.Close() // only read from
	lines := json.NewDecoder(bufio.NewReader(io.NewSectionReader(f, 0, f.Size())))
	for {
		var r refusal
		switch err := lines.Decode(&r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", store.Location(name), err)
		}
		q.listed[r.key()] = true
	}
}

func (r refusal) key() uint64 {
	return xxh3.HashString(fmt.Sprintf("%s\x00%s\x00%d\x00%s", r.Kind, r.File, r.Offset, r.Cause))
}

// file lists a file and returns the size of its line in bytes.
func (q *quarantine) file(file string, offset int64, cause string) int64 {
	return q.list(refusal{Kind: "file", File: file, Offset: offset, Cause: cause})
}

// piece lists a piece of a file and returns the size of its line in bytes.
func (q *quarantine) piece(file string, offset int64, cause string, text []byte) int64 {
	r := refusal{Kind: "event", File: file, Offset: offset, Cause: cause}
	if len(text) > maxText {
		r.Size = len(text)
		text = text[:maxText]
		for n := 0; n < utf8.UTFMax && !utf8.Valid(text); n++ { // a character that was cut
			text = text[:len(text)-1]
		}
	}
	if utf8.Valid(text) {
		r.Text = string(text)
	} else {
		r.Bytes = text
	}
	return q.list(r)
}

// others lists the remaining pieces of a file, from offset on, in one line.
func (q *quarantine) others(file string, offset, pieces int64) int64 {
	return q.list(refusal{Kind: "event", File: file, Offset: offset, Cause: "further pieces of a file that has many", Pieces: pieces})
}

func (q *quarantine) list(r refusal) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	key := r.key()
	if q.listed[key] {
		return 0
	}
	q.listed[key] = true
	if r.Kind == "event" {
		q.pieces += max(r.Pieces, 1)
	}
	line, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and numbers can always be written
	}
	before := len(q.lines)
	q.lines = append(append(q.lines, line...), '\n')
	return int64(len(q.lines) - before)
}

// take returns the collected lines and their number of pieces.
func (q *quarantine) take() (lines []byte, pieces int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lines, pieces = q.lines, q.pieces
	q.lines, q.pieces = nil, 0
	return lines, pieces
}
