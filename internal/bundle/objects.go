package bundle

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
)

// Logs opens objects of a copy of the archive.
type Logs interface {
	Open(ctx context.Context, o archive.Object) (io.ReadCloser, error)
}

// View returns the objects and events that the packer has so far as a bundle, which is
// to be used before anything is added and not to be closed.
func (p *Packer) View() *Bundle {
	return &Bundle{path: "bundle", file: p.file, members: p.members, objects: p.objects, unread: p.unread}
}

// readObjects reads what S3 kept beside the objects, and which objects could not be
// read.
func (b *Bundle) readObjects() error {
	for _, name := range namesOf(b.members) {
		rest, ok := strings.CutPrefix(name, archiveName)
		switch {
		case name == unreadName:
			if err := b.eachLine(name, func(line []byte) error {
				var u unread
				err := json.Unmarshal(line, &u)
				b.unread[u.Key] = u
				return err
			}); err != nil {
				return err
			}
		case !ok:
		case path.Base(name) == dirarchive.AttributesFile:
			dir := strings.TrimSuffix(rest, dirarchive.AttributesFile)
			if err := b.eachLine(name, func(line []byte) error {
				var a dirarchive.Attributes
				err := json.Unmarshal(line, &a)
				b.objects[archive.UnescapeName(dir+a.Name)] = object{a.Attributes}
				return err
			}); err != nil {
				return err
			}
		default:
			key := archive.UnescapeName(rest)
			if _, ok := b.objects[key]; !ok {
				b.objects[key] = object{}
			}
		}
	}
	return nil
}

// eachLine calls f with each line of a member of JSON Lines.
func (b *Bundle) eachLine(name string, f func(line []byte) error) error {
	m := b.members[name]
	lines := bufio.NewReaderSize(io.NewSectionReader(b.file, m.offset, m.size), 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err == nil {
			err = f(line)
		}
		if err != nil {
			return &DamagedError{name, fmt.Sprintf("line %d: %v", n, err)}
		}
	}
}

// URI implements archive.Source.
func (b *Bundle) URI() string { return b.path }

// List implements archive.Source.
func (b *Bundle) List(_ context.Context, f archive.Filter, yield func(archive.Object) error) error {
	var list []archive.Object
	for key := range b.objects {
		if m, ok := b.members[memberOf(key)]; ok {
			o := archive.Object{Key: key, Size: m.size, Version: m.hash}
			o.Info, _ = archive.ParseKey(key)
			o.Skip = f.Skip(o.Info)
			list = append(list, o)
		}
	}
	for key, u := range b.unread {
		o := archive.Object{Key: key}
		o.Info, _ = archive.ParseKey(key)
		if u.Listed {
			o.Err = u.err()
		} else {
			o.Skip = f.Skip(o.Info)
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b archive.Object) int {
		return cmp.Or(a.Info.Delivered.Compare(b.Info.Delivered), strings.Compare(a.Key, b.Key))
	})
	for _, o := range list {
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

// UseLogs makes the bundle open the log files that it lacks in a copy of the archive:
// at their key, or at the part of it from AWSLogs on, or after AWSLogs.
func (b *Bundle) UseLogs(logs Logs) { b.logs = logs }

// Open implements archive.Source.
func (b *Bundle) Open(ctx context.Context, o archive.Object) (io.ReadCloser, error) {
	if m, ok := b.members[memberOf(o.Key)]; ok {
		return io.NopCloser(io.NewSectionReader(b.file, m.offset, m.size)), nil
	}
	if u, ok := b.unread[o.Key]; ok {
		return nil, u.err()
	}
	info, _ := archive.ParseKey(o.Key)
	if b.logs == nil || info.Kind == archive.Digest {
		return nil, fmt.Errorf("open %q in bundle: %w", o.Key, fs.ErrNotExist)
	}
	within := strings.TrimPrefix(o.Key, info.Prefix+"/")
	var err error
	for _, key := range []string{o.Key, within, strings.TrimPrefix(within, "AWSLogs/")} {
		var body io.ReadCloser
		if body, err = b.logs.Open(ctx, archive.Object{Key: key}); !errors.Is(err, fs.ErrNotExist) {
			return body, err
		}
	}
	return nil, err
}

// Fetch implements Source.
func (b *Bundle) Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error) {
	body, err := b.Open(ctx, o)
	return body, b.objects[o.Key].Attributes, err
}

// err is the error of reading the object, as it was.
func (u unread) err() error {
	switch u.Cause {
	case causeCold:
		return &unreadError{u.Reason, archive.ErrCold}
	case causeDenied:
		return &unreadError{u.Reason, fs.ErrPermission}
	}
	return errors.New(u.Reason)
}

type unreadError struct {
	reason string
	kind   error
}

func (e *unreadError) Error() string { return e.reason }

func (e *unreadError) Unwrap() error { return e.kind }

// attributeFiles adds the members with what S3 keeps beside the objects, so that the
// folder of objects is a mirror.
func (p *Packer) attributeFiles() error {
	folders := map[string][]string{}
	for key := range p.objects {
		name := memberOf(key)
		folders[path.Dir(name)] = append(folders[path.Dir(name)], key)
	}
	for dir, keys := range folders {
		slices.Sort(keys)
		var lines bytes.Buffer
		for _, key := range keys {
			name := memberOf(key)
			line, err := json.Marshal(dirarchive.Attributes{Name: path.Base(name), Size: p.members[name].size, Attributes: p.objects[key].Attributes})
			if err != nil {
				return fmt.Errorf("pack bundle: attributes of %q: %w", key, err)
			}
			lines.Write(append(line, '\n'))
		}
		if err := p.add(dir+"/"+dirarchive.AttributesFile, &lines); err != nil {
			return err
		}
	}
	return nil
}

// unreadFile adds the member that names the objects that could not be read.
func (p *Packer) unreadFile() error {
	if len(p.unread) == 0 {
		return nil
	}
	var lines bytes.Buffer
	keys := make([]string, 0, len(p.unread))
	for key := range p.unread {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		line, err := json.Marshal(p.unread[key])
		if err != nil {
			return fmt.Errorf("pack bundle: %w", err)
		}
		lines.Write(append(line, '\n'))
	}
	return p.add(unreadName, &lines)
}
