package trail

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	yaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// What a configuration may hold at most. It is more than AWS takes. The time to parse
// nested lists and mappings grows with the square of their number.
const (
	maxFile     = 128 << 10
	maxBrackets = 2000
	maxText     = 4096
	maxEntries  = 1000
)

// Read reads a configuration file; name is what errors call it. What the file does not
// say has its default.
//
// It is strict: a key that is not known or there twice, a value that is not of its
// field's type, anchors, aliases and tags are errors with line and column, all of them
// in one error. Nothing in the file is expanded.
func Read(name string, text []byte) (Spec, error) {
	r := &reader{name: name}
	spec := Default()
	if root := r.parse(text); root != nil {
		r.read(root, "", &spec)
	}
	if len(r.errs) > 0 {
		return Default(), outcome.Usage(errors.Join(r.errs...))
	}
	return spec, nil
}

// parse returns what the file holds, or nil.
func (r *reader) parse(text []byte) ast.Node {
	switch {
	case len(text) > maxFile:
		r.fail(nil, "the file has %d bytes; a configuration has at most %d", len(text), maxFile)
		return nil
	case bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > maxBrackets:
		r.fail(nil, "the file has more than %d brackets", maxBrackets)
		return nil
	case !utf8.Valid(text):
		r.fail(nil, "the file is no text in UTF-8")
		return nil
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		if syntax, ok := errors.AsType[yaml.Error](err); ok {
			r.fail(syntax.GetToken(), "no YAML: %s", syntax.GetMessage())
		} else {
			r.fail(nil, "no YAML: %v", err)
		}
		return nil
	}
	documents := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool {
		_, isDirective := d.Body.(*ast.DirectiveNode)
		return d.Body == nil || isDirective
	})
	if len(documents) > 1 {
		r.fail(start(documents[1].Body), "a second document; a file holds one configuration")
	}
	if len(documents) == 0 {
		return nil
	}
	return documents[0].Body
}

// reader collects what is wrong with a file.
type reader struct {
	name string
	errs []error
}

func (r *reader) fail(at *token.Token, format string, args ...any) {
	where := r.name
	if at != nil {
		where = fmt.Sprintf("%s:%d:%d", r.name, at.Position.Line, at.Position.Column)
	}
	r.errs = append(r.errs, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}
