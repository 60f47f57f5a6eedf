package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

// streams is the environment of a verb besides the files and endpoints of its
// flags, so that tests can replace it.
type streams struct {
	in     io.Reader
	out    io.Writer // results only: safe to pipe
	err    io.Writer // messages, progress
	now    func() time.Time
	getenv func(string) string
}

func systemStreams() *streams {
	return &streams{in: os.Stdin, out: newStandard(os.Stdout, errUnread), err: newStandard(os.Stderr, nil), now: time.Now, getenv: os.Getenv}
}

// finish flushes the output of verbs.
func (s *streams) finish() {
	if out, ok := s.out.(*standard); ok {
		out.finish()
	}
}

// printError is the only function that prints an error. Names in it may come
// from events, so control characters are escaped wherever the output goes.
func printError(stderr io.Writer, err error) {
	if err == nil || outcome.Said(err) {
		return
	}
	message := err.Error()
	if outcome.ExitCode(err) == outcome.Interrupted {
		message = "interrupted"
	}
	fmt.Fprintf(stderr, "trailkeeper: %s\n", terminal.Message(message))
	if hint := outcome.Hint(err); hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", terminal.Message(hint))
	}
}

// cancelOn returns a context that the first signal cancels, so that a verb can
// leave its files intact. The second signal exits at once.
func cancelOn(parent context.Context, signals <-chan os.Signal, exit func(code int)) context.Context {
	ctx, cancel := context.WithCancel(parent)
	go func() {
		<-signals
		cancel()
		<-signals
		exit(outcome.Interrupted)
	}()
	return ctx
}
