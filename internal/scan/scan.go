// Package scan reads the log files of an archive: it lists them, opens and
// decodes several at once, hands their records to a consumer, and accounts for
// every file, member and record.
//
// A consumer is a set of functions, made once for each worker, so that it needs
// no locks for state of its own. Records come as they are found, or in order of
// delivery; see [Options].
//
// Memory is bounded however many files there are and whatever is in them. A
// cancelled context ends a run within a second, also while a read is blocked.
package scan

import (
	"context"
	"crypto/sha256"
	"errors"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/unpack"
)

// Options configure a run.
type Options struct {
	Source  archive.Source
	Filter  archive.Filter // selects log files by their keys
	Workers int            // files read at once; 0 for one per processor
	Memory  int64          // bytes for unpacking one large file at a time, beyond some 10 MB for each worker; 0 for DefaultMemory
	TempDir string         // folder for temporary files; empty for the system's own

	// Ordered asks for files in order of delivery: a file's first call of a
	// consumer comes after the last one of the file before it, whichever workers
	// read them. Files are still read several at once; what is found in them ahead
	// of their turn is held in memory, some megabytes for each worker. Without
	// Ordered, files come as they are read.
	Ordered bool

	// Hash asks for the SHA-256 of each file. It is known before the file's first
	// record: a file of up to a few megabytes is held in memory, and a larger one
	// is read twice.
	Hash bool

	// Choose is called for each log file, in order of delivery, and reports
	// whether to read it; one that it leaves out counts as unchanged. It may set
	// the file's Mark, and its Claim or Refused. Nil for all files. An error ends the
	// run.
	Choose func(f *File) (bool, error)

	Bar *progress.Bar // of the files to read; nil for none
}

// DefaultMemory is the bound on memory for unpacking when none is given.
const DefaultMemory = 128 << 20

// File is one object of the archive.
type File struct {
	archive.Object
	// SHA256 is the hash of the file's bytes as they are stored. Hashed reports
	// whether it is known: it was asked for, and the file was read to its end.
	SHA256 [sha256.Size]byte
	Hashed bool
	// Mark is of the consumer, from Options.Choose.
	Mark any
	// Claim, from Options.Choose, is what the content has to be: no record of another
	// one is delivered. Nil to take what is there. Refused is why the file is not
	// read, nil if it is.
	Claim   Claim
	Refused *Refusal

	stored int64           // bytes of a file with a Claim
	before <-chan struct{} // closed when the file before this one is done; nil when that is known
	done   chan struct{}   // closed when this one is; nil unless files come in order
}

// Stream is the text of one file, or of a member of one that is an archive such
// as zip and tar.
type Stream struct {
	*File
	Member  string // empty if the file is one stream; names in nested archives are joined by "!"
	LogFile string // name for people and for records: one line of text, with the bucket and the member
	Account string // of the name of the member or else of the file; empty if neither tells
}

// Name returns the name of the stream in the archive.
func (s *Stream) Name() string {
	if s.Member == "" {
		return s.Key
	}
	return s.Key + "!" + s.Member
}

// Consumer takes what a worker finds. All functions are optional. They are
// called by one worker, so never at the same time, and with Options.Ordered not
// at the same time as those of other workers. An error of one of them ends the
// whole run, and Run returns it. Arguments are valid only during the call,
// except a File, which is not used again.
type Consumer struct {
	// Open is called when a file was opened, before its first stream.
	Open func(f *File) error

	// Enter is called at the beginning of each stream.
	Enter func(s *Stream) error

	// Record is called for each record with its offset in the text of the stream.
	// The error of [Reject] makes it a rejected one.
	Record func(s *Stream, offset int64, r *event.Record) error

	// Reject is called for each piece of a stream that should have been a record
	// and cannot be kept, with its text.
	Reject func(s *Stream, offset int64, text []byte, cause string) error

	// Leave is called at the end of each stream that was entered, unless the run
	// ends inside it.
	Leave func(s *Stream, r Result) error

	// Close is called at the end of every file, also of one that could not be
	// opened and of one inside which the run ends, whose result is Unread.
	Close func(f *File, r Result)
}

// Reject returns the error by which a consumer's Record rejects a record. The
// part of the cause before ": " is the reason it is counted under.
func Reject(cause string) error { return &rejection{cause} }

type rejection struct{ cause string }

func (r *rejection) Error() string { return r.cause }

// Run reads the archive. newConsumer is called once for each worker, whose
// numbers begin with 0. The account is of the work done, also if there is an
// error.
func Run(ctx context.Context, opts Options, newConsumer func(worker int) Consumer) (*Account, error) {
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	if opts.Memory <= 0 {
		opts.Memory = DefaultMemory
	}
	r := &run{
		opts: opts, account: newAccount(), jobs: make(chan *File, 4*opts.Workers),
		windows: unpack.NewWindows(opts.Memory), large: semaphore.NewWeighted(1),
	}
	err := r.all(ctx, newConsumer)
	r.account.sort()
	return r.account, err
}

// run is one run.
type run struct {
	opts    Options
	account *Account
	jobs    chan *File
	last    <-chan struct{} // closed when the last file sent to jobs is done
	windows *unpack.Windows
	large   *semaphore.Weighted // of records longer than CloudTrail's
}

func (r *run) all(ctx context.Context, newConsumer func(worker int) Consumer) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(r.jobs)
		return r.list(ctx)
	})
	for i := range r.opts.Workers {
		w := newWorker(ctx, r, newConsumer(i))
		group.Go(func() error { return w.work(ctx) })
	}
	err := group.Wait()
	for range r.jobs { // listed and not read
		r.account.unread()
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		return cause
	}
	return err
}

// list sends the files to read to the workers, and accounts for the others.
func (r *run) list(ctx context.Context) error {
	return r.opts.Source.List(ctx, r.opts.Filter, func(o archive.Object) error {
		r.account.listed()
		f := &File{Object: o}
		switch chosen, err := r.choose(f); {
		case o.Skip != "":
			r.account.skipped(o.Skip)
			return nil
		case err != nil:
			r.account.unread()
			return err
		case f.Refused != nil:
			r.account.locked(func() { r.account.refused(o, f.Refused) })
			return nil
		case !chosen:
			r.account.unchanged()
			return nil
		}
		r.opts.Bar.SetTotal(r.account.toRead())
		if r.opts.Ordered {
			f.before, f.done = r.last, make(chan struct{})
			r.last = f.done
		}
		select {
		case r.jobs <- f:
			return nil
		case <-ctx.Done():
			r.account.unread()
			return ctx.Err()
		}
	})
}

// choose reports whether the consumer wants a file. One that cannot be accessed
// goes to a worker in any case, to be accounted for.
func (r *run) choose(f *File) (bool, error) {
	if r.opts.Choose == nil || f.Skip != "" || f.Err != nil {
		return true, nil
	}
	return r.opts.Choose(f)
}
