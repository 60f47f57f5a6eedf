package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/report"
)

// detailedExitCode is the flag for Terraform's exit codes.
const detailedExitCode = "detailed-exitcode"

// wantsDetailedExitCode reports whether a verb that has the flag was given it.
// It checks the arguments themselves: a command line that could not be parsed
// must not end with the code for a difference.
func wantsDetailedExitCode(cmd *cobra.Command, args []string) bool {
	return cmd.Flags().Lookup(detailedExitCode) != nil &&
		(slices.Contains(args, "--"+detailedExitCode) || slices.Contains(args, "--"+detailedExitCode+"=true"))
}

// Environment variables with the defaults of --lake, --archive and --queries.
const (
	lakeVariable    = "TRAILKEEPER_LAKE"
	archiveVariable = "TRAILKEEPER_ARCHIVE"
	queriesVariable = "TRAILKEEPER_QUERIES"
)

// addLakeFlag adds --lake, with a default from the environment.
func addLakeFlag(f *pflag.FlagSet, dir *string, usage string, s *streams) {
	addVariableFlag(f, dir, "lake", lakeVariable, usage, s)
}

// addArchiveFlag adds --archive, with a default from the environment.
func addArchiveFlag(f *pflag.FlagSet, path *string, usage string, s *streams) {
	addVariableFlag(f, path, "archive", archiveVariable, usage, s)
}

func addVariableFlag(f *pflag.FlagSet, value *string, name, variable, usage string, s *streams) {
	f.StringVar(value, name, s.getenv(variable), fmt.Sprintf("%s (default $%s)", usage, variable))
	f.Lookup(name).DefValue = "" // help must not depend on the environment
}

// addFoldersFlag adds a flag for several folders, with a default from the
// environment that separates them as PATH does.
func addFoldersFlag(f *pflag.FlagSet, folders *[]string, name, variable, usage string, s *streams) {
	var given []string
	for _, folder := range filepath.SplitList(s.getenv(variable)) {
		if folder != "" {
			given = append(given, folder)
		}
	}
	f.StringArrayVar(folders, name, given, fmt.Sprintf("%s (default $%s)", usage, variable))
	f.Lookup(name).DefValue = "" // help must not depend on the environment
}

// missingFlag returns the error for a flag that has neither a value nor a
// default in the environment.
func missingFlag(name, variable string) error {
	return outcome.WithHint(fmt.Errorf("--%s is missing", name), fmt.Sprintf("give --%s, or set %s", name, variable))
}

// timeFlag is a flag for a time, in any form quantity.ParseTime accepts. An age
// such as 30d is counted from now.
func timeFlag(at *time.Time, now func() time.Time) pflag.Value {
	return &timeValue{at, now}
}

type timeValue struct {
	at  *time.Time
	now func() time.Time
}

func (v *timeValue) Type() string { return "time" }

func (v *timeValue) String() string {
	if v.at == nil || v.at.IsZero() {
		return ""
	}
	return v.at.Format(time.RFC3339)
}

func (v *timeValue) Set(s string) (err error) {
	*v.at, err = quantity.ParseTime(s, v.now())
	return err
}

// dayFlag is a flag for a whole day: the one that contains the given time. The
// initial value is the default.
func dayFlag(day *time.Time, now func() time.Time) pflag.Value {
	return &dayValue{timeValue{day, now}}
}

type dayValue struct{ timeValue }

func (v *dayValue) String() string {
	if v.at == nil || v.at.IsZero() {
		return ""
	}
	return v.at.Format(time.DateOnly)
}

func (v *dayValue) Set(s string) error {
	err := v.timeValue.Set(s)
	*v.at = v.at.Truncate(24 * time.Hour)
	return err
}

// sizeFlag is a flag for a number of bytes, in any form quantity.ParseSize
// accepts. The initial value is the default.
func sizeFlag(bytes *int64) pflag.Value {
	return (*sizeValue)(bytes)
}

type sizeValue int64

func (v *sizeValue) Type() string { return "size" }

func (v *sizeValue) String() string {
	return strings.ReplaceAll(quantity.FormatSize(int64(*v)), " ", "")
}

func (v *sizeValue) Set(s string) error {
	n, err := quantity.ParseSize(s)
	*v = sizeValue(n)
	return err
}

// addFormatFlag adds --format to a verb. The first of choices is the default;
// usage says what is written in the format.
func addFormatFlag(f *pflag.FlagSet, format *report.Format, usage string, choices ...report.Format) {
	*format = choices[0]
	f.Var(choiceFlag(format, choices...), "format", usage)
}

// choiceFlag is a flag whose value is one of choices. The initial value is the
// default.
func choiceFlag[T ~string](value *T, choices ...T) pflag.Value {
	return &choiceValue[T]{value, choices}
}

type choiceValue[T ~string] struct {
	value   *T
	choices []T
}

func (v *choiceValue[T]) Type() string {
	names := make([]string, len(v.choices))
	for i, choice := range v.choices {
		names[i] = string(choice)
	}
	return strings.Join(names, "|")
}

func (v *choiceValue[T]) String() string {
	if v.value == nil {
		return ""
	}
	return string(*v.value)
}

func (v *choiceValue[T]) Set(s string) error {
	for _, choice := range v.choices {
		if s == string(choice) {
			*v.value = choice
			return nil
		}
	}
	return fmt.Errorf("expected %s", strings.ReplaceAll(v.Type(), "|", ", "))
}

// severityValue is a flag whose value is the name of a severity.
type severityValue finding.Severity

func (v *severityValue) Type() string { return "SEVERITY" }

func (v *severityValue) String() string { return finding.Severity(*v).String() }

func (v *severityValue) Set(s string) error {
	severity, err := finding.ParseSeverity(s)
	if err != nil {
		return errors.New("expected informational, low, medium, high, critical")
	}
	*v = severityValue(severity)
	return nil
}

// checkRange returns an error unless --since is before --until. The zero time is no
// bound.
func checkRange(since, until time.Time) error {
	if since.IsZero() || until.IsZero() || since.Before(until) {
		return nil
	}
	return fmt.Errorf("--since %s is not before --until %s", since.Format(time.RFC3339), until.Format(time.RFC3339))
}
