// Package finding is what a check found, as one versioned stream of messages that every renderer reads.
package finding

import (
	"fmt"
	"slices"
)

// Severity is how much a finding should worry someone. Greater is worse; the zero
// value is no severity, so that a forgotten one is noticed.
type Severity int

// The severities there are.
const (
	Informational Severity = iota + 1 // nothing to do: told because it may matter later
	Low                               // look at it some day
	Medium                            // look at it this week
	High                              // look at it today
	Critical                          // look at it now
)

// names are those of the severities from Informational on.
var names = []string{"informational", "low", "medium", "high", "critical"}

// ParseSeverity returns the severity of a name.
func ParseSeverity(name string) (Severity, error) {
	at := slices.Index(names, name)
	if at < 0 {
		return 0, fmt.Errorf("severity %q is not one of informational, low, medium, high, critical", name)
	}
	return Informational + Severity(at), nil
}

// Valid reports whether s is one of the severities.
func (s Severity) Valid() bool { return s >= Informational && s <= Critical }

// String returns the name.
func (s Severity) String() string {
	if !s.Valid() {
		return fmt.Sprintf("severity %d", int(s))
	}
	return names[s-Informational]
}

// MarshalText returns the name. An invalid severity is an error.
func (s Severity) MarshalText() ([]byte, error) {
	if !s.Valid() {
		return nil, fmt.Errorf("severity %d is none", int(s))
	}
	return []byte(s.String()), nil
}

// UnmarshalText sets the severity of a name.
func (s *Severity) UnmarshalText(name []byte) (err error) {
	*s, err = ParseSeverity(string(name))
	return err
}
