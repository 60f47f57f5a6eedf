package sandbox_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/sandbox/loadtest"
)

// loadCalls is how many calls TestLoad makes. A minute of a thousand a second is
// TRAILKEEPER_LOAD=60000.
func loadCalls(t *testing.T) int {
	t.Helper()
	text := os.Getenv("TRAILKEEPER_LOAD")
	if text == "" {
		return 2000
	}
	calls, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return calls
}

// served is a sandbox that delivers and listens.
type served struct {
	*sandbox.Sandbox
	URL   string
	state string
	stop  func() // ends it; the state stays
}

// serve opens a sandbox in front of an upstream that is not moto.
func serve(t *testing.T, upstream string, configure ...func(*sandbox.Config)) *served {
	t.Helper()
	config := sandbox.Config{
		Upstream: upstream, State: t.TempDir(), Account: account, Unchecked: true,
		DeliveryInterval: 100 * time.Millisecond, DigestInterval: time.Minute, UpstreamTimeout: time.Minute,
		Getenv: func(string) string { return "" }, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, f := range configure {
		f(&config)
	}
	box, err := sandbox.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	running, stop := context.WithCancel(context.Background())
	var delivering sync.WaitGroup
	delivering.Go(func() {
		if err := box.Run(running); err != nil {
			t.Error(err)
		}
	})
	s := &served{Sandbox: box, URL: server.URL, state: config.State}
	s.stop = sync.OnceFunc(func() {
		server.Close()
		stop()
		delivering.Wait()
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools hold outlives one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// Of thousands of calls from 32 connections none is lost and none recorded twice,
// neither in the journal nor in what a trail delivers meanwhile; memory does not
// grow with them.
func TestLoad(t *testing.T) {
	const connections = 32
	calls, warm := loadCalls(t), 500
	bucket := t.TempDir()
	box := serve(t, backend(t, loadtest.NewUpstream(bucket)))
	caller := loadtest.NewCaller(box.URL, box.Admin(), connections)
	defer caller.Close()
	if err := caller.Trail(t.Context()); err != nil {
		t.Fatal(err)
	}

	if _, err := caller.Burst(t.Context(), connections, 0, warm); err != nil {
		t.Fatal(err)
	}
	before := heap()
	started := time.Now()
	if _, err := caller.Burst(t.Context(), connections, warm, calls); err != nil {
		t.Fatal(err)
	}
	took := time.Since(started)
	after := heap()
	t.Logf("%.0f calls a second, the heap went from %.1f to %.1f MiB",
		float64(calls)/took.Seconds(), float64(before)/(1<<20), float64(after)/(1<<20))
	if after > before+16<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	if err := caller.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	delivered, err := loadtest.Delivered(bucket, warm+calls)
	if err != nil {
		t.Fatal(err)
	}
	if err := delivered.Err(); err != nil {
		t.Errorf("delivered: %v", err)
	}
	if err := caller.Deliver(t.Context()); err != nil {
		t.Errorf("the sandbox does not answer: %v", err)
	}
	box.stop()
	recorded, err := loadtest.InJournal(filepath.Join(box.state, "journal"), warm+calls)
	if err != nil {
		t.Fatal(err)
	}
	if err := recorded.Err(); err != nil {
		t.Errorf("in the journal: %v", err)
	}
}
