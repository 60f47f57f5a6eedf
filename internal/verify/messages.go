package verify

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/finding"
)

// Messages passes the results of a run on as a stream of findings.
type Messages struct {
	to  finding.Handler
	now time.Time
}

// NewMessages begins a stream: with what made it, and with the checks that there
// are. The caller closes to.
func NewMessages(to finding.Handler, config finding.Config) (*Messages, error) {
	m := &Messages{to: to, now: config.Time}
	if err := to.Handle(finding.Message{Config: &config}); err != nil {
		return nil, err
	}
	for _, c := range checks() {
		if err := to.Handle(finding.Message{Check: &c}); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Result adds a result.
func (m *Messages) Result(r Result) error {
	f := r.finding(m.now)
	return m.to.Handle(finding.Message{Finding: &f})
}

// End adds the summary. Its document is the Summary as JSON.
func (m *Messages) End(s *Summary) error {
	document, err := json.Marshal(s)
	if err != nil {
		return err
	}
	end := finding.Summary{Complete: !s.Unknown(), Document: document, Counts: map[string]int64{}}
	for object, counts := range map[string]Counts{"digests": s.Digests, "log_files": s.LogFiles, "others": s.Others} {
		for state, n := range counts {
			end.Counts[object+"."+string(state)] = n
		}
	}
	return m.to.Handle(finding.Message{Summary: &end})
}

// checkID is the id of a check in a stream. An object that passed all checks has one
// of its own.
func checkID(c Check) string {
	if c == "" {
		return "verify-all"
	}
	return "verify-" + string(c)
}

// checks describes the checks.
func checks() []finding.Check {
	var list []finding.Check
	for _, c := range []struct {
		check Check
		title string
	}{
		{"", "All checks of the object"},
		{CheckRead, "The object is in the archive and can be read"},
		{CheckSize, "The object is not larger than real ones"},
		{CheckGzip, "The object is one complete gzip member"},
		{CheckFormat, "The digest has the fields of the format"},
		{CheckLocation, "The object is where it was delivered"},
		{CheckAlgorithm, "The digest names the algorithms that CloudTrail uses"},
		{CheckKey, "The public key is known and was valid"},
		{CheckSignature, "The signature of the digest is valid"},
		{CheckMetadata, "The metadata of the digest hold its signature"},
		{CheckLinkHash, "The next digest names the hash of the digest"},
		{CheckLinkSigned, "The next digest names the signature of the digest"},
		{CheckContinuity, "Each hour of the chain has its digest"},
		{CheckStart, "A chain starts again because its trail was stopped"},
		{CheckHead, "The oldest end of the chain is as retention rules leave it"},
		{CheckTail, "The newest end of the chain is as new as it should be"},
		{CheckHash, "The log file is as it was delivered"},
		{CheckListed, "A valid digest lists the log file"},
		{CheckAnchor, "What an earlier run saw is in the archive"},
		{CheckChainExists, "The log files of an account and Region have a chain of digests"},
	} {
		list = append(list, finding.Check{ID: checkID(c.check), Title: c.title})
	}
	return list
}

// finding returns the result as a finding.
func (r Result) finding(now time.Time) finding.Finding {
	f := finding.Finding{
		Check: checkID(r.Check), Account: r.Chain.Account, Region: r.Chain.Region, Time: now, First: r.From, Last: r.To,
		Title: fmt.Sprintf("%s %s", r.Object, r.State), Description: r.Reason,
	}
	switch {
	case r.State == Tampered:
		f.Verdict, f.Severity = finding.Bad, finding.Critical
	case r.State == Missing:
		f.Verdict, f.Severity = finding.Bad, finding.High
	case r.State.Unknown():
		f.Verdict, f.Severity = finding.Unknown, finding.Medium
	case r.State == Valid:
		f.Verdict, f.Severity = finding.Good, finding.Informational
	default: // pending and expired
		f.Verdict, f.Severity = finding.NotApplicable, finding.Informational
	}
	location := r.Key
	if location == "" {
		location = r.Chain.String()
		if !r.From.IsZero() {
			location = fmt.Sprintf("%s, %s to %s", location, utc(r.From), utc(r.To))
		}
	}
	if r.Chain.Trail != "" {
		f.Resources = append(f.Resources, finding.Resource{Type: "AWS::CloudTrail::Trail", ID: r.Chain.String(), Name: r.Chain.Trail})
	}
	f.Evidence = []finding.Evidence{{Object: &finding.Object{Location: location, State: string(r.State), Expected: r.Expected, Found: r.Found}}}
	if h := r.History; h != nil {
		f.Remedy.Text = strings.Join(h.facts(), "; ")
		if h.Restore != "" {
			f.Remedy.Commands = []string{h.Restore}
		}
	}
	f.ID = f.Identity()
	return f
}
