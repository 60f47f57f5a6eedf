package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/cerpac/trailkeeper/archive"
)

// maxDigest bounds the size of a digest as it is stored, which is held in memory.
const maxDigest = 64 << 20

// Source is an archive with what S3 keeps beside each object.
type Source interface {
	archive.Source
	Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error)
}

// object is an object of the archive that is a member.
type object struct {
	archive.Attributes
}

// unread is an object that could not be read, and why.
type unread struct {
	Key    string `json:"key"`
	Listed bool   `json:"listed,omitempty"` // the listing said so: a folder, perhaps
	Cause  string `json:"cause"`            // archived, denied, or unreadable
	Reason string `json:"reason"`
}

// Causes of unread objects.
const (
	causeCold   = "archived"
	causeDenied = "denied"
	causeOther  = "unreadable"
)

// Recorder is a source whose digests are added to a Packer when they are read.
type Recorder struct {
	Source
	packer *Packer
}

// Record returns a source that adds the digests that are fetched from s to the
// packer.
func (p *Packer) Record(s Source) *Recorder { return &Recorder{s, p} }

// List implements archive.Source.
func (r *Recorder) List(ctx context.Context, f archive.Filter, yield func(archive.Object) error) error {
	return r.Source.List(ctx, f, func(o archive.Object) error {
		if o.Err != nil && (o.Info.Account == "" || strings.HasSuffix(o.Key, "/")) {
			r.packer.failed(o.Key, true, o.Err)
		}
		return yield(o)
	})
}

// Fetch implements Source.
func (r *Recorder) Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error) {
	body, attributes, err := r.Source.Fetch(ctx, o)
	if err != nil || o.Info.Kind != archive.Digest {
		if err != nil {
			r.packer.failed(o.Key, false, err)
		}
		return body, attributes, err
	}
	content, err := io.ReadAll(io.LimitReader(body, maxDigest+1))
	switch {
	case err == nil && len(content) > maxDigest:
		r.packer.failed(o.Key, false, fmt.Errorf("larger than %d bytes", maxDigest))
	case err == nil:
		err = r.packer.AddObject(o.Key, attributes, bytes.NewReader(content))
		if err != nil {
			return nil, attributes, errors.Join(err, body.Close())
		}
	default:
		r.packer.failed(o.Key, false, err)
		return both{io.MultiReader(bytes.NewReader(content), failing{err}), body}, attributes, nil
	}
	return both{io.MultiReader(bytes.NewReader(content), body), body}, attributes, nil
}

// Keep adds a log file of the archive, if it can be read.
func (r *Recorder) Keep(ctx context.Context, key string) error {
	body, attributes, err := r.Source.Fetch(ctx, archive.Object{Key: key})
	if err != nil {
		return nil //nolint:nilerr // it is told where it is verified
	}
	defer body.Close()
	return r.packer.AddObject(key, attributes, body)
}

type both struct {
	io.Reader
	io.Closer
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// AddObject adds an object of the archive, as it is stored. One that is in the
// packer stays as it is.
func (p *Packer) AddObject(key string, attributes archive.Attributes, content io.Reader) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.objects[key]; ok {
		return nil
	}
	name := memberOf(key)
	if !usable(name) || strings.HasPrefix(path.Base(name), "_") || strings.HasPrefix(path.Base(name), ".") {
		p.unread[key] = unread{Key: key, Cause: causeOther, Reason: "its key cannot be the path of a file"}
		return nil
	}
	if err := p.add(name, content); err != nil {
		return err
	}
	p.objects[key] = object{attributes}
	return nil
}

// memberOf returns the name of the member with an object of the archive.
func memberOf(key string) string { return archiveName + archive.EscapeName(key) }

func (p *Packer) failed(key string, listed bool, err error) {
	u := unread{Key: key, Listed: listed, Cause: causeOther, Reason: err.Error()}
	switch {
	case errors.Is(err, context.Canceled):
		return
	case errors.Is(err, archive.ErrCold):
		u.Cause = causeCold
	case errors.Is(err, fs.ErrPermission):
		u.Cause = causeDenied
	case errors.Is(err, fs.ErrNotExist) && !listed:
		return // it is missing in the bundle, too
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unread[key] = u
}
