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

// Limits of a configuration file, higher than AWS's limits. The parser's time grows
// with the square of the number of nested lists and mappings.
const (
	maxFile     = 128 << 10
	maxBrackets = 2000
	maxText     = 4096
	maxEntries  = 1000
)

// Read reads a configuration file; errors call it name. Fields missing in the file have
// their defaults.
//
// It is strict: unknown and repeated keys, values of a wrong type, anchors, aliases and
// tags are errors with line and column, all of them in one error. Nothing in the file
// is expanded.
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

// parse returns the content of the file, or nil.
func (r *reader) parse(text []byte) ast.Node {
	switch {
	case len(text) > maxFile:
		r.fail(nil, "the file has %d bytes; a configuration has at most %d", len(text), maxFile)
		return nil
	case bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > maxBrackets:
		r.fail(nil, "the file has more than %d brackets", maxBrackets)
		return nil
	case !utf8.Valid(text):
		r.fail(nil, "the file is not UTF-8 text")
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

// reader collects the errors of a file.
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
