package trails_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

var update = flag.Bool("update", false, "rewrite testdata/cli.txt")

// TestCLI runs the commands of testdata/cli.txt, a terminal session, with the AWS
// CLI.
func TestCLI(t *testing.T) {
	t.Parallel()
	cli, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("SKIPPED REAL SERVICE: the AWS CLI is not installed, so it has not asked CloudTrail's API anything")
	}
	s := open(t, func(c *trails.Config) {
		c.History = recording()[117:]
		c.Permit = &guards{}
		c.Status = func(string, string) trails.Status {
			return trails.Status{Logs: trails.Delivered{LatestAttempt: start, Error: "NoSuchBucket"}}
		}
		key := digest.PublicKey{Value: []byte("DER"), ValidityStartTime: digest.Time{Time: start}, ValidityEndTime: digest.Time{Time: start}, Fingerprint: "abc"}
		c.PublicKeys = func(string, time.Time, time.Time) []digest.PublicKey { return []digest.PublicKey{key} }
	})
	config := filepath.Join(t.TempDir(), "config")
	// What version 1 would print is a number.
	if err := os.WriteFile(config, []byte("[default]\ncli_timestamp_format = iso8601\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := append(os.Environ(), "AWS_ENDPOINT_URL="+s.serve(t), "AWS_ACCESS_KEY_ID="+account, "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_SESSION_TOKEN=", "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "AWS_CONFIG_FILE="+config,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1", "TZ=UTC")

	const golden = "testdata/cli.txt"
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var session bytes.Buffer
	for line := range strings.Lines(string(want)) {
		words, isCommand := strings.CutPrefix(line, "$ aws ")
		if !isCommand {
			continue
		}
		command := exec.CommandContext(t.Context(), cli, strings.Fields(words)...)
		command.Env = environment
		session.WriteString(line)
		session.WriteString(printed(t, command))
	}
	if *update {
		if err := os.WriteFile(golden, session.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if session.Len() == 0 || session.String() != string(want) {
		t.Errorf("the session is\n%s\nwant\n%s", &session, want)
	}
}

// printed runs a command and returns its output. Of an error it is what AWS said,
// which every version of the CLI puts something else before.
func printed(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	output, err := command.Output()
	if exit, failed := errors.AsType[*exec.ExitError](err); failed {
		_, message, ok := strings.Cut(string(exit.Stderr), "An error occurred ")
		if !ok {
			t.Fatalf("%v: %s", command, exit.Stderr)
		}
		return fmt.Sprintf("An error occurred %s\n", strings.TrimSpace(message))
	}
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return string(output)
}
