package dirarchive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/cerpac/trailkeeper/archive"
)

// Reasons for not following a symbolic link.
const (
	skipElsewhere     = "symbolic link to a folder listed elsewhere"
	skipFileElsewhere = "symbolic link to a file listed elsewhere"
	skipOutside       = "symbolic link out of the archive"
)

// listing is the state shared by the walkers of one List.
type listing struct {
	source   *Source
	filter   archive.Filter
	followed []tree          // targets of followed links to folders
	files    map[string]bool // targets of followed links to files
}

// tree is a folder that is listed with everything below it.
type tree struct {
	real string // path without symbolic links
	key  string // prefix of the keys below it
}

// place is a folder below the archive's.
type place struct {
	path string // of the file system, relative to the archive's folder
	key  string // the same as a key, with a slash at its end unless it is empty
	told archive.Folder
}

// frame is a folder being read.
type frame struct {
	place
	entries []fs.DirEntry
}

// walker reads a tree of folders lazily, depth first, each sorted by name. It
// keeps the entries of the folders from its start to the current one.
type walker struct {
	*listing
	ctx    context.Context
	start  *place      // entered by the first next
	onRoot func(place) // takes Region folders; when nil they are entered like any other
	stack  []frame
}

// enterRoot opens the archive's own folder, whose error is returned to the
// caller.
func (w *walker) enterRoot() error {
	p := place{told: w.toldOf("")}
	if p.told.Root != "" {
		w.onRoot(p)
		return nil
	}
	return w.enter(p)
}

func (w *walker) enter(p place) error {
	entries, err := w.source.readDir(filepath.Join(w.source.root, p.path))
	if len(entries) > 0 {
		w.stack = append(w.stack, frame{place: p, entries: entries})
	}
	return err
}

// next is an [archive.Stream].
func (w *walker) next() (archive.Object, error) {
	if w.start != nil {
		p := *w.start
		w.start = nil
		if err := w.enter(p); err != nil {
			return w.unread(p.key, err), nil
		}
	}
	for len(w.stack) > 0 {
		if err := w.ctx.Err(); err != nil {
			return archive.Object{}, fmt.Errorf("list %q: %w", w.source.uri, err)
		}
		top := &w.stack[len(w.stack)-1]
		if len(top.entries) == 0 {
			w.stack = w.stack[:len(w.stack)-1]
			continue
		}
		entry := top.entries[0]
		top.entries[0], top.entries = nil, top.entries[1:]
		if o, ok := w.visit(top.place, entry); ok {
			return o, nil
		}
	}
	return archive.Object{}, io.EOF
}

// visit examines one entry. A folder is put on the stack, and is returned as an
// object only if it is skipped or has an error.
func (w *walker) visit(in place, entry fs.DirEntry) (o archive.Object, ok bool) {
	path, key := filepath.Join(in.path, entry.Name()), in.key+archive.EscapeName(entry.Name())
	if hidden(entry.Name()) {
		if entry.IsDir() {
			key += "/"
		}
		return archive.Object{Key: key, Skip: archive.SkipHidden}, true
	}
	info, err := entry.Info()
	link := err == nil && info.Mode()&fs.ModeSymlink != 0
	if link {
		info, err = os.Stat(filepath.Join(w.source.root, path))
	}
	switch {
	case errors.Is(err, syscall.ELOOP):
		return archive.Object{Key: key, Skip: archive.SkipLoop}, true
	case err != nil:
		return w.unread(key, err), true
	case info.IsDir():
		return w.visitFolder(in, place{path: path, key: key + "/", told: w.toldOf(key)}, entry)
	}
	if link {
		reason, err := w.followFile(in, path)
		if err != nil {
			return w.unread(key, err), true
		}
		if reason != "" {
			return archive.Object{Key: key, Skip: reason}, true
		}
	}
	return w.file(key, info), true
}

func (w *walker) visitFolder(in, p place, entry fs.DirEntry) (o archive.Object, ok bool) {
	if w.filter.Prunes(p.told) {
		return o, false
	}
	if p.told.OtherService && !in.told.OtherService {
		return archive.Object{Key: p.key, Skip: archive.SkipService}, true
	}
	if entry.Type()&fs.ModeSymlink != 0 {
		reason, err := w.follow(p)
		if err != nil {
			return w.unread(p.key, err), true
		}
		if reason != "" {
			return archive.Object{Key: p.key, Skip: reason}, true
		}
	}
	if w.onRoot != nil && p.told.Root != "" {
		w.onRoot(p)
		return o, false
	}
	if err := w.enter(p); err != nil {
		return w.unread(p.key, err), true
	}
	return o, false
}

// follow decides whether to follow a symbolic link to a folder. A folder that is also
// listed without the link is not listed again, nor one that another link led to:
// otherwise a cycle of links would never end.
func (l *listing) follow(p place) (skip string, err error) {
	link := filepath.Join(l.source.root, p.path)
	target, err := filepath.EvalSymlinks(link)
	if err != nil {
		return "", err
	}
	at, err := filepath.EvalSymlinks(filepath.Dir(link))
	if err != nil {
		return "", err
	}
	if _, ok := below(at, target); ok {
		return archive.SkipLoop, nil
	}
	if l.outside(target) {
		return skipOutside, nil
	}
	if l.listedElsewhere(target, p.told) {
		return skipElsewhere, nil
	}
	l.followed = append(l.followed, tree{real: target, key: p.key})
	return "", nil
}

// outside reports whether a link to the path leads out of the archive and must
// not be followed.
func (l *listing) outside(target string) bool {
	_, ok := below(target, l.source.real)
	return !ok && !l.source.FollowSymlinks
}

// listedElsewhere reports whether a folder is listed without the link that leads
// to it.
func (l *listing) listedElsewhere(folder string, link archive.Folder) bool {
	if l.listsAsMuch(tree{real: l.source.real}, folder, link) {
		return true
	}
	return slices.ContainsFunc(l.followed, func(t tree) bool { return l.listsAsMuch(t, folder, link) })
}

// followFile decides whether to follow a symbolic link to a file, in the folder
// in. Each file is listed once, as a record without an eventID, which is
// identified by its file, would otherwise count twice.
func (l *listing) followFile(in place, path string) (skip string, err error) {
	target, err := filepath.EvalSymlinks(filepath.Join(l.source.root, path))
	switch {
	case err != nil:
		return "", err
	case l.outside(target):
		return skipOutside, nil
	case l.files[target] || !hidden(filepath.Base(target)) && l.listedElsewhere(filepath.Dir(target), in.told):
		return skipFileElsewhere, nil
	}
	if l.files == nil {
		l.files = map[string]bool{}
	}
	l.files[target] = true
	return "", nil
}

// listsAsMuch reports whether the folder is listed as part of the tree, with a path
// that says as much about its files as the link to it does. That is always true for the
// tree's own folder, so no folder is followed twice and listing ends.
func (l *listing) listsAsMuch(t tree, folder string, link archive.Folder) bool {
	rel, ok := below(folder, t.real)
	if !ok || rel == "." {
		return ok
	}
	told := l.toldOf(t.key + archive.EscapeName(filepath.ToSlash(rel)))
	return !hiddenPath(rel) && !told.OtherService &&
		(link.Account == "" || link.Account == told.Account) &&
		(link.Region == "" || link.Region == told.Region) &&
		(link.From.IsZero() || link.From.Equal(told.From))
}

// below returns the path of a folder relative to one that contains or equals
// it.
func below(path, folder string) (rel string, ok bool) {
	rel, err := filepath.Rel(folder, path)
	return rel, err == nil && filepath.IsLocal(rel)
}

func hiddenPath(rel string) bool {
	for part := range strings.SplitSeq(rel, string(filepath.Separator)) {
		if hidden(part) {
			return true
		}
	}
	return false
}

// file returns the object for anything that is not a folder.
func (l *listing) file(key string, info fs.FileInfo) archive.Object {
	if reason := irregular(info.Mode()); reason != "" {
		return archive.Object{Key: key, Skip: reason}
	}
	// A key outside the grammar is no error of listing: Info holds what could be
	// parsed.
	told, _ := archive.ParseKey(l.inContext(key))
	return archive.Object{
		Key:     key,
		Size:    info.Size(),
		Version: fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano()),
		Info:    told,
		Skip:    l.filter.Skip(told),
	}
}

func (l *listing) singleFile() archive.Object {
	key := archive.EscapeName(l.source.single)
	info, err := os.Stat(filepath.Join(l.source.root, l.source.single))
	if err != nil {
		return l.unread(key, err)
	}
	return l.file(key, info)
}

func (l *listing) unread(key string, err error) archive.Object {
	return archive.Object{Key: key, Err: fmt.Errorf("read %q: %w", key, cause(err))}
}

func (l *listing) toldOf(key string) archive.Folder {
	return archive.ParseFolder(l.inContext(key))
}

// inContext prefixes a key with the archive's own path as far as it belongs to
// the key, unless the key is complete.
func (l *listing) inContext(key string) string {
	switch {
	case l.source.within == "" || strings.Contains("/"+key+"/", "/AWSLogs/"):
		return key
	case key == "":
		return l.source.within
	}
	return l.source.within + "/" + key
}
