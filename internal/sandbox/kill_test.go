package sandbox_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/sandbox/loadtest"
)

// With these a test process is a sandbox.
const (
	upstreamVariable = "TRAILKEEPER_TEST_UPSTREAM"
	stateVariable    = "TRAILKEEPER_TEST_STATE"
)

// TestBeKilled is the process that TestKill kills.
func TestBeKilled(t *testing.T) {
	upstream := os.Getenv(upstreamVariable)
	if upstream == "" {
		return
	}
	box := serve(t, upstream, func(c *sandbox.Config) {
		c.State, c.DeliveryInterval = os.Getenv(stateVariable), 10*time.Millisecond
	})
	fmt.Println(box.URL)
	_, _ = io.Copy(io.Discard, os.Stdin) // until TestKill is gone
}

// victim starts a sandbox in a process of its own and returns its URL and what
// kills it.
func victim(t *testing.T, upstream, state string) (url string, kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBeKilled$")
	cmd.Env = append(os.Environ(), upstreamVariable+"="+upstream, stateVariable+"="+state)
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "http://") {
		t.Log(lines.Text())
	}
	return lines.Text(), sync.OnceFunc(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // tells that it was killed
	})
}

// However often a sandbox is killed while calls and deliveries are under way: each
// call that was answered is recorded once, and each that was recorded is delivered
// once.
func TestKill(t *testing.T) {
	const lives, callsInALife, connections = 3, 500, 16
	bucket, state := t.TempDir(), t.TempDir()
	upstream := backend(t, loadtest.NewUpstream(bucket))
	var next atomic.Int64
	var answered sync.Map // of int
	for life := range lives {
		url, kill := victim(t, upstream, state)
		defer kill()
		caller := loadtest.NewCaller(url, connections)
		defer caller.Close()
		if life == 0 {
			if err := caller.Trail(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var clients sync.WaitGroup
		for range connections {
			clients.Go(func() {
				for {
					number := int(next.Add(1)) - 1
					if caller.Call(t.Context(), loadtest.Put, number) != nil {
						return // it was killed
					}
					answered.Store(number, true)
					if number >= (life+1)*callsInALife {
						kill()
					}
				}
			})
		}
		clients.Wait()
	}

	last := serve(t, upstream, func(c *sandbox.Config) { c.State = state })
	caller := loadtest.NewCaller(last.URL, 1)
	defer caller.Close()
	if err := caller.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	last.stop()
	calls := int(next.Load())
	recorded, err := loadtest.InJournal(filepath.Join(state, "journal"), calls)
	if err != nil {
		t.Fatal(err)
	}
	delivered, err := loadtest.Delivered(bucket, calls)
	if err != nil {
		t.Fatal(err)
	}
	for number := range calls {
		_, told := answered.Load(number)
		if recorded[number] > 1 || told && recorded[number] == 0 || delivered[number] != recorded[number] {
			t.Errorf("call %d: answered %t, recorded %d times, delivered %d times", number, told, recorded[number], delivered[number])
		}
	}
	if calls < lives*callsInALife {
		t.Errorf("only %d calls were made", calls)
	}
}
