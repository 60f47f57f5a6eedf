package finding

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// Strict returns a handler that holds a stream to its rules before h sees a message:
// what a message must have, the order, and the counts of the summary. It fills in the
// version of the protocol and those counts where they are missing. What h sees is
// UTF-8: other bytes are spelled as \xHH, and a JSON value that is none is a string.
//
// Close closes h, and returns ErrCut if there was no summary.
func Strict(h Handler) Handler {
	return &strict{to: h, findings: map[string]int64{}, verdicts: map[string]int64{}, checks: map[string]bool{}}
}

type strict struct {
	to                 Handler
	begun, ended       bool
	findings, verdicts map[string]int64
	checks             map[string]bool
}

func (s *strict) Handle(m Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	m = Map(m, spelled)
	switch {
	case s.ended:
		return errors.New("a message after the summary")
	case s.begun == (m.Config != nil):
		return errors.New("the first message of a stream, and no other, is config")
	}
	switch {
	case m.Config != nil:
		config := *m.Config
		if config.Protocol == "" {
			config.Protocol = fmt.Sprintf("%d.%d", MajorVersion, MinorVersion)
		}
		if _, err := newer(config.Protocol); err != nil {
			return err
		}
		s.begun, m.Config = true, &config
	case m.Check != nil:
		s.checks[m.Check.ID] = true
	case m.Finding != nil:
		if !s.checks[m.Finding.Check] {
			return fmt.Errorf("finding %.200q names the check %.200q, which was not told", m.Finding.ID, m.Finding.Check)
		}
		s.verdicts[string(m.Finding.Verdict)]++
		if m.Finding.Verdict.Found() {
			s.findings[m.Finding.Severity.String()]++
		}
	case m.Summary != nil:
		summary, err := s.count(*m.Summary)
		if err != nil {
			return err
		}
		s.ended, m.Summary = true, &summary
	}
	return s.to.Handle(m)
}

// count fills in the counts of a summary, or compares them.
func (s *strict) count(summary Summary) (Summary, error) {
	if summary.Findings == nil {
		summary.Findings = s.findings
	}
	if summary.Verdicts == nil {
		summary.Verdicts = s.verdicts
	}
	if !maps.Equal(summary.Findings, s.findings) || !maps.Equal(summary.Verdicts, s.verdicts) {
		return summary, fmt.Errorf("the summary counts findings %v and verdicts %v, and the stream has %v and %v",
			summary.Findings, summary.Verdicts, s.findings, s.verdicts)
	}
	return summary, nil
}

func (s *strict) Close() error {
	err := s.to.Close()
	if !s.ended && err == nil {
		err = ErrCut
	}
	return err
}

// newer reports whether a version of the protocol has more than ours. One of another
// major version is an error.
func newer(protocol string) (bool, error) {
	major, minor, found := strings.Cut(protocol, ".")
	high, err := strconv.ParseUint(major, 10, 16)
	low, lowErr := strconv.ParseUint(minor, 10, 16)
	if err != nil || lowErr != nil || !found {
		return false, fmt.Errorf("the protocol version %.200q is not MAJOR.MINOR", protocol)
	}
	if high != MajorVersion {
		return false, fmt.Errorf("the protocol version is %s, and this program reads %d.x", protocol, MajorVersion)
	}
	return low > MinorVersion, nil
}
