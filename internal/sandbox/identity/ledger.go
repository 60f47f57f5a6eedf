package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cerpac/trailkeeper/internal/sandbox/spool"
)

// ledgerFormat is in the first line of the file.
const ledgerFormat = 1

// ledger is the file of a directory's changes: one JSON object per line, oldest first.
type ledger struct{ path string }

// change is a line of the ledger.
type change struct {
	Format int     `json:"format,omitempty"` // in the first line only
	Person *person `json:"person,omitempty"`
	User   *user   `json:"user,omitempty"`
	Gone   *user   `json:"gone,omitempty"`
}

// read calls take for each change. It ignores an incomplete last line, left by a killed
// sandbox: its call was never answered.
func (l *ledger) read(take func(change)) error {
	text, err := os.ReadFile(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read identities: %w", err)
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	number := 0
	for line := range bytes.Lines(text) {
		number++
		var c change
		if err := json.Unmarshal(line, &c); err != nil {
			return fmt.Errorf("read identities: %q line %d: %w", l.path, number, err)
		}
		if number == 1 && c.Format != ledgerFormat {
			return fmt.Errorf("read identities: %q has format %d, not %d, the one this version knows", l.path, c.Format, ledgerFormat)
		}
		take(c)
	}
	return nil
}

func (l *ledger) append(changes []change) error {
	text, err := lines(changes)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("write identities: %w", err)
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write identities: %w", err)
	}
	return nil
}

// replace atomically replaces the ledger.
func (l *ledger) replace(changes []change) error {
	text, err := lines(append([]change{{Format: ledgerFormat}}, changes...))
	if err != nil {
		return err
	}
	if err := spool.Dir(filepath.Dir(l.path)).Write(filepath.Base(l.path), text); err != nil {
		return fmt.Errorf("write identities: %w", err)
	}
	return nil
}

func lines(changes []change) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	for _, c := range changes {
		if err := encoder.Encode(c); err != nil {
			return nil, fmt.Errorf("write identities: %w", err)
		}
	}
	return text.Bytes(), nil
}
