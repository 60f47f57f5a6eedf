// Package outcome maps the result of a command to an exit code, so that "the
// evidence is bad" is never confused with "I could not look".
//
// A command marks the errors whose kind it knows; main turns the returned error
// into an exit code exactly once. The codes are stable, for scripts, and
// documented in docs/exit-codes.md.
package outcome

import (
	"context"
	"errors"
	"fmt"
)

// Exit codes of every verb.
const (
	Good        = 0   // the job is done and nothing bad was found
	Bad         = 1   // the job is done and the evidence is bad, or there are findings
	Misused     = 2   // the command line does not make sense
	Unseen      = 3   // the job could not be done, so nothing is known
	Interrupted = 130 // stopped by Ctrl-C or SIGTERM, as a shell reports it
)

// Exit codes of a verb with --detailed-exitcode: those of terraform plan.
// Interrupted is unchanged.
const (
	Same    = 0 // nothing differs
	Failed  = 1 // any failure, whatever its kind
	Differs = 2 // something differs
)

// marked carries the exit code of the error it wraps, with the same text.
type marked struct {
	error
	code     int
	detailed bool // code is one of --detailed-exitcode
}

func (m *marked) Unwrap() error { return m.error }

// hinted carries a hint, separate from the error's text so that the text can be
// wrapped and matched without it.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// BadEvidence marks err as the result of a completed check: the evidence is
// bad, or there are findings. It returns nil for nil.
func BadEvidence(err error) error { return mark(err, Bad) }

// Usage marks err as a usage error. It returns nil for nil.
func Usage(err error) error { return mark(err, Misused) }

// CouldNotLook marks err as a job that could not be done, so that nothing is
// known. It returns nil for nil.
func CouldNotLook(err error) error { return mark(err, Unseen) }

func mark(err error, code int) error {
	if err == nil {
		return nil
	}
	return &marked{error: err, code: code}
}

// Difference marks err as the result of a completed check under --detailed-exitcode:
// something differs. It returns nil for nil.
func Difference(err error) error {
	if err == nil {
		return nil
	}
	return &marked{err, Differs, true}
}

// Detailed gives every error that is not a Difference the exit code of failures
// under --detailed-exitcode. It returns nil for nil.
func Detailed(err error) error {
	if m, ok := errors.AsType[*marked](err); err == nil || ok && m.detailed {
		return err
	}
	return &marked{err, Failed, true}
}

// CommandError reports that another program failed; its exit code becomes ours.
// That program has already printed what went wrong.
type CommandError struct {
	Name string
	Code int
}

func (e *CommandError) Error() string { return fmt.Sprintf("%q: exit code %d", e.Name, e.Code) }

// Command returns the error of a program that ended with a code, nil for 0.
func Command(name string, code int) error {
	if code == 0 {
		return nil
	}
	return &marked{error: &CommandError{name, code}, code: code}
}

// Said reports whether err is only a CommandError, so nothing is left to print.
func Said(err error) bool {
	command, ok := errors.AsType[*CommandError](err)
	return ok && err.Error() == command.Error()
}

// WithHint attaches a hint that is printed on its own line, such as "did you
// mean --lake?". It returns nil for nil.
func WithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &hinted{err, hint}
}

// Hint returns the outermost hint attached to err, or "".
func Hint(err error) string {
	if h, ok := errors.AsType[*hinted](err); ok {
		return h.hint
	}
	return ""
}

// ExitCode returns the exit code for the error a command ended with: 0 for nil,
// 130 when the command was cancelled, otherwise the code of the outermost mark.
// An unmarked error means that the job was not done: 3, never success.
func ExitCode(err error) int {
	if err == nil {
		return Good
	}
	if errors.Is(err, context.Canceled) {
		return Interrupted
	}
	if m, ok := errors.AsType[*marked](err); ok {
		return m.code
	}
	return Unseen
}
