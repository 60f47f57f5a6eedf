// Package archive names what a CloudTrail log archive holds: the grammar of its
// keys, and the listing of its objects in order of delivery.
//
// It knows no storage. A [Source] is a folder or an S3 prefix, implemented
// elsewhere; both list the same [Object] values, prune by the same [Filter], and
// put their account and Region folders in order with [Merge].
package archive

import (
	"context"
	"errors"
	"io"
)

// ErrCold matches the error of an object in cold storage, which must be restored
// before it can be read.
var ErrCold = errors.New("archived in cold storage")

// Reasons for [Object.Skip] that mean the same in every source. Reasons that come
// from a filter are made by [Filter.Match].
const (
	// SkipDigest marks a digest file: it holds no events, but it is part of the
	// evidence, so it is listed with its Info filled and may be opened.
	SkipDigest = "digest file"
	// SkipHidden marks a name that begins with "." or "_": such files and folders
	// are side files of other programs, and of this one.
	SkipHidden = "hidden"
	// SkipLoop marks a symbolic link that leads back to where it is.
	SkipLoop = "symbolic link loop"
	// SkipService marks a folder AWSLogs/ACCOUNT/NAME of another AWS service, such
	// as Config or elasticloadbalancing. The folder is listed once, not its files.
	SkipService = "logs of another service"
)

// Object is an entry of a listing: nearly always a file, or a folder (Key ends
// in a slash) that was skipped or could not be read as a whole.
type Object struct {
	// Key is the slash separated path relative to the archive's folder, or the
	// full object key in a bucket. It is valid UTF-8 and unique in one listing.
	Key string
	// Size in bytes as stored, so compressed if the file is.
	Size int64
	// Version changes when the content changes: size and modification time of a
	// file, ETag of an S3 object. Opaque; compare for equality only.
	Version string
	// Info is the parsed key. It is partly filled when the key only partly
	// follows CloudTrail's grammar, and zero when nothing could be parsed.
	Info Key
	// Skip, when not empty, says why the object is not to be read for events.
	Skip string
	// Err, when not nil, is the reason why the object could not be accessed.
	// Listing continues after it. At most one of Skip and Err is set.
	Err error
	// Cold is the storage class of an object that must be restored before it can be
	// read, where the listing tells, and Restoring reports that this was asked for.
	Cold      string
	Restoring bool
}

// Source is a log archive that can be listed and read.
type Source interface {
	// URI returns the archive's name for people and for records:
	// s3://BUCKET/PREFIX, or an absolute path.
	URI() string

	// List calls yield for every object, in order of delivery as far as the keys
	// show it, from one goroutine. A folder that f excludes is not listed at
	// all; an object that f excludes by its name is listed with Skip set. Memory
	// is bounded however many objects there are. List stops at the first error
	// of yield and returns it unchanged.
	List(ctx context.Context, f Filter, yield func(Object) error) error

	// Open reads an object's bytes as they are stored, so still compressed. It is
	// safe for concurrent use. The context governs all of the reading, until
	// Close.
	Open(ctx context.Context, o Object) (io.ReadCloser, error)
}
