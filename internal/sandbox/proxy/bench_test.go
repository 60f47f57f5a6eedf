package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// BenchmarkForward compares calls through the proxy with calls to the bare upstream:
// divide the times of the same kind of call.
func BenchmarkForward(b *testing.B) {
	up := serving(b, http.HandlerFunc(echo))
	forward := before(b, up.URL)
	capture := captured(b, forward, func(*exchange.Exchange) error { return nil })
	for _, kind := range []struct {
		name string
		size int
	}{{"call", 500}, {"object", 1 << 20}} {
		body := strings.Repeat("x", kind.size)
		for name, url := range map[string]string{"upstream": up.URL, "forward": forward.URL, "capture": capture.URL} {
			b.Run(kind.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(kind.size))
				for b.Loop() {
					resp, err := http.Post(url, "", strings.NewReader(body))
					if err != nil {
						b.Fatal(err)
					}
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			})
		}
	}
}
