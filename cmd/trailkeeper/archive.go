package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"strings"

	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/s3archive"
)

// archiveOptions name an archive and how to reach it.
type archiveOptions struct {
	archive string
	follow  bool // follow symbolic links out of the folder
	s3      s3archive.Options
}

// archiveSource is an archive with the attributes of its objects.
type archiveSource interface {
	archive.Source
	Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error)
}

// addS3Flags adds the flags for access to a bucket.
func (o *archiveOptions) addS3Flags(f *pflag.FlagSet) {
	f.StringVar(&o.s3.Profile, "profile", "", "AWS profile for S3")
	f.StringVar(&o.s3.Region, "s3-region", "", "Region of the bucket (default: found out)")
	f.StringVar(&o.s3.Endpoint, "endpoint-url", "", "URL of an S3-compatible service")
	f.BoolVar(&o.s3.PathStyle, "path-style", false, "put the bucket in the path of S3 requests")
}

// remote reports whether the archive is a bucket.
func (o *archiveOptions) remote() bool { return strings.HasPrefix(o.archive, "s3://") }

// remoteWorkers is the number of concurrent downloads from a bucket, where most
// of the time is spent waiting.
const remoteWorkers = 16

// workersOr returns the value of --workers, or its default when it is 0.
func (o *archiveOptions) workersOr(flag int) int {
	switch {
	case flag != 0:
		return flag
	case o.remote():
		return remoteWorkers
	}
	return runtime.GOMAXPROCS(0)
}

// open opens the archive.
func (o *archiveOptions) open(ctx context.Context) (archiveSource, error) {
	if o.remote() {
		source, err := s3archive.New(ctx, o.archive, o.s3)
		return source, hinted(err)
	}
	source, err := dirarchive.New(o.archive)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, outcome.CouldNotLook(outcome.WithHint(err, "name a folder or file that exists, or s3://BUCKET/PREFIX"))
	case err != nil:
		return nil, err
	}
	source.FollowSymlinks = o.follow
	return source, nil
}

// hinted adds the hint that an error carries.
func hinted(err error) error {
	if advised, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok && advised.Hint() != "" {
		return outcome.CouldNotLook(outcome.WithHint(err, advised.Hint()))
	}
	return err
}
