package s3archive

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
)

const (
	// parallelLists is the maximum number of concurrent LIST requests.
	parallelLists = 16
	// maxOutside limits the folders outside CloudTrail's layout that are listed one by
	// one in search of it; deeper ones are listed flat.
	maxOutside = 100
	// maxOutsidePages bounds the pages of one such folder before it counts as flat.
	maxOutsidePages = 10

	skipMarker = "folder marker"
)

// List implements [archive.Source]. Objects outside account and Region folders
// come first. A folder that may not be listed is returned as an object with
// Err. If it is the archive itself, and on any other error, List fails.
func (s *Source) List(ctx context.Context, f archive.Filter, yield func(archive.Object) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var fetchers sync.WaitGroup
	defer fetchers.Wait()
	defer cancel()
	l := &listing{
		Source: s, ctx: ctx, filter: f, fetchers: &fetchers,
		slots: make(chan struct{}, parallelLists), told: archive.ParseFolder(s.base()),
	}
	if err := l.discover(); err != nil {
		return err
	}
	for _, o := range l.loose {
		if err := yield(o); err != nil {
			return err
		}
	}
	l.loose = nil
	return archive.Merge(l.streams(), yield)
}

// listing is the state of one List.
type listing struct {
	*Source
	ctx      context.Context
	filter   archive.Filter
	told     archive.Folder // parsed from the archive's own prefix
	slots    chan struct{}  // one for each request in flight
	fetchers *sync.WaitGroup

	outside int              // number of listed folders outside the layout
	loose   []archive.Object // found above the roots
	roots   []root
}

// root is a prefix that is listed with everything below it.
type root struct {
	prefix string
	told   archive.Folder
}

// finding is the result of listing one folder.
type finding struct {
	objects []archive.Object
	folders []string
	flat    bool // too large to search: list it as a whole
}

// discover walks from the archive's prefix down to the Region folders, one level of
// folders at a time.
func (l *listing) discover() error {
	if err := l.single(); err != nil {
		return err
	}
	for level := []string{l.base()}; len(level) > 0; {
		findings := make([]finding, len(level))
		looks, ctx := errgroup.WithContext(l.ctx)
		looks.SetLimit(parallelLists)
		for i, folder := range level {
			told := archive.ParseFolder(folder)
			if l.listWhole(told) {
				findings[i].flat = true
				continue
			}
			looks.Go(func() (err error) {
				findings[i], err = l.look(ctx, folder, told)
				return err
			})
		}
		if err := looks.Wait(); err != nil {
			return err
		}
		level = l.sort(level, findings)
	}
	return nil
}

// single finds the object whose key is the archive's prefix: no other key with
// that prefix sorts before it.
func (l *listing) single() error {
	if l.prefix == "" {
		return nil
	}
	p, err := l.page(l.ctx, request{prefix: l.prefix, max: 1})
	if err != nil {
		return fail(l.ctx, "list", l.URI(), err)
	}
	if len(p.objects) > 0 && p.objects[0].key == l.prefix {
		l.loose = append(l.loose, l.object(p.objects[0]))
	}
	return nil
}

// listWhole reports whether a folder is listed as a whole. It counts the
// folders outside the layout.
func (l *listing) listWhole(told archive.Folder) bool {
	if told.Root != "" {
		return true
	}
	if told.Within == "" {
		l.outside++
	}
	return l.outside > maxOutside && told.Within == ""
}

// look lists a folder with a delimiter.
func (l *listing) look(ctx context.Context, folder string, told archive.Folder) (finding, error) {
	var found finding
	req := request{prefix: folder, delimiter: true}
	for pages := 1; ; pages++ {
		p, err := l.page(ctx, req)
		if err != nil {
			return found, l.denied(&found, folder, fail(ctx, "list", l.uriOf(folder), err))
		}
		for _, o := range p.objects {
			found.objects = append(found.objects, l.object(o))
		}
		found.folders = append(found.folders, p.folders...)
		if p.next == "" {
			return found, nil
		}
		if told.Within == "" && pages == maxOutsidePages {
			return finding{flat: true}, nil
		}
		req.token = p.next
	}
}

// denied adds a folder that may not be listed as an object with its error.
func (l *listing) denied(found *finding, folder string, err error) error {
	if folder == l.base() || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	found.objects = append(found.objects, archive.Object{Key: folder, Err: err})
	return nil
}

// sort sorts the findings of one level and returns the folders of the next
// level.
func (l *listing) sort(level []string, findings []finding) (next []string) {
	for i, found := range findings {
		if found.flat {
			l.roots = append(l.roots, root{level[i], archive.ParseFolder(level[i])})
		}
		l.loose = append(l.loose, found.objects...)
		parent := archive.ParseFolder(level[i])
		for _, folder := range found.folders {
			told := archive.ParseFolder(folder)
			switch {
			case l.hidden(folder):
				l.loose = append(l.loose, archive.Object{Key: folder, Skip: archive.SkipHidden})
			case l.filter.Prunes(told):
			case told.OtherService && !parent.OtherService:
				l.loose = append(l.loose, archive.Object{Key: folder, Skip: archive.SkipService})
			default:
				next = append(next, folder)
			}
		}
	}
	return next
}

// object returns the object for a listed key.
func (l *listing) object(s stored) archive.Object {
	o := archive.Object{Key: s.key, Size: s.size, Version: s.etag, Cold: s.cold, Restoring: s.restoring}
	switch {
	case strings.HasSuffix(s.key, "/") && s.size == 0:
		o.Skip = skipMarker
		return o
	case l.hidden(s.key):
		o.Skip = archive.SkipHidden
		return o
	case !l.told.OtherService && archive.ParseFolder(path.Dir(s.key)).OtherService:
		o.Skip = archive.SkipService
		return o
	}
	// A key outside the grammar is no error of listing: Info holds what could be
	// parsed.
	o.Info, _ = archive.ParseKey(s.key)
	o.Skip = l.filter.Skip(o.Info)
	if s.cold != "" && o.Skip == "" {
		o.Err = &Error{Op: "read", URI: l.uriOf(s.key), Cause: "archived in " + s.cold + ", restore it first", hint: coldHint, kind: archive.ErrCold}
	}
	return o
}

// hidden reports whether a key or folder has a hidden name below the archive's
// prefix.
func (l *listing) hidden(key string) bool {
	rel, below := strings.CutPrefix(key, l.base())
	if !below {
		return false
	}
	for part := range strings.SplitSeq(rel, "/") {
		if strings.HasPrefix(part, ".") || strings.HasPrefix(part, "_") {
			return true
		}
	}
	return false
}
