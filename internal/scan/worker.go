package scan

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/logfile"
	"github.com/cerpac/trailkeeper/unpack"
)

// worker reads one file after another.
type worker struct {
	run   *run
	out   delivery
	files unpack.Walker
	log   logfile.Reader
	whole holder
	text  bytes.Buffer // of a file with a claim

	// of the file being read
	account Account

	// of the stream being read
	stream Stream
	name   string
	pieces int64 // so far: records and others
}

func newWorker(ctx context.Context, r *run, to Consumer) *worker {
	w := &worker{run: r, whole: holder{limit: heldBytes(r.opts)}}
	w.files.TempDir, w.files.Windows, w.log.Large = r.opts.TempDir, r.windows, r.large
	w.files.Whole = textBytes(r.opts)
	w.out = delivery{to: to, account: &w.account}
	if r.opts.Ordered {
		w.out.held = newQueue(ctx, r.opts)
		w.files.Windows, w.log.Large = unpack.NewWindows(r.opts.Memory/int64(r.opts.Workers)), nil
	}
	return w
}

func (w *worker) work(ctx context.Context) error {
	for f := range w.run.jobs {
		if err := w.file(ctx, f); err != nil {
			return err
		}
		w.run.opts.Bar.Add(1)
	}
	return nil
}

// file reads a file and accounts for it. The error is one that ends the whole
// run.
func (w *worker) file(ctx context.Context, f *File) error {
	w.account = Account{}
	w.out.begin(f)
	v, err := w.read(ctx, f)
	if flushed := w.out.finish(err == nil); err == nil {
		err = flushed
	}
	if ctx.Err() != nil { // a fault may come from the interrupted read
		err = ctx.Err()
	}
	if err != nil {
		v = Result{Outcome: Unread, Problem: Problem{File: f.Key, Cause: err.Error()}}
	}
	if v.Outcome == Unproven {
		w.account.refused(f.Object, f.Refused)
	} else {
		w.account.file(v)
	}
	w.run.account.add(&w.account)
	w.out.close(f, v)
	return err
}

// read opens a file, and returns the result of reading it.
func (w *worker) read(ctx context.Context, f *File) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	if f.Err != nil {
		return unreachable(f, "cannot be looked at", f.Err), nil
	}
	src, refused, err := w.open(ctx, f)
	if refused != nil {
		f.Refused = refused
		return Result{Outcome: Unproven}, nil
	}
	if err != nil {
		return unreachable(f, "cannot be opened", err), nil
	}
	defer src.Close()                                          // only read from
	defer context.AfterFunc(ctx, func() { _ = src.Close() })() // ends a blocked read
	if err := w.out.open(f); err != nil {
		return Result{}, err
	}
	v, err := w.walk(ctx, f, src)
	if err == nil && ctx.Err() == nil {
		w.account.Bytes.Stored, w.account.Bytes.Plain = w.files.Bytes()
		if f.Claim != nil {
			w.account.Bytes.Stored = f.stored // what was walked is the text
		}
	}
	return v, err
}

// open opens a file; its hash is known then, if it was asked for.
func (w *worker) open(ctx context.Context, f *File) (src io.ReadCloser, refused *Refusal, err error) {
	switch {
	case f.Claim != nil:
		return w.claimed(ctx, f)
	case w.run.opts.Hash:
		src, err = w.whole.open(ctx, w.run.opts.Source, f)
	default:
		src, err = w.run.opts.Source.Open(ctx, f.Object)
	}
	return src, nil, err
}

// walk reads the streams in a file and returns the result of the whole file. An
// archive of which only members failed has failed without a problem of its own.
func (w *worker) walk(ctx context.Context, f *File, src io.Reader) (Result, error) {
	var found contents
	err := w.files.Walk(ctx, src, func(member string, text io.Reader) error {
		return w.member(ctx, f, member, text, &found)
	})
	var fault *unpack.FaultError
	switch {
	case errors.As(err, &fault):
		return Result{Outcome: Failed, Problem: Problem{File: f.Key, Offset: fault.Offset, Cause: fault.Cause}, Unseen: fault.Err != nil && !found.bad}, nil
	case err != nil:
		return Result{}, err
	case found.whole != nil:
		return *found.whole, nil
	case found.failed > 0:
		return Result{Outcome: Failed, Unseen: !found.bad}, nil
	case found.read == 0:
		return Result{Outcome: Skipped, Problem: Problem{Cause: "archive without log files"}}, nil
	}
	return Result{}, nil
}

// member reads one stream of a file, and accounts for it if it is a member of
// an archive.
func (w *worker) member(ctx context.Context, f *File, member string, text io.Reader, found *contents) error {
	if err := w.enter(f, member); err != nil {
		return err
	}
	v, err := w.records(ctx, text)
	if err != nil {
		return err
	}
	if member == "" {
		found.whole = &v
	} else {
		found.add(v)
		w.account.member(v)
	}
	return w.out.leave(&w.stream, v)
}

// enter begins a stream.
func (w *worker) enter(f *File, member string) error {
	w.stream = NewStream(w.run.opts.Source.URI(), f, member)
	w.name, w.pieces = w.stream.Name(), 0
	return w.out.enter(&w.stream)
}

// records reads the records of the stream that was entered.
func (w *worker) records(ctx context.Context, text io.Reader) (Result, error) {
	if reason := memberSkip(w.stream.Member); reason != "" {
		return Result{Outcome: Skipped, Problem: Problem{File: w.name, Cause: reason}}, nil
	}
	err := w.log.Read(ctx, text, logfile.Visitor{Record: w.record, Reject: w.reject, Skip: w.passOver})
	v, ok := judge(w.name, w.pieces > 0, err)
	switch {
	case ctx.Err() != nil:
		return v, ctx.Err()
	case !ok:
		return v, err
	}
	return v, nil
}

func (w *worker) record(offset int64, r *event.Record) error {
	w.pieces++
	return w.out.record(&w.stream, offset, r)
}

func (w *worker) reject(offset int64, text []byte, cause string) error {
	w.pieces++
	return w.out.reject(&w.stream, offset, text, cause)
}

// passOver counts a piece that is not a record and is not expected to be one.
func (w *worker) passOver(_ int64, reason string) {
	w.pieces++
	w.account.Reasons.Pieces = one(w.account.Reasons.Pieces, reason)
}
