package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// streams is what a verb touches of the outside world besides the files and
// endpoints its flags name, so that tests can run it on their own.
type streams struct {
	in     io.Reader
	out    io.Writer // results only: safe to pipe
	err    io.Writer // messages, progress
	now    func() time.Time
	getenv func(string) string
}

func systemStreams() *streams {
	return &streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now, getenv: os.Getenv}
}

// printError is the one place where an error becomes text for a person.
func printError(stderr io.Writer, err error) {
	if err == nil || errors.Is(err, syscall.EPIPE) { // nobody is reading any more
		return
	}
	if outcome.Said(err) {
		return
	}
	message := err.Error()
	if outcome.ExitCode(err) == outcome.Interrupted {
		message = "interrupted"
	}
	fmt.Fprintf(stderr, "trailkeeper: %s\n", message)
	if hint := outcome.Hint(err); hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hint)
	}
}

// cancelOn returns a context that the first signal cancels, so that a verb can
// leave its files whole. The second signal exits at once.
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
