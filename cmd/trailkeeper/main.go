// Command trailkeeper keeps an AWS audit trail: it deploys one, makes its logs searchable on one machine, and imitates CloudTrail for practice.
//
// Each verb is one file: newXCommand describes it, xOptions holds its flags
// and runX does the job, with everything it touches injected. root.go lists the
// verbs.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/czstd"
	"github.com/cerpac/trailkeeper/internal/outcome"
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	// A write to a closed pipe, as with head, then returns an error, and verbs
	// leave no temporary files behind. Ignoring the signal would make the
	// programs that sandbox runs ignore it too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx := cli.CancelOn(context.Background(), signals, os.Exit)

	s := systemStreams()
	err := czstd.Register()
	if err == nil {
		err = cli.DropUnread(execute(ctx, os.Args[1:], s))
	}
	s.finish()
	cli.PrintError(s.err, err)
	os.Exit(outcome.ExitCode(err))
}
