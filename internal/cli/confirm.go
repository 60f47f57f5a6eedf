// Package cli is what the verbs of a command share: the standard streams, how
// they end, and questions to a person.
package cli

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

// Confirm asks a question on stderr, and reads the answer from in; only the answer
// want means yes. It returns a usage error if in is not a terminal.
func Confirm(ctx context.Context, in io.Reader, stderr io.Writer, question, want string) error {
	if !terminal.Is(in) {
		return outcome.Usage(outcome.WithHint(errors.New("nobody can confirm it: standard input is not a terminal"),
			"--auto-approve goes on without asking"))
	}
	fmt.Fprintf(stderr, "%s: ", question)
	answer, err := ReadLine(ctx, in)
	if err != nil {
		fmt.Fprint(stderr, "\n")
		return err
	}
	if answer != want {
		return fmt.Errorf("not confirmed: the answer is %q, not %q; nothing was changed", answer, want)
	}
	return nil
}

// ReadLine reads a line, or returns when ctx ends. A read that is interrupted
// then is lost with the process.
func ReadLine(ctx context.Context, in io.Reader) (string, error) {
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
