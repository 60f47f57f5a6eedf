package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// Entry is one folder of a source while it is read.
type Entry struct {
	ID     string
	source Source
	files  map[string]string // texts by name
}

// Source returns the name of the source that the entry is in, "" for what is part
// of the program.
func (e *Entry) Source() string { return e.source.Name }

// Text returns the text of a file, "" for an optional one that is not there. It is
// valid UTF-8, and has no byte order mark.
func (e *Entry) Text(name string) string { return e.files[name] }

// Has reports whether the entry has an optional file.
func (e *Entry) Has(name string) bool {
	_, ok := e.files[name]
	return ok
}

// JSON decodes a file that holds one object into the struct that v points to. A
// member that the struct does not have, or that is there twice, is an error, and
// so is one whose name differs in case.
func (e *Entry) JSON(name string, v any) error {
	text := e.Text(name)
	offset, err := checkMembers(text, reflect.TypeOf(v).Elem())
	if err == nil {
		decoder := json.NewDecoder(strings.NewReader(text))
		err = decoder.Decode(v)
		if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			// The offset is that of the value's end.
			offset, err = bad.Offset-1, fmt.Errorf("%s is a %s, not %s", bad.Field, bad.Value, jsonType(bad.Type))
		}
	}
	if err != nil {
		return e.At(name, int(offset), err)
	}
	return nil
}

// At returns err as a problem at an offset, in bytes, of the text of a file.
func (e *Entry) At(name string, offset int, err error) error {
	return e.fault(name, positionOf(e.Text(name), offset), err)
}

// Fail returns err as a problem of a file as a whole.
func (e *Entry) Fail(name string, err error) error { return e.fault(name, position{}, err) }

func (e *Entry) fault(name string, at position, err error) error {
	return &Error{e.source.Name, path.Join(e.ID, name), at.line, at.column, err}
}

// located returns err, as a problem of the entry where it does not say of which file.
func (e *Entry) located(err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return e.fault("", position{}, err)
}

// load reads the files of the entry. It returns all errors joined.
func (e *Entry) load(required, optional []string) error {
	found, err := fs.ReadDir(e.source.FS, e.ID)
	if err != nil {
		return e.Fail("", cause(err))
	}
	e.files = map[string]string{}
	var problems []error
	for _, item := range found {
		name := item.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			known := strings.Join(slices.Concat(required, optional), ", ")
			problems = append(problems, e.Fail(name, fmt.Errorf("unknown file; a folder here holds %s", known)))
			continue
		}
		text, err := e.readFile(name)
		if err != nil {
			problems = append(problems, err)
		}
		e.files[name] = text
	}
	for _, name := range required {
		if !e.Has(name) {
			problems = append(problems, e.Fail(name, errors.New("the file is missing")))
		}
	}
	return errors.Join(problems...)
}

// readFile reads a file. What is not a regular one, such as a pipe, is not opened:
// reading it might never end.
func (e *Entry) readFile(name string) (string, error) {
	file := path.Join(e.ID, name)
	info, err := fs.Stat(e.source.FS, file)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return "", e.Fail(name, cause(err))
	}
	opened, err := e.source.FS.Open(file)
	if err != nil {
		return "", e.Fail(name, cause(err))
	}
	defer opened.Close() // only read
	text, err := io.ReadAll(io.LimitReader(opened, MaxFile+1))
	switch {
	case err != nil:
		return "", e.Fail(name, cause(err))
	case len(text) > MaxFile:
		return "", e.Fail(name, fmt.Errorf("longer than %d bytes", MaxFile))
	case !utf8.Valid(text):
		return "", e.fault(name, positionOf(string(text), invalidAt(text)), errors.New("not valid UTF-8"))
	}
	return strings.TrimPrefix(string(text), "\ufeff"), nil
}

// invalidAt returns the offset of the first byte that is not part of UTF-8.
func invalidAt(text []byte) int {
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return len(text)
}

// position is a place in a text, from 1.
type position struct{ line, column int }

func positionOf(text string, offset int) position {
	before := text[:min(max(offset, 0), len(text))]
	start := strings.LastIndexByte(before, '\n') + 1
	return position{1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[start:])}
}
