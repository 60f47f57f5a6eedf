package logfile

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/event"
)

// readerFunc is a source that a function makes up.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// endless is the start of a file and then one character for ever. It cancels a
// reading the first time that one comes.
func endless(start string, c byte, cancel func()) io.Reader {
	return io.MultiReader(strings.NewReader(start), readerFunc(func(p []byte) (int, error) {
		cancel()
		for i := range p {
			p[i] = c
		}
		return len(p), nil
	}))
}

// TestCancelInside cancels inside values that never end: nothing more is read.
func TestCancelInside(t *testing.T) {
	for _, c := range []struct {
		name, start string
		then        byte
	}{
		{"string", `{"Records":[{"a":"`, 'x'},
		{"number", `{"Records":[1`, '1'},
		{"nesting", `[{"a":`, '['},
		{"space", `{"Records":[`, ' '},
		{"space between files", rec("A"), '\n'},
		{"wrapper's member", `{"Records":[],"a":"`, 'x'},
		{"broken line", rec("A") + "\n}\n", 'x'},
		{"null bytes", rec("A") + "\n", 0},
		{"rejected elements", `[`, '1'},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		reads := 0
		src := endless(c.start, c.then, func() {
			cancel()
			reads++
		})
		var r Reader
		err := r.Read(ctx, src, Visitor{
			Record: func(int64, *event.Record) error { return nil },
			Reject: func(int64, []byte, string) error { return nil },
		})
		var fault *FaultError
		if !errors.As(err, &fault) || !errors.Is(err, context.Canceled) || reads > 1 {
			t.Errorf("%s: %v after %d reads, want it cancelled after one", c.name, err, reads)
		}
	}
}

// TestCancelBetween cancels while a record is visited: no further one is.
func TestCancelBetween(t *testing.T) {
	held := `{"x":1,"Records":[` + rec("A") + "," + rec("B") + `]}`
	for _, in := range []string{rec("A") + rec("B"), `[` + rec("A") + "," + rec("B") + `]`, held, `[null,null]`, "{\"a\n{\"b\n" + rec("A")} {
		ctx, cancel := context.WithCancel(t.Context())
		visited := 0
		var r Reader
		err := r.Read(ctx, strings.NewReader(in), Visitor{
			Record: func(int64, *event.Record) error { visited++; cancel(); return nil },
			Reject: func(int64, []byte, string) error { visited++; cancel(); return nil },
		})
		if !errors.Is(err, context.Canceled) || visited != 1 {
			t.Errorf("%s: %v after %d visits, want it cancelled after one", in, err, visited)
		}
	}
}
