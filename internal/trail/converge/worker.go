package converge

import (
	"context"
	"time"
)

const (
	firstWait   = time.Second
	longestWait = 15 * time.Second
	// grace is for a write under way when somebody wants to stop.
	grace = 10 * time.Second
)

// worker makes the calls, for one resource after the other.
type worker struct {
	o        Options
	of       int // resources
	done     []string
	lastPace time.Time // the end of the last write to a service with a pace

	// What follows is of the resource at hand.
	r      *Resource
	n      int
	waited time.Duration // in one go
	wait   time.Duration // the next time
}

func newWorker(o Options, of int) *worker { return &worker{o: o.withDefaults(), of: of} }

// begin takes up a resource.
func (w *worker) begin(r *Resource) {
	w.r = r
	w.n++
	w.calm()
}

// calm ends the waiting, as something went well.
func (w *worker) calm() { w.waited, w.wait = 0, firstWait }

func (w *worker) did(what string) {
	w.done = append(w.done, what)
	w.calm()
}

func (w *worker) step() Step { return Step{N: w.n, Of: w.of, Kind: w.r.Kind, Name: w.r.Name} }

// look reads the resource, and tells where it differs from what is wanted.
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

// ask makes a call that changes nothing until it gets through. It leaves alone how
// long something was waited for to show.
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

// write makes a call that changes something, to its end if somebody wants to stop
// meanwhile.
func (w *worker) write(ctx context.Context, name string, f func(context.Context) error) error {
	return w.paced(ctx, name, func(ctx context.Context) error {
		ctx, cancel := lingering(ctx, grace)
		defer cancel()
		return f(ctx)
	})
}

// paced makes a call not sooner after the last one than its service takes it.
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

// lingering outlives ctx by d.
func lingering(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}

// passes is why the error of a write may pass, or "".
func (w *worker) passes(err error) string {
	if w.r.Retry != nil {
		if why := w.r.Retry(err); why != "" {
			return why
		}
	}
	return w.o.Classify(err).Class.passes()
}

// retry waits before a call that failed is made again. It returns the error to stop
// with if there is no reason why the one of the call should pass, or if it took too
// long already.
func (w *worker) retry(ctx context.Context, call string, cause error, why string) error {
	if err := ctx.Err(); err != nil {
		return w.fail(call, err)
	}
	if why == "" {
		return w.fail(call, cause)
	}
	if w.waited >= w.o.Patience {
		return w.impatient(call, why, cause)
	}
	d := min(w.wait, w.o.Patience-w.waited)
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
