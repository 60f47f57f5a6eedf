package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// hostile is what a terminal must not get, a sample of each kind.
const hostile = "\x1b]0;owned\x07 \x1b[2J \u0085\u009b31m \x7f \u202e\u2066\u2069\u200e\u061c \u200b\ufeff \u2028\u2029 end"

// hostileLake is a folder with an archive of one event that is hostile in every
// member, a file that is no log under a hostile name, and a lake of them.
func hostileLake(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	record, err := json.Marshal(map[string]any{
		"eventVersion": "1.11", "eventTime": "2026-02-03T04:05:06Z", "eventID": "5d9b6f0e-0000-4000-8000-000000000001",
		"eventName": "Run" + hostile, "eventSource": "x.amazonaws.com" + hostile, "awsRegion": "eu-west-2" + hostile, "recipientAccountId": "222233334444",
		"userIdentity": map[string]any{"type": "IAMUser", "userName": "eve" + hostile, "arn": "arn:aws:iam::222233334444:user/" + hostile},
		"userAgent":    hostile, "errorCode": hostile, "errorMessage": hostile,
		"requestParameters": map[string]any{"name" + hostile: hostile}, "unknownMember": hostile,
	})
	if err != nil {
		t.Fatal(err)
	}
	// JSON may have all but the C0 controls as they are.
	for _, r := range hostile {
		if r >= ' ' {
			record = bytes.ReplaceAll(record, []byte(fmt.Sprintf(`\u%04x`, r)), []byte(string(r)))
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"events.jsonl":               string(record) + "\n",
		"damaged \x1b[2J\u202e.json": `{"Records":[{"eventName":"` + hostile,
	} {
		if err := os.WriteFile(filepath.Join(dir, "logs", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ingest := command(dir, "ingest", "--archive", "logs", "--lake", "lake")
	if out, err := ingest.CombinedOutput(); ingest.ProcessState.ExitCode() != 1 {
		t.Fatalf("ingest: %v\n%s", err, out)
	}
	return dir
}

// command is the real program in dir.
func command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("trailkeeper", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), isolation(dir)...)
	return cmd
}

// outputs are command lines that print something of the hostile lake, for each
// verb and format, with their exit codes.
func outputs() map[string]struct {
	args []string
	code int
} {
	list := map[string]struct {
		args []string
		code int
	}{}
	add := func(code int, args ...string) {
		list[strings.Join(args, " ")] = struct {
			args []string
			code int
		}{args, code}
	}
	sql := "SELECT event_name, error_message, request_parameters, user_agent AS \"" + hostile + "\" FROM events"
	for _, format := range []string{"table", "line", "markdown", "csv", "json", "jsonl"} {
		add(0, "query", "--lake", "lake", "--format", format, "--full", sql)
	}
	add(0, "query", "--lake", "lake", "SELECT user_agent FROM events")
	add(0, "query", "--lake", "lake", "--crlf", "--format", "csv", "SELECT user_agent FROM events")
	for _, format := range []string{"json", "text", "jsonl", "table", "line", "markdown", "csv"} {
		add(0, "lookup", "--lake", "lake", "--full", "--format", format)
	}
	for _, format := range []string{"jsonl", "records"} {
		add(0, "export", "--lake", "lake", "--format", format)
	}
	for _, format := range []string{"text", "json"} {
		add(1, "ingest", "--archive", "logs", "--lake", "other-"+format, "--format", format)
	}
	for _, format := range []string{"text", "json"} {
		add(0, "lake", "info", "--lake", "lake", "--format", format)
	}
	add(2, "query", "--lake", "lake", "SELECT nope FROM events -- "+hostile)
	add(2, "query", "--lake", "lake", "--named", hostile)
	add(3, "export", "--lake", hostile)
	add(2, hostile)
	add(2, "plan", "--env", hostile, "--project-id", hostile, "--region", hostile)
	return list
}

// No verb writes anything to a terminal that could steer it, in any format, and
// what it spells out can be seen.
func TestTerminalIsNotSteered(t *testing.T) {
	dir := hostileLake(t)
	binary := command(dir, "query", "--lake", "lake", "--format", "parquet", "FROM events")
	if out, errs := onTerminals(t, binary); out != "" || binary.ProcessState.ExitCode() != 2 || !strings.Contains(errs, "hint: give --out FILE") {
		t.Errorf("Parquet on a terminal: %q, %q", out, errs)
	}
	for name, output := range outputs() {
		cmd := command(dir, output.args...)
		out, errs := onTerminals(t, cmd)
		if code := cmd.ProcessState.ExitCode(); code != output.code {
			t.Errorf("%q exits with %d, want %d: %s", name, code, output.code, errs)
		}
		for _, r := range out {
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
				t.Fatalf("%q writes %U to the terminal:\n%q", name, r, out)
			}
		}
		for _, r := range errs { // the progress returns to the beginning of its line
			if r != '\n' && r != '\r' && !unicode.IsPrint(r) {
				t.Fatalf("%q writes %U to the terminal:\n%q", name, r, errs)
			}
		}
		if seen := out + errs; !strings.Contains(seen, `\u202e`) && !strings.Contains(seen, `\xe2`) {
			t.Errorf("%q does not show what is in the event:\n%s\n%s", name, out, errs)
		}
	}
}

// A plan shows what is in the account, which somebody else may have written.
func TestPlanDoesNotSteerTheTerminal(t *testing.T) {
	for _, program := range []string{"moto_server", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED REAL SERVICE: %s is not installed", program)
		}
	}
	dir := t.TempDir()
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Sid": hostile, "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a-b-cloudtrail-logs/*",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"policy.json":      string(policy),
		"trailkeeper.yaml": "env: a\nproject_id: b\nregion: eu-west-2\n",
		"weaken.sh": `set -e
trailkeeper apply --auto-approve > apply.txt 2>&1
curl -sSf -X PUT -H 'Content-Type: application/json' --data-binary @policy.json "$AWS_ENDPOINT_URL/a-b-cloudtrail-logs?policy"
trailkeeper plan
trailkeeper plan --format json
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := command(dir, "sandbox", "--", "sh", "weaken.sh")
	out, errs := onTerminals(t, cmd)
	if code := cmd.ProcessState.ExitCode(); code != 0 || strings.Count(out, `\u202e`) < 2 {
		t.Fatalf("exits with %d\n%s\n%s", code, out, errs)
	}
	for _, r := range out {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			t.Fatalf("plan writes %U to the terminal:\n%q", r, out)
		}
	}
}

// JSON on a terminal is still JSON with the same values.
func TestJSONOnATerminal(t *testing.T) {
	dir := hostileLake(t)
	for _, args := range [][]string{
		{"query", "--lake", "lake", "--format", "json", "SELECT user_agent, request_parameters FROM events"},
		{"export", "--lake", "lake", "--format", "records"},
		{"lookup", "--lake", "lake"},
	} {
		piped, err := command(dir, args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		out, _ := onTerminals(t, command(dir, args...))
		var want, got any
		if err := errors.Join(json.Unmarshal(piped, &want), json.Unmarshal([]byte(out), &got)); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
		wantText, _ := json.Marshal(want)
		gotText, _ := json.Marshal(got)
		if !bytes.Equal(wantText, gotText) {
			t.Errorf("%q on a terminal:\n%s\nwant\n%s", args, gotText, wantText)
		}
	}
}

// What goes into a pipe is not touched.
func TestPipesGetEventsAsTheyCame(t *testing.T) {
	dir := hostileLake(t)
	out, err := command(dir, "query", "--lake", "lake", "--format", "csv", "SELECT error_message FROM events").Output()
	if err != nil || !strings.Contains(string(out), hostile) {
		t.Errorf("CSV: %v\n%q", err, out)
	}
	came, err := os.ReadFile(filepath.Join(dir, "logs", "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	out, err = command(dir, "export", "--lake", "lake", "--format", "jsonl").Output()
	if err != nil || !strings.Contains(string(out), "\u202e") || !sameJSON(t, out, came) {
		t.Errorf("export: %v\n%q\nwant\n%q", err, out, came)
	}
}

// Standard output that is no terminal gets byte for byte what --out writes, which
// nothing stands before.
func TestPipesGetWhatFilesGet(t *testing.T) {
	dir := hostileLake(t)
	for _, args := range [][]string{
		{"export", "--lake", "lake", "--format", "jsonl"},
		{"export", "--lake", "lake", "--format", "records"},
		{"query", "--lake", "lake", "--format", "csv", "FROM events"},
		{"query", "--lake", "lake", "--format", "jsonl", "FROM events"},
	} {
		piped, err := command(dir, args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "out")
		if text, err := command(dir, append(args, "--out", file)...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, text)
		}
		written, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(piped, written) || !bytes.Contains(piped, []byte("\u202e")) {
			t.Errorf("%q writes into a pipe\n%q\nand into a file\n%q", args, piped, written)
		}
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var one, other any
	if err := errors.Join(json.Unmarshal(a, &one), json.Unmarshal(b, &other)); err != nil {
		t.Fatal(err)
	}
	oneText, _ := json.Marshal(one)
	otherText, _ := json.Marshal(other)
	return bytes.Equal(oneText, otherText)
}

// onTerminals runs a command with a terminal each for its output and its messages.
func onTerminals(t *testing.T, cmd *exec.Cmd) (out, errs string) {
	t.Helper()
	outScreen, outTTY := openTerminal(t)
	errScreen, errTTY := openTerminal(t)
	cmd.Stdout, cmd.Stderr = outTTY, errTTY
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = outTTY.Close() // the command has its own
	_ = errTTY.Close()
	messages := make(chan string)
	go func() { messages <- readTerminal(errScreen) }()
	out = readTerminal(outScreen)
	errs = <-messages
	_ = cmd.Wait() // the caller looks at the exit code
	return out, errs
}

func openTerminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, tty, err := pty.Open()
	if err != nil {
		t.Skipf("SKIPPED REAL SERVICE: no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	if _, err := term.MakeRaw(int(tty.Fd())); err != nil { // else it adds carriage returns
		t.Fatal(err)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 40, Cols: 200}); err != nil {
		t.Fatal(err)
	}
	return screen, tty
}

// readTerminal reads until the other side is closed, which is an error on Linux.
func readTerminal(screen *os.File) string {
	text, _ := io.ReadAll(screen)
	return string(text)
}

// A reader that goes away ends every verb quietly and with success, unless there
// is something else to say.
func TestReaderThatGoesAway(t *testing.T) {
	dir := hostileLake(t)
	lines := outputs()
	for _, args := range [][]string{
		{"--version"}, {"help"}, {"help", "query"}, {"completion", "bash"}, {"query", "--list"}, {"sandbox", "env"},
		{"simulate", "--attack", "list"}, {"init", "--config", "new.yaml"},
		{"policy", "plan", "--env", "a", "--project-id", "b", "--region", "eu-west-2", "--expected-account", "222233334444"},
		{"query", "--lake", "lake", "--format", "csv", "SELECT repeat('x', 1000) FROM range(100000)"},
	} {
		lines[strings.Join(args, " ")] = struct {
			args []string
			code int
		}{args, 0}
	}
	for name, output := range lines {
		if output.code > 1 {
			continue // prints nothing
		}
		for _, lake := range []string{"other-text", "other-json"} {
			_ = os.RemoveAll(filepath.Join(dir, lake))
		}
		_ = os.Remove(filepath.Join(dir, "new.yaml"))
		var errs bytes.Buffer
		cmd := command(dir, output.args...)
		cmd.Stdout, cmd.Stderr = brokenPipe(t), &errs
		_ = cmd.Run() // its exit code is looked at
		if code := cmd.ProcessState.ExitCode(); code != output.code {
			t.Errorf("%q exits with %d, want %d: %s", name, code, output.code, errs.String())
		}
		if output.code == 0 && strings.Contains(errs.String(), "trailkeeper: ") {
			t.Errorf("%q says %q", name, errs.String())
		}
	}
}

// Neither does it matter that nobody reads the messages, or that both are closed.
func TestMessagesThatNobodyReads(t *testing.T) {
	dir := hostileLake(t)
	for _, output := range []*os.File{brokenPipe(t), nil} {
		cmd := command(dir, "export", "--lake", "lake")
		cmd.Stdout, cmd.Stderr = brokenPipe(t), output
		if err := cmd.Run(); err != nil {
			t.Errorf("export: %v", err)
		}
		cmd = command(dir, "export", "--lake", "lake", "--out", "events.jsonl")
		cmd.Stdout, cmd.Stderr = brokenPipe(t), output
		if err := cmd.Run(); err != nil {
			t.Errorf("export --out: %v", err)
		}
		if text, err := os.ReadFile(filepath.Join(dir, "events.jsonl")); err != nil || !json.Valid(text) {
			t.Errorf("export --out: %v, %q", err, text)
		}
	}
	for _, redirection := range []string{"2>&-", ">&- 2>&-"} {
		cmd := exec.Command("sh", "-c", "trailkeeper query --lake lake --format csv 'SELECT repeat(''x'', 1000) FROM range(100000)' "+redirection+" | head -n 1")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), isolation(dir)...)
		if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "trailkeeper: ") {
			t.Errorf("%s: %v\n%s", redirection, err, out)
		}
	}
}

// brokenPipe is the writing end of a pipe that nobody reads.
func brokenPipe(t *testing.T) *os.File {
	t.Helper()
	reading, writing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = writing.Close() })
	if err := reading.Close(); err != nil {
		t.Fatal(err)
	}
	return writing
}
