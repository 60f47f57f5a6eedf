package main

import (
	"errors"
	"io"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings/html"
	"github.com/cerpac/trailkeeper/internal/findings/sarif"
	"github.com/cerpac/trailkeeper/internal/terminal"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// verifyResults is where the results of verify go.
type verifyResults interface {
	Result(r verify.Result) error
	// Close ends what was written, with the summary unless the run was cut.
	Close(sum *verify.Summary) error
}

// results returns where the results go in the format of the flag.
func (o *verifyOptions) results(s *streams) (verifyResults, error) {
	var handler finding.Handler
	var err error
	switch o.format {
	case verifyJSONL:
		handler = finding.NewWriter(s.out)
	case verifySARIF:
		handler = finding.Strict(sarif.New(s.out))
	case verifyHTML:
		if handler, err = html.New(s.out); err != nil {
			return nil, err
		}
		handler = finding.Strict(handler)
	default:
		return verifyLines{s.out}, nil
	}
	config := finding.Config{Tool: "trailkeeper", Version: moduleVersion(), Verb: "verify", Source: o.archive, Time: s.now().UTC()}
	messages, err := verify.NewMessages(handler, config)
	return &verifyStream{messages, handler}, err
}

// verifyLines writes results as lines of text.
type verifyLines struct{ to io.Writer }

func (l verifyLines) Result(r verify.Result) error {
	text := r.Line() + "\n"
	for _, line := range r.History.Lines() {
		text += "              " + terminal.Message(line) + "\n"
	}
	_, err := io.WriteString(l.to, text)
	return err
}

func (l verifyLines) Close(sum *verify.Summary) error {
	if sum == nil {
		return nil
	}
	return sum.WriteText(l.to)
}

// verifyStream passes results on as messages.
type verifyStream struct {
	*verify.Messages
	to finding.Handler
}

func (v *verifyStream) Close(sum *verify.Summary) error {
	if sum == nil {
		if err := v.to.Close(); !errors.Is(err, finding.ErrCut) {
			return err
		}
		return nil // the error that cut it is told
	}
	return errors.Join(v.End(sum), v.to.Close())
}
