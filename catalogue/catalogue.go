// Package catalogue loads catalogues, whose entries are folders of files: those that are part of the program and those of users.
//
// A source holds one folder for each entry, which is named by the entry's id, and
// may hold README.md. Hidden files, whose names begin with a dot, are not looked
// at. Anything else that is not an entry is an error, so that a file in the wrong
// place is not passed over.
package catalogue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Limits of what a source may hold.
const (
	MaxFile    = 1 << 20 // bytes of one file
	MaxEntries = 10000   // of one source
	maxID      = 100     // bytes
)

// maxErrors is how many problems an error of Load lists.
const maxErrors = 20

// Source is a folder with the entries of a catalogue.
type Source struct {
	// Name is what errors call the source: the path of a folder, or "" for what is
	// part of the program.
	Name string
	FS   fs.FS
}

// Folder returns the source in the folder of a user.
func Folder(path string) Source { return Source{path, os.DirFS(path)} }

// Kind describes the entries of a catalogue.
type Kind[T any] struct {
	Noun string // of an entry, such as "query"
	// Files are the names of the files that each entry has, and Optional those that
	// it may have. A folder of an entry holds nothing else.
	Files, Optional []string
	// Read makes a value of an entry. It returns the errors of the entry's methods,
	// which name file and position, or its own.
	Read func(*Entry) (T, error)
}

// Load reads all entries: those of the first source before those of the second, and
// those of one source in order of id. An id is unique in all sources together.
//
// An error lists what is wrong with every entry, one problem a line, each an *Error
// with file and position. There are no entries then.
func Load[T any](kind Kind[T], sources ...Source) ([]T, error) {
	var list []T
	var problems []error
	owner := map[string]Source{}
	for _, source := range sources {
		ids, faults := source.ids()
		problems = append(problems, faults...)
		for _, id := range ids {
			e := &Entry{ID: id, source: source}
			if first, taken := owner[id]; taken {
				problems = append(problems, e.fault("", position{}, fmt.Errorf("the id %q is taken by %s", id, first.entry(kind.Noun))))
				continue
			}
			owner[id] = source
			value, err := read(kind, e)
			if err != nil {
				problems = append(problems, err)
			}
			list = append(list, value)
		}
	}
	if len(problems) > 0 {
		return nil, all(kind.Noun, problems)
	}
	return list, nil
}

// read checks an entry's folder and makes its value.
func read[T any](kind Kind[T], e *Entry) (value T, err error) {
	if err := e.load(kind.Files, kind.Optional); err != nil {
		return value, err
	}
	value, err = kind.Read(e)
	if err != nil {
		return value, e.located(err)
	}
	return value, nil
}

// all joins problems to the error of a catalogue.
func all(noun string, problems []error) error {
	if more := len(problems) - maxErrors; more > 0 {
		problems = append(problems[:maxErrors:maxErrors], fmt.Errorf("and %d more problems", more))
	}
	return fmt.Errorf("read %s catalogue: %w", noun, errors.Join(problems...))
}

// entry names the source of an entry in errors.
func (s Source) entry(noun string) string {
	if s.Name == "" {
		return "a built-in " + noun
	}
	return fmt.Sprintf("another %s in %q", noun, s.Name)
}

// ids lists the entries of a source in order, and what else is there.
func (s Source) ids() (ids []string, faults []error) {
	found, err := fs.ReadDir(s.FS, ".")
	if err != nil {
		return nil, []error{&Error{Source: s.Name, File: ".", Err: cause(err)}}
	}
	for _, item := range found {
		name := item.Name()
		if strings.HasPrefix(name, ".") || name == "README.md" {
			continue
		}
		if err := s.check(name); err != nil {
			faults = append(faults, &Error{Source: s.Name, File: name, Err: err})
			continue
		}
		ids = append(ids, name)
	}
	if len(ids) > MaxEntries {
		return nil, []error{&Error{Source: s.Name, File: ".", Err: fmt.Errorf("%d entries, more than %d", len(ids), MaxEntries)}}
	}
	slices.Sort(ids)
	return ids, faults
}

// check returns why something is not an entry.
func (s Source) check(name string) error {
	info, err := fs.Stat(s.FS, name)
	switch {
	case err != nil:
		return cause(err)
	case !info.IsDir():
		return errors.New("not a folder: each entry is a folder of its own")
	case len(name) > maxID || !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(name):
		return fmt.Errorf("the id %q is not small letters and digits with single hyphens between them, %d characters at most", name, maxID)
	}
	return nil
}

// cause returns what went wrong without the path, which an Error has already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// Error is a problem with a file or folder of a source.
type Error struct {
	Source       string // as in Source.Name
	File         string // slash separated, below the source
	Line, Column int    // from 1, in characters; 0 where the problem has no place
	Err          error
}

// Error gives file, position and cause, as compilers do.
func (e *Error) Error() string {
	file := path.Join(e.Source, e.File)
	if !printable(file) {
		file = fmt.Sprintf("%q", file)
	}
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d:%d: %v", file, e.Line, e.Column, e.Err)
	}
	return fmt.Sprintf("%s: %v", file, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
