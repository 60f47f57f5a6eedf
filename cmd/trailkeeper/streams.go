package main

import (
	"io"
	"os"
	"time"

	"github.com/cerpac/trailkeeper/internal/cli"
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
	return &streams{in: os.Stdin, out: cli.NewStandard(os.Stdout, cli.ErrUnread), err: cli.NewStandard(os.Stderr, nil), now: time.Now, getenv: os.Getenv}
}

// finish flushes the output of verbs.
func (s *streams) finish() {
	if out, ok := s.out.(*cli.Standard); ok {
		out.Finish()
	}
}
