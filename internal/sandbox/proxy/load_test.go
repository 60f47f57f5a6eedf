package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// echo is an upstream that answers a request's path and body.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s", r.URL.Path, body)
}

// Thousands of calls from many connections: each is answered with its own answer,
// and captured once, and memory does not grow with them.
func TestLoad(t *testing.T) {
	const connections, calls = 32, 320 * 32
	var mu sync.Mutex
	seen := map[string]int{}
	p := captured(t, before(t, serving(t, http.HandlerFunc(echo)).URL), func(x *exchange.Exchange) error {
		want := x.URL.Path + " " + string(x.Request.Bytes)
		if !x.Request.Whole || !x.Response.Whole || string(x.Response.Bytes) != want {
			return fmt.Errorf("captured %q as the answer to %q", x.Response.Bytes, want)
		}
		mu.Lock()
		defer mu.Unlock()
		seen[x.URL.Path]++
		return nil
	})
	body := bytes.Repeat([]byte("b"), 1000)
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	defer transport.CloseIdleConnections()
	round := func(name string, count int) {
		var clients sync.WaitGroup
		for c := range connections {
			clients.Go(func() {
				client := http.Client{Transport: transport}
				for i := range count / connections {
					path := fmt.Sprintf("/%s/%d/%d", name, c, i)
					resp, err := client.Post(p.URL+path, "", bytes.NewReader(body))
					if err != nil {
						t.Error(err)
						return
					}
					got, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err != nil || resp.StatusCode != 200 || string(got) != path+" "+string(body) {
						t.Errorf("%s: %s %.100q, %v", path, resp.Status, got, err)
						return
					}
				}
			})
		}
		clients.Wait()
	}
	round("warm", calls/10)
	clear(seen)
	warm := heap()
	round("load", calls)
	for path, times := range seen {
		if times != 1 {
			t.Errorf("%s was captured %d times", path, times)
		}
	}
	if len(seen) != calls {
		t.Errorf("%d of %d calls were captured", len(seen), calls)
	}
	seen = nil
	if end := heap(); end > warm+8<<20 {
		t.Errorf("the heap grew from %d to %d bytes", warm, end)
	}
}
