package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/simulate"
)

func TestSecondIngestIsRefused(t *testing.T) {
	dir, archive := t.TempDir(), t.TempDir()
	w, err := lake.OpenWriter(t.Context(), folderstore.New(dir, 0), lake.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, stderr := ingestOnce(t, 3, "--archive", archive, "--lake", dir)
	want := fmt.Sprintf("nothing new was kept in %s\ntrailkeeper: open lake %q: another ingest is writing to it\nhint: wait until it has ended, or use another --lake\n", dir, dir)
	if stderr != want {
		t.Errorf("stderr is\n%swant\n%s", stderr, want)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	ingestOnce(t, 0, "--archive", archive, "--lake", dir)
}

// bucket is as much of S3 as a test of the verb needs: a listing of objects, and
// their bytes, unless answer takes the request.
type bucket struct {
	objects map[string]string
	answer  func(w http.ResponseWriter, r *http.Request) bool
}

func (b bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.answer != nil && b.answer(w, r) {
		return
	}
	if r.URL.Query().Has("list-type") {
		prefix := r.URL.Query().Get("prefix")
		fmt.Fprint(w, `<ListBucketResult><IsTruncated>false</IsTruncated>`)
		if r.URL.Query().Get("delimiter") == "" {
			for _, key := range slices.Sorted(keysOf(b.objects)) {
				if strings.HasPrefix(key, prefix) {
					fmt.Fprintf(w, `<Contents><Key>%s</Key><ETag>"%x"</ETag><Size>%d</Size></Contents>`, key, len(key), len(b.objects[key]))
				}
			}
		} else {
			b.folder(w, prefix)
		}
		fmt.Fprint(w, `</ListBucketResult>`)
		return
	}
	key := strings.TrimPrefix(r.URL.Path, "/logs/")
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, len(key)))
	fmt.Fprint(w, b.objects[key])
}

// folder lists what is directly below a prefix.
func (b bucket) folder(w http.ResponseWriter, prefix string) {
	seen := map[string]bool{}
	for _, key := range slices.Sorted(keysOf(b.objects)) {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		if name, _, deeper := strings.Cut(rest, "/"); deeper && !seen[name] {
			seen[name] = true
			fmt.Fprintf(w, `<CommonPrefixes><Prefix>%s%s/</Prefix></CommonPrefixes>`, prefix, name)
		} else if !deeper {
			fmt.Fprintf(w, `<Contents><Key>%s</Key><ETag>"%x"</ETag><Size>%d</Size></Contents>`, key, len(key), len(b.objects[key]))
		}
	}
}

func keysOf(m map[string]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// s3Command is an ingest of the bucket "logs" of a server.
func s3Command(t *testing.T, url, dir string, more ...string) (cmd *exec.Cmd, out, errs *bytes.Buffer) {
	t.Helper()
	args := []string{"ingest", "--archive", "s3://logs", "--lake", dir, "--endpoint-url", url, "--path-style", "--s3-region", "us-east-1"}
	cmd, out, errs = trailkeeper(t, append(args, more...)...)
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID=testing", "AWS_SECRET_ACCESS_KEY=testing")
	return cmd, out, errs
}

func record(n int) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","eventTime":"2026-01-11T10:00:00Z","eventName":"A","eventID":"%d"}`, n)
}

// Ctrl-C comes while the third of four files is on its way: what was read before
// is kept and said, and the next run reads the rest.
func TestInterruptedIngest(t *testing.T) {
	objects := map[string]string{}
	for i := range 4 {
		objects[fmt.Sprintf("%d.json", i)] = record(i)
	}
	reached := make(chan struct{})
	var once sync.Once
	open := false
	b := bucket{objects: objects, answer: func(w http.ResponseWriter, r *http.Request) bool {
		if open || !strings.HasSuffix(r.URL.Path, "/2.json") {
			return false
		}
		once.Do(func() { close(reached) })
		<-r.Context().Done()
		return true
	}}
	server := httptest.NewServer(b)
	defer server.Close()
	dir := t.TempDir()
	cmd, _, errs := s3Command(t, server.URL, dir, "--workers", "1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if failed, ok := errors.AsType[*exec.ExitError](err); !ok || failed.ExitCode() != 130 {
		t.Errorf("ended with %v, want exit code 130", err)
	}
	want := fmt.Sprintf("kept in %s before the run ended: 2 events of 2 files; run the same command again for the rest\ntrailkeeper: interrupted\n", dir)
	if errs.String() != want {
		t.Errorf("stderr is\n%swant\n%s", errs, want)
	}
	server.Close()

	b.answer = nil
	server = httptest.NewServer(b)
	defer server.Close()
	cmd, out, errs := s3Command(t, server.URL, dir)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs)
	}
	if !strings.Contains(out.String(), "= 2 read + 2 unchanged + 0 skipped + 0 failed") || !strings.Contains(out.String(), "= 2 stored + 0 duplicates") {
		t.Errorf("the next run:\n%s", out)
	}
}

func TestIngestFromTroubledBuckets(t *testing.T) {
	fault := func(status int, code string) func(w http.ResponseWriter, r *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			fmt.Fprintf(w, `<Error><Code>%s</Code><Message>It is so.</Message></Error>`, code)
			return true
		}
	}
	onlyObject := func(name string, f func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, name) && f(w, r)
		}
	}
	throttled := 0
	for _, test := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request) bool
		code   int
		stdout []string
		stderr []string
	}{
		{"missing", fault(404, "NoSuchBucket"), 3, nil, []string{"nothing new was kept", "bucket does not exist", "hint: check the name of the bucket"}},
		{"denied", fault(403, "AccessDenied"), 3, nil, []string{"access denied", "hint: the credentials need s3:ListBucket"}},
		{"denied for one object", onlyObject("/1.json", fault(403, "AccessDenied")), 3,
			[]string{"= 2 read + 0 unchanged + 0 skipped + 1 failed", `"1.json" at byte 0: open s3://logs/1.json: access denied`},
			[]string{"1 of 3 files could not be read"}},
		{"throttled for a while", func(w http.ResponseWriter, r *http.Request) bool {
			throttled++
			return throttled < 3 && fault(503, "SlowDown")(w, r)
		}, 0, []string{"= 3 read + 0 unchanged"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(bucket{map[string]string{"0.json": record(0), "1.json": record(1), "2.json": record(2)}, test.answer})
			defer server.Close()
			cmd, out, errs := s3Command(t, server.URL, t.TempDir(), "--workers", "1")
			_ = cmd.Run()
			if code := cmd.ProcessState.ExitCode(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for _, want := range test.stdout {
				if !strings.Contains(out.String(), want) {
					t.Errorf("stdout lacks %q:\n%s", want, out)
				}
			}
			for _, want := range test.stderr {
				if !strings.Contains(errs.String(), want) {
					t.Errorf("stderr lacks %q:\n%s", want, errs)
				}
			}
		})
	}
}

// An archive gives the same lake from a bucket as from a folder.
func TestIngestFromS3(t *testing.T) {
	endpoint := mototest.Start(t)
	archive := simulated(t, func(o *simulate.Options) { o.EventsPerDay, o.Days = 500, 2 })
	put := func(key string, body []byte) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, endpoint+"/logs"+key, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode >= 300 {
			t.Fatalf("put %q: %s", key, answer.Status)
		}
	}
	put("", nil)
	err := filepath.WalkDir(archive, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		put(strings.TrimPrefix(path, archive), body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	fromFolder, fromBucket := t.TempDir(), t.TempDir()
	ingestOnce(t, 0, "--archive", archive, "--lake", fromFolder)
	for _, want := range []string{" + 0 unchanged", "= 0 read"} {
		cmd, out, errs := s3Command(t, endpoint, fromBucket)
		if err := cmd.Run(); err != nil || !strings.Contains(out.String(), want) {
			t.Fatalf("%v, want %q\n%s%s", err, want, out, errs)
		}
	}
	if folder, bucket := fingerprint(t, fromFolder), fingerprint(t, fromBucket); folder != bucket {
		t.Errorf("the lake has %s from the folder, %s from the bucket", folder, bucket)
	}
	if got := ask(t, fromBucket, "SELECT count(*) FROM events WHERE NOT starts_with(log_file, 's3://logs/AWSLogs/')"); got != "0" {
		t.Errorf("%s events have another log file", got)
	}
}

// A lake on a full disk is whole, and complete once there is room.
func TestIngestToFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("SKIPPED REAL SERVICE: a small file system cannot be mounted here: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	}()
	archive := simulated(t, func(o *simulate.Options) { o.EventsPerDay = 15_000 })
	ballast := filepath.Join(disk, "ballast")
	undisturbed, dir := t.TempDir(), filepath.Join(disk, "lake")
	whole, _ := ingestOnce(t, 0, "--archive", archive, "--lake", undisturbed)
	kept := int64(0)
	for _, size := range []int{5800 << 10, 4 << 20, 1 << 20} { // no room for anything, for some of it, for most
		if err := os.WriteFile(ballast, make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
		_, stderr := ingestOnce(t, 3, "--archive", archive, "--lake", dir, "--memory", "192MiB")
		if !strings.Contains(stderr, "no space left on device") || !strings.Contains(stderr, "hint: free some space; the lake is whole") {
			t.Errorf("stderr:\n%s", stderr)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		requireWhole(t, dir)
		if l, err := lake.Open(t.Context(), folderstore.New(dir, 0)); err == nil {
			kept = l.Totals.Stored
			_ = l.Close()
		}
	}
	if kept == 0 || kept >= whole.Lake.Stored {
		t.Errorf("before the disk had room %d of %d events were kept, want some", kept, whole.Lake.Stored)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	ingestOnce(t, 0, "--archive", archive, "--lake", dir, "--memory", "192MiB")
	if got, want := fingerprint(t, dir), fingerprint(t, undisturbed); got != want {
		t.Errorf("the lake has %s, want %s", got, want)
	}
	requireNoOrphans(t, dir)
}

// Memory stays below the bound however large the archive is.
func TestIngestMemory(t *testing.T) {
	const bound = 192 << 20
	archive := simulated(t, func(o *simulate.Options) { o.EventsPerDay = exhaustive.Or(40_000, 80_000) })
	cmd, out, errs := trailkeeper(t, "ingest", "--archive", archive, "--lake", t.TempDir(), "--memory", "192MiB")
	peak, err := peakOf(cmd)
	if err != nil {
		t.Fatalf("%v\n%s", err, errs)
	}
	if peak == 0 {
		t.Skip("SKIPPED REAL SERVICE: this system does not tell the memory of a process in /proc")
	}
	t.Logf("%d MiB at most for %s", peak>>20, regexp.MustCompile(`read .* uncompressed`).FindString(out.String()))
	if peak > bound {
		t.Errorf("the process took %d MiB, more than its bound of %d", peak>>20, bound>>20)
	}
}

// peakOf runs a command and returns the most memory that it had, in bytes. What the
// system tells after its end counts the memory of this process, too, before the
// command took its place.
func peakOf(cmd *exec.Cmd) (peak int64, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error)
	go func() { ended <- cmd.Wait() }()
	line := regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return peak, err
		case <-look.C:
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			if m := line.FindSubmatch(status); m != nil {
				n, _ := strconv.ParseInt(string(m[1]), 10, 64)
				peak = max(peak, n<<10)
			}
		}
	}
}

// A lake that may only be read is read, and what it means that it cannot be
// written is said.
func TestReadOnlyLake(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("SKIPPED REAL SERVICE: a small file system cannot be mounted here: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	}()
	archive, dir := t.TempDir(), filepath.Join(disk, "lake")
	text := `{"eventVersion":"1.11","eventTime":"2026-01-10T10:00:00Z","eventName":"A","eventID":"1"}`
	if err := os.WriteFile(filepath.Join(archive, "a.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ingestOnce(t, 0, "--archive", archive, "--lake", dir)
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=16m"); err != nil {
		t.Fatal(err)
	}
	for _, lake := range []string{dir, filepath.Join(disk, "another")} {
		_, stderr := ingestOnce(t, 3, "--archive", archive, "--lake", lake)
		want := fmt.Sprintf("trailkeeper: open lake %q: ", lake)
		if !strings.Contains(stderr, want) || !strings.Contains(stderr, "read-only file system\nhint: the file system is read-only: ingest into a --lake elsewhere") {
			t.Errorf("stderr:\n%s", stderr)
		}
	}
	if got := ask(t, dir, "SELECT count(*) FROM events"); got != "1" {
		t.Errorf("%s events", got)
	}
}
