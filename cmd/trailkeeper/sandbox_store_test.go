package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/versitygwtest"
)

// blocksOf are the blocks of shell commands in a section of a page.
func blocksOf(t *testing.T, page, heading string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no section %q", page, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for {
		_, rest, found := strings.Cut(section, "\n```sh\n")
		if !found {
			return blocks
		}
		block, after, _ := strings.Cut(rest, "\n```\n")
		blocks = append(blocks, block)
		section = "\n" + after
	}
}

// TestStoreSection does what docs/sandbox.md says of a store, word for word but for
// addresses, keys, the folder and how often it delivers.
func TestStoreSection(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("SKIPPED REAL SERVICE: the AWS CLI is not installed")
	}
	blocks := blocksOf(t, "../../docs/sandbox.md", "## Put an audit trail in front of MinIO")
	if len(blocks) < 4 {
		t.Fatalf("only %d blocks", len(blocks))
	}
	store := versitygwtest.Start(t)
	dir, address := t.TempDir(), freeAddress(t)
	here := strings.NewReplacer(
		"http://127.0.0.1:9000", store.URL, "/var/lib/trailkeeper", "state", "AWS_ACCESS_KEY_ID=minioadmin", "AWS_ACCESS_KEY_ID="+versitygwtest.AccessKey,
		"AWS_SECRET_ACCESS_KEY=minioadmin", "AWS_SECRET_ACCESS_KEY="+versitygwtest.SecretKey,
		"--delivery-interval 1m", "--delivery-interval 100ms --listen "+address, "sandbox env", "sandbox env --url http://"+address,
	)
	run := func(ctx context.Context, script string) (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.CommandContext(ctx, "bash", "-ec", here.Replace(script))
		cmd.Dir, cmd.Env = dir, append(isolation(dir), "PATH="+os.Getenv("PATH"))
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		return cmd, &output
	}
	sandbox, said := run(t.Context(), strings.Replace(blocks[0], "trailkeeper sandbox", "exec trailkeeper sandbox", 1))
	sandbox.Cancel = func() error { return sandbox.Process.Signal(os.Interrupt) }
	if err := sandbox.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = sandbox.Wait(); close(ended) }()
	t.Cleanup(func() { <-ended }) // the test's context is over by then
	for reached := false; !reached; {
		resp, err := http.Get("http://" + address + "/")
		if reached = err == nil; reached {
			_ = resp.Body.Close() // any answer will do
			break
		}
		select {
		case <-ended:
			t.Fatalf("the sandbox ended: %s", said)
		case <-time.After(50 * time.Millisecond):
		}
	}
	client, output := run(t.Context(), strings.Join(blocks[1:], "\n"))
	if err := client.Run(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if !strings.Contains(output.String(), "keys: your own, from AWS_ACCESS_KEY_ID\n") {
		t.Errorf("where the keys are from is not said:\n%s", output)
	}
	for _, want := range []string{"PutObject", "DeleteObject"} {
		awaitEvent(t, filepath.Join(store.Folder, "audit-logs"), want, "plan.txt")
	}
}

// awaitEvent returns when a log file tells of an event with a key.
func awaitEvent(t *testing.T, folder, name, key string) {
	t.Helper()
	for {
		found := false
		err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.Contains(path, "_CloudTrail_") {
				return err
			}
			text, err := unpacked(path)
			if err != nil {
				return err
			}
			found = found || strings.Contains(text, `"eventName":"`+name+`"`) && strings.Contains(text, `"key":"`+key+`"`)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if found {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func unpacked(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	reader, err := gzip.NewReader(file)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(reader)
	return string(text), err
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// A command that a sandbox runs before a store keeps the caller's keys, which both
// the store and CloudTrail take. Another pair still stops nothing.
func TestCommandBeforeAStoreKeepsItsKeys(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("SKIPPED REAL SERVICE: the AWS CLI is not installed")
	}
	store := versitygwtest.Start(t)
	dir := t.TempDir()
	const script = `set -e
aws s3 mb s3://logs
aws cloudtrail describe-trails
if AWS_ACCESS_KEY_ID=TKother AWS_SECRET_ACCESS_KEY=other aws cloudtrail describe-trails; then exit 9; fi
`
	cmd := exec.CommandContext(t.Context(), "trailkeeper", "sandbox", "--upstream", store.URL, "--listen", "127.0.0.1:0", "--", "sh", "-c", script)
	cmd.Dir, cmd.Env = dir, append(isolation(dir), "PATH="+os.Getenv("PATH"),
		"AWS_ACCESS_KEY_ID="+versitygwtest.AccessKey, "AWS_SECRET_ACCESS_KEY="+versitygwtest.SecretKey)
	output, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "make_bucket: logs") || !strings.Contains(string(output), "UnrecognizedClientException") {
		t.Errorf("%v\n%s", err, output)
	}
}
