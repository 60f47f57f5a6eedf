package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

// demoMarker marks the folder of an earlier demo, which may be replaced, as
// opposed to a user's own folder.
const demoMarker = ".trailkeeper-demo"

// findingsCode is the exit code of a command that found something.
const findingsCode = 1

func newDemoCommand(s *streams) *cobra.Command {
	dir := "trailkeeper-demo"
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Simulate, ingest and query a simulated organization",
		Long: `Simulate an organization under attack, ingest its log archive into a lake, and ask
the questions of an incident responder. Each command is shown before its answer,
so that you can continue from there. It writes only to its own folder.`,
		Example: `  trailkeeper demo
  trailkeeper demo --dir /tmp/try`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), dir, s) },
	}
	cmd.Flags().StringVar(&dir, "dir", dir, "folder for the archive and the lake; an earlier demo in it is replaced")
	return cmd
}

// demoStep is a remark and the command that it introduces.
type demoStep struct {
	say   string
	args  []string
	finds bool // exit code 1 is its answer
}

func runDemo(ctx context.Context, dir string, s *streams) error {
	if err := clearDemo(dir); err != nil {
		return err
	}
	lake := filepath.Join(dir, "lake")
	if err := showAll(ctx, preparation(filepath.Join(dir, "archive"), lake), s); err != nil {
		return err
	}
	suspect, err := newestUser(ctx, lake, s)
	if err != nil {
		return err
	}
	if err := showAll(ctx, investigation(lake, suspect), s); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, demoClosing, dir)
	return err
}

// clearDemo makes the folder, empty except for the marker.
func clearDemo(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("start demo: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, demoMarker)); err != nil && len(entries) > 0 {
		return outcome.Usage(outcome.WithHint(fmt.Errorf("start demo: folder %q is not empty and not of an earlier demo", dir), "name another with --dir"))
	}
	for _, part := range []string{"archive", "lake"} {
		if err := os.RemoveAll(filepath.Join(dir, part)); err != nil {
			return fmt.Errorf("start demo: %w", err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("start demo: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, demoMarker), nil, 0o644)
}

// showAll runs each step as if it had been typed.
func showAll(ctx context.Context, steps []demoStep, s *streams) error {
	quiet := *s
	if !terminal.Is(s.err) {
		quiet.err = io.Discard // progress and row counts are for interactive use
	}
	for _, step := range steps {
		if _, err := fmt.Fprintf(s.out, "%s\n\n  $ trailkeeper %s\n\n", step.say, shellLine(step.args)); err != nil {
			return err
		}
		err := execute(ctx, step.args, &quiet)
		if err != nil && (!step.finds || outcome.ExitCode(err) != findingsCode) {
			return fmt.Errorf("demo: %w", err)
		}
		if _, err := fmt.Fprintln(s.out); err != nil {
			return err
		}
	}
	return nil
}

// newestUser returns the name of the most recently created IAM user.
func newestUser(ctx context.Context, lake string, s *streams) (string, error) {
	var answer bytes.Buffer
	silent := *s
	silent.out, silent.err = &answer, io.Discard
	err := execute(ctx, append(query(lake,
		"SELECT request_parameters->>'userName' AS user_name FROM events",
		"WHERE event_name = 'CreateUser' AND error_code IS NULL ORDER BY event_time DESC LIMIT 1"), "--format", "jsonl"), &silent)
	if err != nil {
		return "", fmt.Errorf("demo: %w", err)
	}
	var row struct {
		UserName string `json:"user_name"`
	}
	err = json.Unmarshal(answer.Bytes(), &row)
	return row.UserName, err
}

// shellLine formats arguments as a shell command line.
func shellLine(args []string) string {
	typed := make([]string, len(args))
	for i, arg := range args {
		typed[i] = arg
		if strings.ContainsAny(arg, " '()*\n") {
			typed[i] = `"` + arg + `"`
		}
	}
	return strings.Join(typed, " ")
}

// preparation makes an archive and a lake of it.
func preparation(archive, lake string) []demoStep {
	return []demoStep{
		{say: "Make up an organization: three days, two accounts, 17 attacks hidden among people and machines at work.",
			args: []string{"simulate", "--out", archive, "--days", "3", "--events-per-day", "8000", "--attack", "all", "--seed", "1"}},
		{say: "Bring its log files into a lake. Every file and every event is accounted for.",
			args: []string{"ingest", "--archive", archive, "--lake", lake}},
	}
}

// investigation returns the queries of an incident response, each following
// from the previous result.
func investigation(lake, suspect string) []demoStep {
	return []demoStep{
		{say: "Did somebody try to blind the audit trail itself?",
			args: query(lake,
				"SELECT event_time, event_name, split_part(identity_arn, '/', -1) AS who, source_ip_address, error_code",
				"FROM events WHERE event_source = 'cloudtrail.amazonaws.com' AND NOT read_only",
				"ORDER BY event_time LIMIT 8")},
		{say: "Who signed in to the console without a second factor? This one is in the catalogue of named queries.",
			args: []string{"query", "--lake", lake, "--named", "console-logins-without-mfa"}},
		{say: "What new ways in were made?",
			args: query(lake,
				"SELECT event_time, split_part(identity_arn, '/', -1) AS who, event_name, request_parameters->>'userName' AS for_user, source_ip_address",
				"FROM events WHERE event_name IN ('CreateUser', 'CreateAccessKey', 'CreateLoginProfile') AND error_code IS NULL",
				"ORDER BY event_time DESC LIMIT 8")},
		{say: "And what did the newest of these users do then? This is LookupEvents, without its limits of 90 days and one attribute.",
			args: []string{"lookup", "--lake", lake, "--attribute", "Username=" + suspect, "--max-results", "6", "--format", "table"}},
		{say: "Who tries many doors that stay shut?",
			args: query(lake,
				"SELECT split_part(identity_arn, '/', -1) AS who, count(*) AS denied, count(DISTINCT event_name) AS different_calls",
				"FROM events WHERE error_code IN ('AccessDenied', 'Client.UnauthorizedOperation')",
				"GROUP BY who ORDER BY different_calls DESC LIMIT 5")},
		{say: "Questions may be in Athena's SQL, over the table that AWS documents for it.",
			args: query(lake,
				"SELECT eventtime, useridentity.username, eventname FROM cloudtrail_logs",
				"WHERE year = '2026' AND eventname IN ('PutUserPolicy', 'AttachUserPolicy', 'CreatePolicyVersion')",
				"ORDER BY eventtime DESC LIMIT 5")},
		{say: "What would have been noticed without anybody asking? Rules over the same events; these are what somebody should be woken for.",
			args: []string{"detect", "--lake", lake, "--min-severity", "high"}, finds: true},
	}
}

// query returns the command for SQL of several lines.
func query(lake string, sql ...string) []string {
	return []string{"query", "--lake", lake, strings.Join(sql, "\n      ")}
}

const demoClosing = `Next
  What was hidden, event by event:   %[1]s/archive/_simulate/ground-truth.jsonl
  Questions that others have asked:  trailkeeper query --list
  The lake, in any other tool:       %[1]s/lake/year=*/month=*/day=*/*.parquet
  On your own logs, a bucket or a folder:

    trailkeeper ingest --archive s3://YOUR-BUCKET --lake lake --since 30d
    trailkeeper detect --lake lake --min-severity high
    trailkeeper query --lake lake --named iam-policy-changes
`
