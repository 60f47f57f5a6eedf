package finding

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// MaxMessage is the longest line of a stream that Read takes, in bytes.
const MaxMessage = 32 << 20

// NewWriter returns a handler that holds a stream to its rules, as Strict does, and
// writes it as JSON Lines, one message a line. Each message is written at once. Close
// does not close w.
func NewWriter(w io.Writer) Handler { return Strict(writer{w}) }

type writer struct{ to io.Writer }

func (w writer) Handle(m Message) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(m); err != nil {
		return fmt.Errorf("write message: %w", err)
	}
	_, err := w.to.Write(line.Bytes())
	return err
}

func (writer) Close() error { return nil }

// PassedOver counts what Read did not understand in a stream of a newer minor version.
type PassedOver struct {
	Messages map[string]int64 // by kind
	Members  int64            // messages of known kinds with members that are not known
}

// Any reports whether anything was passed over.
func (p PassedOver) Any() bool { return len(p.Messages) > 0 || p.Members > 0 }

// String describes the counts in words.
func (p PassedOver) String() string {
	var kinds []string
	for kind, n := range p.Messages {
		kinds = append(kinds, fmt.Sprintf("%d of kind %q", n, kind))
	}
	slices.Sort(kinds)
	if p.Members > 0 {
		kinds = append(kinds, fmt.Sprintf("members of %d messages", p.Members))
	}
	return strings.Join(kinds, ", ")
}

// Read gives the messages of a stream, as NewWriter writes it, to h, and closes it. A
// stream of a newer minor version may have kinds of messages and members that are not
// known here; they are passed over and counted. All else that is not as it should be
// is an error with the line: a stream that was cut, JSON that is none, a message out
// of order, counts that do not add up.
func Read(r io.Reader, h Handler) (PassedOver, error) {
	reader := &reader{to: Strict(h), passed: PassedOver{Messages: map[string]int64{}}}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), MaxMessage)
	number := 0
	for lines.Scan() {
		number++
		if err := reader.line(lines.Bytes()); err != nil {
			return reader.passed, errors.Join(fmt.Errorf("read finding stream: line %d: %w", number, err), h.Close())
		}
	}
	err := lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("line %d is longer than %d bytes", number+1, MaxMessage)
	}
	if err != nil {
		return reader.passed, errors.Join(fmt.Errorf("read finding stream: %w", err), h.Close())
	}
	if err := reader.to.Close(); err != nil {
		return reader.passed, fmt.Errorf("read finding stream: after line %d: %w", number, err)
	}
	return reader.passed, nil
}

type reader struct {
	to     Handler
	newer  bool
	passed PassedOver
}

func (r *reader) line(line []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		return err
	}
	if config := members["config"]; config != nil {
		var version struct {
			Protocol string `json:"protocol"`
		}
		if err := json.Unmarshal(config, &version); err != nil {
			return err
		}
		var err error
		if r.newer, err = newer(version.Protocol); err != nil {
			return err
		}
	}
	if r.newer && len(members) == 1 {
		for kind := range members {
			if !slices.Contains(kinds(), kind) {
				r.passed.Messages[kind]++
				return nil
			}
		}
	}
	m, err := decode(line, true)
	if err != nil && r.newer {
		// What is wrong for the exact reader alone is a member that is not known.
		if m, err = decode(line, false); err == nil {
			r.passed.Members++
		}
	}
	if err != nil {
		return err
	}
	return r.to.Handle(m)
}

func kinds() []string {
	return []string{"config", "check", "progress", "problem", "finding", "incident", "change", "summary"}
}

func decode(line []byte, exact bool) (m Message, err error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	if exact {
		decoder.DisallowUnknownFields()
	}
	err = decoder.Decode(&m)
	return m, err
}
