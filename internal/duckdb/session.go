package duckdb

import (
	"context"
	"fmt"
	"sync"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// grace is the time a step has to react to an interrupt.
const grace = 100 * time.Millisecond

// session is a connection on which one statement runs, step by step, until the
// context ends.
type session struct {
	ctx       context.Context
	db        *DB
	conn      bindings.Connection
	rows      *Rows // of the statement, once it has some
	cancel    context.CancelCauseFunc
	stop      func() // of the interrupts
	abandoned bool
}

func (db *DB) newSession(ctx context.Context) (*session, error) {
	conn, err := db.connect()
	if err != nil {
		return nil, err
	}
	s := &session{db: db, conn: conn}
	s.ctx, s.cancel = db.watchMemory(ctx)
	s.stop = interruptOnCancel(s.ctx, conn)
	return s, nil
}

// step runs one step of the engine. When the context ends, the step is
// interrupted; if it does not react, it is abandoned. An abandoned step runs
// on, because some functions check for interrupts only after they have computed
// a value, and releases the session at its end.
func (s *session) step(run func() error) error {
	if s.ctx.Err() != nil {
		return s.reason(nil)
	}
	ended := make(chan error, 1)
	go func() { ended <- run() }()
	select {
	case err := <-ended:
		return s.reason(err)
	case <-s.ctx.Done():
	}
	select {
	case err := <-ended:
		return s.reason(err)
	case <-time.After(grace):
	}
	s.abandoned = true
	s.db.abandoned.Add(1)
	go func() {
		//nolint:errcheck // nobody waits for the outcome any more
		<-ended
		s.release()
		s.db.abandoned.Add(-1)
	}()
	return s.reason(nil)
}

// reason returns the cause of the context's end instead of the engine's
// "interrupted".
func (s *session) reason(err error) error {
	if s.ctx.Err() != nil {
		return fmt.Errorf("run query: %w", context.Cause(s.ctx))
	}
	return err
}

// close releases the session, unless an abandoned step still runs.
func (s *session) close() {
	if !s.abandoned {
		s.release()
	}
}

func (s *session) release() {
	s.stop()
	s.cancel(nil)
	if s.rows != nil {
		s.rows.destroy()
	}
	bindings.Disconnect(&s.conn)
}

// interruptOnCancel interrupts the connection when ctx ends, until stop is
// called. The engine forgets an interrupt between two steps of a query, so it
// is repeated.
func interruptOnCancel(ctx context.Context, conn bindings.Connection) (stop func()) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		again := time.NewTicker(5 * time.Millisecond)
		defer again.Stop()
		for {
			bindings.Interrupt(conn)
			select {
			case <-done:
				return
			case <-again.C:
			}
		}
	})
	return func() {
		close(done)
		watching.Wait()
	}
}
