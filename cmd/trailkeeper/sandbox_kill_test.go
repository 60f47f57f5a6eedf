package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/sandbox/access"
	"github.com/cerpac/trailkeeper/logfile"
	"github.com/cerpac/trailkeeper/unpack"
)

// TestKilledSandboxLosesNothing kills the real program while clients call it, again
// and again. Each call that was answered must be in one log file, once.
func TestKilledSandboxLosesNothing(t *testing.T) {
	bucket := &objects{bodies: map[string][]byte{}}
	store := httptest.NewServer(bucket)
	defer store.Close()
	dir := t.TempDir()
	answered := map[string]bool{}
	for round := range 4 {
		box := startSandbox(t, store.URL, dir)
		if round == 0 {
			box.cloudTrail(t, "CreateTrail", `{"Name":"audit","S3BucketName":"logs","EnableLogFileValidation":true}`)
			box.cloudTrail(t, "StartLogging", `{"Name":"audit"}`)
		}
		box.callUntilKilled(t, round, answered)
	}
	if len(answered) < 10 {
		t.Fatalf("only %d calls were answered in all", len(answered))
	}
	box := startSandbox(t, store.URL, dir)
	box.post(t, "/_trailkeeper/deliver")
	box.kill(t)

	delivered := bucket.deleted(t)
	for name := range answered {
		if delivered[name] != 1 {
			t.Errorf("%s was answered, and delivered %d times", name, delivered[name])
		}
	}
	for name, times := range delivered {
		if times > 1 {
			t.Errorf("%s was delivered %d times", name, times)
		}
	}
}

// objects is a store that keeps what is put.
type objects struct {
	mu     sync.Mutex
	bodies map[string][]byte
}

func (o *objects) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sandbox was killed in the middle of it
	}
	if r.Method == http.MethodPut {
		o.mu.Lock()
		o.bodies[r.URL.Path] = body
		o.mu.Unlock()
	}
	w.Header().Set("x-amz-request-id", "1")
}

// deleted counts the DeleteBucket events in all log files by bucket.
func (o *objects) deleted(t *testing.T) map[string]int {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	counts := map[string]int{}
	var packed unpack.Walker
	var reader logfile.Reader
	for path, body := range o.bodies {
		if !strings.Contains(path, "/CloudTrail/") {
			continue
		}
		visit := logfile.Visitor{
			Record: func(_ int64, r *event.Record) error {
				if string(r.Text(event.EventName)) == "DeleteBucket" {
					_, name, _ := strings.Cut(string(r.Get(event.RequestParameters).Raw), `"bucketName":"`)
					name, _, _ = strings.Cut(name, `"`)
					counts[name]++
				}
				return nil
			},
			Reject: func(_ int64, text []byte, cause string) error { return fmt.Errorf("%s: %s", cause, text) },
		}
		err := packed.Walk(t.Context(), bytes.NewReader(body), func(_ string, text io.Reader) error { return reader.Read(t.Context(), text, visit) })
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	return counts
}

// runningSandbox is the real program.
type runningSandbox struct {
	cmd   *exec.Cmd
	url   string
	admin *access.Admin
}

func startSandbox(t *testing.T, upstream, state string) *runningSandbox {
	t.Helper()
	cmd, _, errs := trailkeeper(t, "sandbox", "--listen", "127.0.0.1:0", "--upstream", upstream, "--state", state,
		"--permissions", "none", "--delivery-interval", "20ms", "--digest-interval", "1s")
	cmd.Stdout = nil
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // has ended by then, unless the test failed
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("sandbox said nothing: %v\n%s", err, errs)
	}
	url, _, ok := strings.Cut(strings.TrimPrefix(line, "sandbox at "), ",")
	if !ok {
		t.Fatalf("sandbox said %q", line)
	}
	admin, err := access.Read(state)
	if err != nil {
		t.Fatal(err)
	}
	return &runningSandbox{cmd, url, admin}
}

func (r *runningSandbox) kill(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	_ = r.cmd.Wait() // "killed"
}

// callUntilKilled deletes buckets from several clients, and kills the sandbox after a
// random number of answers. It adds the buckets whose deletion was answered.
func (r *runningSandbox) callUntilKilled(t *testing.T, round int, answered map[string]bool) {
	t.Helper()
	enough := 20 + rand.IntN(200)
	var mu sync.Mutex
	var wait sync.WaitGroup
	var once sync.Once
	count := 0
	for client := range 8 {
		wait.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("b-%d-%d-%d", round, client, i)
				if !r.call(http.MethodDelete, "/"+name, "s3", "", nil) {
					return
				}
				mu.Lock()
				answered[name] = true
				count++
				done := count == enough
				mu.Unlock()
				if done {
					once.Do(func() { r.kill(t) })
				}
			}
		})
	}
	wait.Wait()
}

func (r *runningSandbox) cloudTrail(t *testing.T, operation, body string) {
	t.Helper()
	if !r.call(http.MethodPost, "/", access.Service, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."+operation, []byte(body)) {
		t.Fatalf("%s failed", operation)
	}
}

func (r *runningSandbox) post(t *testing.T, path string) {
	t.Helper()
	if !r.call(http.MethodPost, path, access.Service, "", nil) {
		t.Fatalf("POST %s failed", path)
	}
}

// call reports whether a call was answered to its end, and well.
func (r *runningSandbox) call(method, path, service, target string, body []byte) bool {
	request, err := http.NewRequest(method, r.url+path, bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/"+time.Now().UTC().Format("20060102")+"/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	if target != "" {
		request.Header.Set("X-Amz-Target", target)
	}
	if service == access.Service {
		if err := r.admin.Sign(request, body, time.Now()); err != nil {
			return false
		}
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode < 300
}
