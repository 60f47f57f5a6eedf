package sandbox

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

// Limits of the server, so that slow or numerous clients do not use up all connections.
const (
	headerTimeout = 20 * time.Second // to send a request's header
	idleTimeout   = 2 * time.Minute  // between two requests of a connection
	stallTimeout  = time.Minute      // without a byte of a body, in either direction
	maxHeader     = 64 << 10         // bytes; AWS refuses longer headers, too
	maxConns      = 1024
)

// Server returns a server of the endpoint. It closes connections of stalled clients;
// panics and failed handshakes are logged.
func (s *Sandbox) Server() *http.Server {
	return &http.Server{
		Handler:           closeStalled(s.handler, stallTimeout),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelError),
	}
}

// closeStalled ends a request if its client neither sends nor receives the next part of
// a body within limit. The total time is unlimited, because objects may be large.
func closeStalled(next http.Handler, limit time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &timedBody{r.Body, control, limit}
		}
		next.ServeHTTP(&timedWriter{w, control, limit}, r)
	})
}

// timedBody limits the wait for each part of a body.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
	limit   time.Duration
}

func (b *timedBody) Read(p []byte) (int, error) {
	if err := b.control.SetReadDeadline(time.Now().Add(b.limit)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		// From here on the server waits for the client to hang up, without a limit.
		_ = b.control.SetReadDeadline(time.Time{}) // fails only on a broken connection
	}
	return n, err
}

// timedWriter limits the wait until each part of an answer is received.
type timedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
}

func (w *timedWriter) Write(p []byte) (int, error) {
	if err := w.control.SetWriteDeadline(time.Now().Add(w.limit)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap gives a ResponseController access to the server's writer.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Bound limits the open connections of a listener; further ones wait.
func Bound(l net.Listener) net.Listener { return netutil.LimitListener(l, maxConns) }
