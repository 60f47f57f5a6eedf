package lake

import (
	"context"
	"io"
	"time"
)

// Store holds the files of a lake. Nothing else in this package, nor in an
// ingest, touches where they are stored. internal/storetest has the tests that
// every implementation must pass.
//
// A file has a name: a path in the lake, with slashes, such as
// "_trailkeeper/manifest.json". There are no folders, only names that begin
// alike. A file that does not exist gives an error that is [fs.ErrNotExist]. All
// methods may be called concurrently.
//
// The methods ask for nothing that an object store such as S3 lacks: there is no
// rename, no append, and no lock that other machines would have to respect for a
// commit to be safe, as that is a conditional write.
type Store interface {
	Opener
	Lister
	Putter
	Swapper
	Locker
}

// Opener opens files.
type Opener interface {
	// Open opens a file for reading. The content stays the same until it is
	// closed, even if the name gets another content. Reads end with an error when
	// ctx is cancelled, if they can take long.
	Open(ctx context.Context, name string) (File, error)

	// Location returns the path or the URL of a file, for a query engine to read
	// and for messages. That of "" is the store's own.
	Location(name string) string
}

// File is an open file. It is an alias, so that a store need not import this
// package.
type File = interface {
	io.ReaderAt
	io.Closer
	Size() int64
	ModTime() time.Time // when the content was put in place
}

// Lister lists the files.
type Lister interface {
	// List returns the names that begin with prefix, sorted. What an interrupted
	// Put has left may be among them, under its name with the suffix [Unfinished].
	List(ctx context.Context, prefix string) ([]string, error)

	// Missing returns those of names that do not exist, in their order.
	Missing(ctx context.Context, names []string) ([]string, error)
}

// Unfinished is the suffix under which a store lists what an interrupted Put has
// left. No file of a lake has a name that ends in it.
const Unfinished = ".new"

// Putter changes which files there are. The changes take effect at once for
// every reader, but may be undone by a crash, each by itself, until Flush
// returns. Content is never in doubt: a name has all of it or does not exist.
type Putter interface {
	// Put gives a name the content that write writes. When write or anything else
	// fails, the name is as it was.
	Put(ctx context.Context, name string, write func(io.Writer) error) error

	// Link gives the file named from the second name to, unless to exists already.
	// The name from may be gone afterwards.
	Link(ctx context.Context, from, to string) error

	// Flush makes all changes so far outlive a crash.
	Flush(ctx context.Context) error
}

// Swapper reads and replaces a file that several writers could replace. A swap
// is atomic, and outlives a crash when it returns nil.
type Swapper interface {
	// Load returns the content of a file and its version, which differs for
	// different contents and is never "".
	Load(ctx context.Context, name string) (data []byte, version string, err error)

	// Swap replaces a file if it still has a version, or makes it if old is "" and
	// it does not exist. It returns the new version. After an error the file has
	// either content.
	Swap(ctx context.Context, name, old string, data []byte) (version string, err error)
}

// Locker keeps a lake to one writer at a time, and files in place while they are
// read.
type Locker interface {
	// Lock locks name for one process, until unlock is called or the process ends.
	// ok is false if another one has it.
	Lock(ctx context.Context, name string) (unlock func() error, ok bool, err error)

	// Share marks a reader under name until done is called. It does so as well as
	// the store can: it returns even if name does not exist.
	Share(ctx context.Context, name string) (done func() error)

	// Remove removes files; it passes over those that do not exist. If readers is
	// not "", they are removed only if there is no reader under that name; ok is
	// false if there may be one.
	Remove(ctx context.Context, readers string, names []string) (ok bool, err error)
}
