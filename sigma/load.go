package sigma

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cerpac/trailkeeper/catalogue"
)

// maxDocuments is the maximum number of documents of a file, which has at most
// catalogue.MaxFile bytes.
const maxDocuments = 1000

// Load reads all files of the sources whose names end with .yml or .yaml, in order.
// Hidden files and folders, whose names begin with a dot, are not looked at. What is wrong with
// rules are problems, with file and position; the other rules are in the set all the
// same. The error is that of reading a source.
func Load(ctx context.Context, options Options, sources ...catalogue.Source) (*Set, []*catalogue.Error, error) {
	l := &loader{options: options, set: &Set{OtherLogs: map[LogSource]int{}}}
	for _, source := range sources {
		err := fs.WalkDir(source.FS, ".", func(name string, entry fs.DirEntry, err error) error {
			switch base := path.Base(name); {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case strings.HasPrefix(base, ".") && name != "." && entry.IsDir():
				return fs.SkipDir
			case entry.IsDir() || strings.HasPrefix(base, ".") || path.Ext(name) != ".yml" && path.Ext(name) != ".yaml":
				return nil
			}
			return l.file(source, name)
		})
		if err != nil {
			return nil, nil, fmt.Errorf("read rules in %q: %w", source.Name, err)
		}
	}
	l.resolve()
	return l.set, l.problems, nil
}

// loader reads files into a set.
type loader struct {
	options  Options
	set      *Set
	problems []*catalogue.Error

	filters      []*filter
	correlations []*pending
	others       []*Rule // about other logs
	broken       []Meta  // that have problems
}

// file reads one file.
func (l *loader) file(source catalogue.Source, name string) error {
	fail := func(err error) {
		l.problems = append(l.problems, &catalogue.Error{Source: source.Name, File: name, Err: err})
	}
	text, err := readLimited(source.FS, name)
	if errors.Is(err, errTooLarge) {
		fail(err)
		return nil
	}
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	known := false
	for range maxDocuments {
		var root yaml.Node
		switch err := decoder.Decode(&root); {
		case errors.Is(err, io.EOF):
			if !known {
				l.set.NotRules = append(l.set.NotRules, path.Join(source.Name, name))
			}
			return nil
		case err != nil:
			fail(fmt.Errorf("it is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: ")))
			return nil
		}
		if l.document(&document{source: source.Name, file: name, options: l.options}, &root) {
			known = true
		}
	}
	fail(fmt.Errorf("it has more than %d documents", maxDocuments))
	return nil
}

var errTooLarge = fmt.Errorf("it is larger than %d bytes", catalogue.MaxFile)

func readLimited(source fs.FS, name string) ([]byte, error) {
	f, err := source.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, catalogue.MaxFile+1))
	if err == nil && len(text) > catalogue.MaxFile {
		err = errTooLarge
	}
	return text, err
}

// document reads one document, and reports whether it is one of Sigma.
func (l *loader) document(d *document, root *yaml.Node) bool {
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		return false
	}
	root = root.Content[0]
	if !isSigma(root) {
		return false
	}
	defer func() { l.problems = append(l.problems, d.problems...) }()
	if at, err := checkShape(root, 0); err != nil {
		d.fail(at, "%w", err)
		return true
	}
	members := d.members(root, "the document")
	d.title = titleOf(members)
	meta, rest := d.meta(root, members)
	_, correlates := rest["correlation"]
	_, filters := rest["filter"]
	switch {
	case correlates:
		c := d.correlation(root, meta, rest)
		if len(d.problems) == 0 {
			l.correlations = append(l.correlations, c)
		}
	case filters:
		if f := d.filter(root, meta, rest); f != nil && len(d.problems) == 0 {
			l.filters = append(l.filters, f)
		}
	default:
		l.rule(d.rule(root, meta, rest), d)
	}
	if len(d.problems) > 0 {
		l.broken = append(l.broken, meta)
	}
	return true
}

// rule keeps a rule that was read.
func (l *loader) rule(r *Rule, d *document) {
	switch {
	case !r.LogSource.CloudTrail() && (r.LogSource != LogSource{} || len(d.problems) == 0):
		d.problems = nil // rules about other logs are only counted
		l.set.OtherLogs[r.LogSource]++
		l.others = append(l.others, r)
	case len(d.problems) == 0:
		l.set.Rules = append(l.set.Rules, r)
	}
}

// isSigma reports whether a document is a rule, a correlation or a filter, perhaps with
// mistakes.
func isSigma(root *yaml.Node) bool {
	for i := 0; i+1 < len(root.Content); i += 2 {
		switch key, value := root.Content[i].Value, root.Content[i+1]; key {
		case "detection", "logsource", "correlation":
			return true
		case "filter":
			if slices.ContainsFunc(value.Content, func(n *yaml.Node) bool { return n.Value == "rules" || n.Value == "condition" }) {
				return true
			}
		}
	}
	return false
}
