package outcome

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestExitCode(t *testing.T) {
	plain := errors.New("read lake: disk on fire")
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"no error", nil, 0},
		{"bad evidence", BadEvidence(plain), 1},
		{"usage", Usage(plain), 2},
		{"could not look", CouldNotLook(plain), 3},
		{"an unmarked error is not a pass", plain, 3},
		{"a wrapped mark counts", fmt.Errorf("ingest: %w", BadEvidence(plain)), 1},
		{"the outermost mark wins", CouldNotLook(BadEvidence(plain)), 3},
		{"a hint does not hide the mark", WithHint(Usage(plain), "try again"), 2},
		{"a mark does not hide the hint's error", Usage(WithHint(plain, "try again")), 2},
		{"joined errors", errors.Join(plain, BadEvidence(plain)), 1},
		{"cancelled", fmt.Errorf("list archive: %w", context.Canceled), 130},
		{"cancelled, though marked", CouldNotLook(context.Canceled), 130},
		{"a difference", Detailed(fmt.Errorf("plan: %w", WithHint(Difference(plain), "apply"))), 2},
		{"a failure beside --detailed-exitcode", Detailed(plain), 1},
		{"bad evidence beside --detailed-exitcode", Detailed(BadEvidence(plain)), 1},
		{"misuse beside --detailed-exitcode", Detailed(Usage(plain)), 1},
		{"no look beside --detailed-exitcode", Detailed(WithHint(CouldNotLook(plain), "look")), 1},
		{"cancelled beside --detailed-exitcode", Detailed(context.Canceled), 130},
		{"nothing beside --detailed-exitcode", Detailed(nil), 0},
		{"a deadline is not an interruption", context.DeadlineExceeded, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := ExitCode(test.err); got != test.want {
				t.Errorf("ExitCode(%v) = %d, want %d", test.err, got, test.want)
			}
		})
	}
}

func TestMarksKeepTheError(t *testing.T) {
	for name, mark := range map[string]func(error) error{
		"BadEvidence":  BadEvidence,
		"Usage":        Usage,
		"CouldNotLook": CouldNotLook,
		"Difference":   Difference,
		"Detailed":     Detailed,
		"WithHint":     func(err error) error { return WithHint(err, "look elsewhere") },
	} {
		t.Run(name, func(t *testing.T) {
			cause := fmt.Errorf("open lake %q: %w", "x", fs.ErrNotExist)
			got := mark(cause)
			if got.Error() != cause.Error() {
				t.Errorf("text is %q, want %q", got, cause)
			}
			if !errors.Is(got, fs.ErrNotExist) {
				t.Error("the cause can no longer be matched")
			}
			if mark(nil) != nil {
				t.Error("marking nil gives an error")
			}
		})
	}
}

func TestHint(t *testing.T) {
	err := errors.New("unknown flag --lak")
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"nil", nil, ""},
		{"none", err, ""},
		{"direct", WithHint(err, "did you mean --lake?"), "did you mean --lake?"},
		{"wrapped", Usage(fmt.Errorf("query: %w", WithHint(err, "inner"))), "inner"},
		{"outermost", WithHint(WithHint(err, "inner"), "outer"), "outer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Hint(test.err); got != test.want {
				t.Errorf("Hint = %q, want %q", got, test.want)
			}
		})
	}
}
