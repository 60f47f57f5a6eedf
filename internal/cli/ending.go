package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

// PrintError is the only function that prints an error. Names in it may come
// from events, so control characters are escaped wherever the output goes.
func PrintError(stderr io.Writer, err error) {
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

// CancelOn returns a context that the first signal cancels, so that a verb can
// leave its files intact. The second signal exits at once.
func CancelOn(parent context.Context, signals <-chan os.Signal, exit func(code int)) context.Context {
	ctx, cancel := context.WithCancel(parent)
	go func() {
		<-signals
		cancel()
		<-signals
		exit(outcome.Interrupted)
	}()
	return ctx
}
