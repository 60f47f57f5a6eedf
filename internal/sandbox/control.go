package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	controlPath = "/_trailkeeper/"
	// maxInjected bounds what one request may inject, in bytes.
	maxInjected     = 16 << 20
	tooManyInjected = "a request to the control API has at most 16777216 bytes"
	// maxAdvance bounds one step of the clock: each digest that falls due is written.
	maxAdvance = 31 * 24 * time.Hour
)

// control returns the handler of the control API. Its calls are not recorded.
func (s *Sandbox) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+controlPath+"health", s.health)
	mux.HandleFunc("POST "+controlPath+"events", s.inject)
	mux.HandleFunc("POST "+controlPath+"deliver", s.deliver)
	mux.HandleFunc("POST "+controlPath+"advance", s.advance)
	mux.HandleFunc(controlPath, func(w http.ResponseWriter, r *http.Request) {
		answerError(w, http.StatusNotFound, fmt.Errorf("no %s %s here; there are GET health, POST events, POST deliver and POST advance?by=DURATION", r.Method, r.URL.Path))
	})
	return mux
}

type health struct {
	Upstream string    `json:"upstream"`
	Moto     bool      `json:"moto"`
	Account  string    `json:"account"`
	Clock    time.Time `json:"clock"`
	Events   uint64    `json:"events"`
	Trails   int       `json:"trails"`
}

func (s *Sandbox) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, health{
		Upstream: s.upstreamURL.String(), Moto: s.isMoto, Account: s.config.Account,
		Clock: s.clock.now(), Events: s.journal.Last(), Trails: len(s.trails.All()),
	})
}

func (s *Sandbox) inject(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInjected))
	if err != nil {
		status := http.StatusBadRequest
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			status = http.StatusRequestEntityTooLarge
		}
		answerError(w, status, fmt.Errorf("read events: %w", err))
		return
	}
	entries, err := injected(r.Context(), body, s.config.Account, s.clock.now())
	if err != nil {
		answerError(w, http.StatusBadRequest, fmt.Errorf("inject events: %w", err))
		return
	}
	for _, entry := range entries {
		if _, err := s.journal.Append(entry); err != nil {
			answerError(w, http.StatusInternalServerError, err)
			return
		}
	}
	answer(w, map[string]int{"recorded": len(entries)})
}

// deliver makes a delivery pass now instead of at the next interval.
func (s *Sandbox) deliver(w http.ResponseWriter, r *http.Request) {
	if err := s.delivery.Pass(r.Context()); err != nil {
		answerError(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, map[string]time.Time{"clock": s.clock.now()})
}

func (s *Sandbox) advance(w http.ResponseWriter, r *http.Request) {
	by, err := time.ParseDuration(r.URL.Query().Get("by"))
	if err != nil || by <= 0 || by > maxAdvance {
		answerError(w, http.StatusBadRequest, fmt.Errorf("advance clock by %q: not a duration up to %s, such as 1h", r.URL.Query().Get("by"), maxAdvance))
		return
	}
	s.clock.advance(by)
	if err := s.memory().write(s.dir); err != nil {
		answerError(w, http.StatusInternalServerError, err)
		return
	}
	s.deliver(w, r)
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // a client that hung up has no use for the error
}

func answerError(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}
