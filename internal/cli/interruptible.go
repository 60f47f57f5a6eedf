package cli

import (
	"context"
	"io"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// A pipe whose other end neither reads nor writes, and a terminal without
// input, block for ever. These functions let a verb end with its context
// anyway: the read or write goes on until the process ends.

// WriterUntil returns a writer to w whose writes end with ctx.
func WriterUntil(ctx context.Context, w io.Writer) io.Writer {
	return WriterFunc(func(p []byte) (int, error) {
		return untilDone(ctx, func() (int, error) { return w.Write(p) })
	})
}

// ReadAllUntil reads all of r, or until ctx ends.
func ReadAllUntil(ctx context.Context, r io.Reader) ([]byte, error) {
	return untilDone(ctx, func() ([]byte, error) { return io.ReadAll(r) })
}

// WriterFunc is a function that is a writer.
type WriterFunc func(p []byte) (int, error)

// Write calls the function.
func (f WriterFunc) Write(p []byte) (int, error) { return f(p) }

func untilDone[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := do()
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// SayKept adds to the error of an interrupted run what has been kept.
func SayKept(err error, kept string) error {
	if outcome.ExitCode(err) != outcome.Interrupted {
		return err
	}
	return outcome.WithHint(err, kept)
}

// CutShort is SayKept for a result on standard output.
func CutShort(err error) error {
	return SayKept(err, "what was written to standard output is not the whole answer")
}
