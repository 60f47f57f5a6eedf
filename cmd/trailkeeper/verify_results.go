package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings/sarif"
	"github.com/cerpac/trailkeeper/internal/terminal"
	"github.com/cerpac/trailkeeper/internal/verify"
	"github.com/cerpac/trailkeeper/internal/verifyreport"
)

// verifyResults is where the results of verify go.
type verifyResults interface {
	Result(r verify.Result) error
	// Close ends what was written, with the summary unless the run was cut.
	Close(sum *verify.Summary) error
}

// results returns where the results go in the format of the flag.
func (o *verifyOptions) results(s *streams, keys *verify.Keys) (verifyResults, error) {
	var handler finding.Handler
	switch o.format {
	case verifyJSON:
		document, err := verifyreport.NewJSON(s.out, o.facts(s))
		return verifyDocument{document, keys}, err
	case verifyHTML:
		page, err := verifyreport.NewPage(s.out, o.facts(s))
		return verifyDocument{page, keys}, err
	case verifyJSONL:
		handler = finding.NewWriter(s.out)
	case verifySARIF:
		handler = finding.Strict(sarif.New(s.out))
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

// facts are what a document says of the run before its results.
func (o *verifyOptions) facts(s *streams) verifyreport.Facts {
	f := verifyreport.Facts{
		Tool: "trailkeeper", Version: moduleVersion(), Archive: o.archive, Time: s.now().UTC(),
		Since: o.check.Since, Until: o.check.Until, Anchors: o.anchor, DigestsOnly: o.check.DigestsOnly,
	}
	if log := o.check.Anchors; log != nil {
		c := log.Checkpoint()
		f.AnchorRoot = fmt.Sprintf("%d %s", c.Size, c.Root)
	}
	return f
}

// verifyDocument writes results as a whole document.
type verifyDocument struct {
	document interface {
		Result(r verify.Result) error
		Close(end verifyreport.Ending) error
	}
	keys *verify.Keys
}

func (d verifyDocument) Result(r verify.Result) error { return d.document.Result(r) }

func (d verifyDocument) Close(sum *verify.Summary) error {
	return d.document.Close(verifyreport.Ending{Keys: d.keys.Used(), Summary: sum})
}
