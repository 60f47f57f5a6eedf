package converge

import (
	"context"
	"time"
)

const (
	firstWait   = time.Second
	longestWait = 15 * time.Second
	// grace is the time that a write under way gets to finish after cancellation.
	grace = 10 * time.Second
)

// worker makes the calls, for one resource after the other.
type worker struct {
	o        Options
	of       int // the number of resources to work on
	done     []string
	lastPace time.Time // end of the last paced write

	// The fields below belong to the current resource.
	r      *Resource
	n      int
	waited time.Duration // since the last progress
	wait   time.Duration // the next delay
}

func newWorker(o Options, of int) *worker { return &worker{o: o.withDefaults(), of: of} }

// begin makes r the current resource.
func (w *worker) begin(r *Resource) {
	w.r = r
	w.n++
	w.calm()
}

// calm resets the delays after a success.
func (w *worker) calm() { w.waited, w.wait = 0, firstWait }

func (w *worker) did(what string) {
	w.done = append(w.done, what)
	w.calm()
}

func (w *worker) step() Step { return Step{N: w.n, Of: w.of, Kind: w.r.Kind, Name: w.r.Name} }

// look reads the resource and compares it with what is wanted.
func (w *worker) look(ctx context.Context) (now Actual, fields []FieldChange, err error) {
	if now, err = w.read(ctx); err != nil {
		return Actual{}, nil, err
	}
	want, err := w.r.Want()
	if err != nil {
		return Actual{}, nil, w.fail("plan", err)
	}
	if !now.Exists {
		now.State = nil
	}
	if fields, err = compare(want, now.State, w.r.Parts); err != nil {
		return Actual{}, nil, w.fail("plan", err)
	}
	return now, fields, nil
}

func (w *worker) read(ctx context.Context) (now Actual, err error) {
	err = w.ask(ctx, func(ctx context.Context) (err error) {
		now, err = w.r.Read(ctx)
		return err
	})
	return now, err
}

// ask retries a call that changes nothing until it succeeds. It keeps the time already
// waited for a change to show.
func (w *worker) ask(ctx context.Context, f func(context.Context) error) error {
	waited, wait := w.waited, w.wait
	w.calm()
	for {
		err := w.call(ctx, "read", f)
		if err == nil {
			w.waited, w.wait = waited, wait
			return nil
		}
		if err = w.retry(ctx, "read", err, w.o.Classify(err).Class.passes()); err != nil {
			return err
		}
	}
}

// call makes one call. Its error is that of the call, or of ctx.
func (w *worker) call(ctx context.Context, name string, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	step := w.step()
	step.Call = name
	w.o.Progress(step)
	return f(ctx)
}

// write makes a call that changes something. If ctx is cancelled meanwhile, the call
// gets some time to finish.
func (w *worker) write(ctx context.Context, name string, f func(context.Context) error) error {
	return w.paced(ctx, name, func(ctx context.Context) error {
		ctx, cancel := lingering(ctx, grace)
		defer cancel()
		return f(ctx)
	})
}

// paced is write with the pause that the service needs between calls.
func (w *worker) paced(ctx context.Context, name string, f func(context.Context) error) error {
	if w.r.Pace > 0 {
		if d := w.r.Pace - w.o.Now().Sub(w.lastPace); d > 0 {
			if err := w.o.Sleep(ctx, d); err != nil {
				return err
			}
		}
		defer func() { w.lastPace = w.o.Now() }()
	}
	return w.call(ctx, name, f)
}

// lingering returns a context that ends d after ctx does.
func lingering(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}

// passes returns why a retry of a failed write may succeed, or "".
func (w *worker) passes(err error) string {
	if w.r.Retry != nil {
		if why := w.r.Retry(err); why != "" {
			return why
		}
	}
	return w.o.Classify(err).Class.passes()
}

// retry waits before a failed call is made again. If why is "" or the retries took
// RetryFor, it returns the error to stop with.
func (w *worker) retry(ctx context.Context, call string, cause error, why string) error {
	if err := ctx.Err(); err != nil {
		return w.fail(call, err)
	}
	if why == "" {
		return w.fail(call, cause)
	}
	if w.waited >= w.o.RetryFor {
		return w.timedOut(call, why, cause)
	}
	d := min(w.wait, w.o.RetryFor-w.waited)
	step := w.step()
	step.Call, step.Wait, step.Why = call, d, why
	w.o.Progress(step)
	if err := w.o.Sleep(ctx, d); err != nil {
		return w.fail(call, err)
	}
	w.waited += d
	w.wait = min(2*w.wait, longestWait)
	return nil
}
