package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

// interactive reports whether a person at a terminal can answer a question.
func (s *streams) interactive() bool {
	return terminal.Is(s.in)
}

// confirm asks a question; only the answer want means yes. Without a terminal
// it returns a usage error.
func (s *streams) confirm(ctx context.Context, question, want string) error {
	if !s.interactive() {
		return outcome.Usage(outcome.WithHint(errors.New("nobody can confirm it: standard input is not a terminal"),
			"--auto-approve goes on without asking"))
	}
	fmt.Fprintf(s.err, "%s: ", question)
	answer, err := readLine(ctx, s.in)
	if err != nil {
		fmt.Fprint(s.err, "\n")
		return err
	}
	if answer != want {
		return fmt.Errorf("not confirmed: the answer is %q, not %q; nothing was changed", answer, want)
	}
	return nil
}

// readLine reads a line, or returns when ctx ends. A read that is interrupted
// then is lost with the process.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	go func() {
		line, err := bufio.NewReader(in).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil // Ctrl-D counts as an empty answer
		}
		read <- result{strings.TrimSpace(line), err}
	}()
	select {
	case got := <-read:
		return got.line, got.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
