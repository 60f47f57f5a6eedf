// Package ingest copies the events of a log archive into a lake: every file and
// every event once, and each accounted for.
//
// Files are listed in order of delivery and read by several workers
// concurrently. Their events are collected in memory by day until a batch is
// full; a batch is sorted and committed to the lake as a whole, together with
// the names of the files that ended in it. If the process dies, only
// uncommitted work is lost, and the next run reads those files again.
package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/scan"
)

// Options configure an ingest.
type Options struct {
	Source  archive.Source
	Lake    lake.Store     // where the lake is; made when absent
	TempDir string         // folder for temporary files; "" for that of the system
	Filter  archive.Filter // selects log files by their keys
	Workers int            // files read at once; 0 for one per processor
	Memory  int64          // bytes the process should stay below; 0 for DefaultMemory
	Bar     *progress.Bar  // nil for none
	// Proofs, if not nil, are demanded of each log file: one that they do not prove is
	// not read, and its events do not enter the lake. VerifiedAt is when they were made.
	Proofs     Proofs
	VerifiedAt time.Time
	Grace      time.Duration // time for a commit to finish after ctx is cancelled; 0 for DefaultGrace, negative for none
}

// DefaultGrace is enough for a small commit, and lets the process end within a
// second.
const DefaultGrace = 400 * time.Millisecond

// DefaultMemory is the bound on memory when none is given.
const DefaultMemory = 1 << 30

// MinMemory is the smallest accepted bound, in bytes: below it batches, and so
// files, would be too small.
const MinMemory = 192 << 20

// programMemory is the memory that the process takes besides that of Go's allocator:
// most of it the linked query engine, some MiB for libraries in C that compress, and
// some by which garbage may outgrow Go's limit while other programs keep the processors.
const programMemory = 108 << 20

// GoMemory returns the part of a run's memory that is for Go's allocator, for
// debug.SetMemoryLimit: the process must set it to stay below Options.Memory.
func GoMemory(memory int64) int64 { return memory - programMemory }

// ErrMemory reports that the bound on memory is below MinMemory.
var ErrMemory = errors.New("too little memory")

// The shares of the memory that is left for work. Three batches can be in
// memory at a time: one being filled, one waiting and one being written. The
// rest is for the garbage of the Go runtime, which can be as large as the
// memory in use.
const (
	batchShare   = 16 // one batch
	indexShare   = 12 // identities of the lake
	compactShare = 4  // parts being merged
	windowShare  = 8  // unpacking of one file at a time, beyond a small window for each worker
)

// Run ingests. It returns a report of the work done even if there is an error.
// A cancelled context ends it early: a commit in progress has opts.Grace to
// finish, and the next run reads again what was not committed.
func Run(ctx context.Context, opts Options) (*Report, error) {
	if opts.Memory == 0 {
		opts.Memory = DefaultMemory
	}
	if opts.Memory < MinMemory {
		return newReport(), fmt.Errorf("ingest with %d bytes of memory: %w: at least %d are needed", opts.Memory, ErrMemory, MinMemory)
	}
	if opts.Grace == 0 {
		opts.Grace = DefaultGrace
	}
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	// From here on Memory is the memory left for work.
	opts.Memory = GoMemory(opts.Memory)
	w, err := lake.OpenWriter(ctx, opts.Lake, lake.WriterOptions{Parallel: runtime.GOMAXPROCS(0)})
	if err != nil {
		return newReport(), err
	}
	in := newIngest(opts, w)
	if err = in.agree(ctx); err == nil {
		err = in.run(ctx)
	}
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	return in.report.finish(w), err
}

// ingest is one run.
type ingest struct {
	opts   Options
	writer *lake.Writer
	files  *fileState
	index  *index
	report *Report
	refuse *quarantine

	buffers []*buffer
	full    int64        // bytes that make a batch
	held    atomic.Int64 // bytes of rows gathered

	rotating sync.Mutex // held while a batch is taken from the buffers
	number   int        // of the batch being filled
	doneMu   sync.Mutex
	done     map[string][]lake.LogFile // files that need not be read again and are not committed yet
	logs     int64                     // those of done that are log files
	blocks   blockPool
	batches  chan batch
	attests  attestation
}

// batch is a lake's batch before it is written.
type batch struct {
	lake.Batch
	counts counts // of the events gathered for it
	number int
	size   int64
}

func newIngest(opts Options, w *lake.Writer) *ingest {
	in := &ingest{
		opts:    opts,
		writer:  w,
		files:   newFileState(opts.Source.URI(), w, opts.Proofs != nil),
		index:   newIndex(w, opts.Memory/indexShare),
		report:  newReport(),
		full:    opts.Memory / batchShare,
		done:    map[string][]lake.LogFile{},
		batches: make(chan batch),
	}
	for range min(opts.Workers, runtime.GOMAXPROCS(0)) {
		in.buffers = append(in.buffers, &buffer{days: map[int64]*dayRows{}})
	}
	return in
}

func (in *ingest) run(ctx context.Context) error {
	var err error
	if in.refuse, err = newQuarantine(ctx, in.opts.Lake, in.writer.QuarantineFiles()); err != nil {
		return err
	}
	// The writer outlives the readers: what was read is committed even if
	// reading failed or was cancelled, within the grace period.
	committing, giveUp := outlasting(ctx, in.opts.Grace)
	defer giveUp()
	var writing errgroup.Group
	reading, cancel := context.WithCancelCause(ctx)
	writing.Go(func() error {
		return in.write(committing, cancel)
	})
	readErr := in.read(reading)
	in.rotate(true)
	close(in.batches)
	writeErr := writing.Wait()
	cancel(nil)
	if writeErr != nil {
		return writeErr
	}
	if readErr != nil {
		return readErr
	}
	attestErr := in.attest(ctx)
	if _, damaged := errors.AsType[*lake.PartError](attestErr); attestErr != nil && !damaged {
		return attestErr
	}
	compactErr := in.writer.Compact(ctx, in.opts.Memory/compactShare, func(int) { in.opts.Bar.SetNote("compacting") })
	return cmp.Or(compactErr, attestErr)
}

// outlasting returns a context that is cancelled some time after ctx is.
func outlasting(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	if by < 0 {
		return context.WithCancel(ctx)
	}
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}

// read reads the files of the archive.
func (in *ingest) read(ctx context.Context) error {
	account, err := scan.Run(ctx, scan.Options{
		Source: in.opts.Source, Filter: in.opts.Filter, Workers: in.opts.Workers,
		Memory: in.opts.Memory / windowShare, TempDir: in.opts.TempDir, Hash: true,
		Choose: func(f *scan.File) (bool, error) { return in.choose(ctx, f) }, Bar: in.opts.Bar,
	}, func(worker int) scan.Consumer {
		r := &reader{in: in, ctx: ctx, buffer: in.buffers[worker%len(in.buffers)]}
		return scan.Consumer{Open: r.open, Enter: r.enter, Record: r.record, Reject: r.reject, Leave: r.leave, Close: r.close}
	})
	in.report.account(account)
	return err
}

// choose reports whether a file has to be read: it is new or has changed since
// it was read to its end.
func (in *ingest) choose(ctx context.Context, f *scan.File) (bool, error) {
	j, known, err := in.files.job(ctx, f.Object)
	f.Mark = j
	if known || err != nil {
		return false, err
	}
	return true, in.demand(ctx, f)
}
