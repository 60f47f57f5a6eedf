package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/catalogue"
	"github.com/cerpac/trailkeeper/internal/nearest"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/result"
	"github.com/cerpac/trailkeeper/internal/terminal"
	"github.com/cerpac/trailkeeper/queries"
)

func parseParams(list []string) (map[string]string, error) {
	params := map[string]string{}
	for _, param := range list {
		name, value, found := strings.Cut(param, "=")
		if !found || name == "" {
			return nil, fmt.Errorf("--param %q is not NAME=VALUE", param)
		}
		params[name] = value
	}
	return params, nil
}

// spellTimes converts given values of time parameters to RFC 3339, the form
// that the catalogue takes.
func spellTimes(q queries.Query, given map[string]string, now time.Time) error {
	for _, p := range q.Parameters {
		text, ok := given[p.Name]
		if !ok || p.Type != queries.Time {
			continue
		}
		at, err := quantity.ParseTime(text, now)
		if err != nil {
			return fmt.Errorf("parameter %s: %w", p.Name, err)
		}
		given[p.Name] = at.Format(time.RFC3339Nano)
	}
	return nil
}

// catalogue returns the named queries of the program and then those of the folders.
// A folder that is named twice is read once: completion parses the flags twice.
func (o *queryOptions) catalogue() ([]queries.Query, error) {
	var more []catalogue.Source
	for i, folder := range o.folders {
		if !slices.Contains(o.folders[:i], folder) {
			more = append(more, catalogue.Folder(folder))
		}
	}
	list, err := queries.Load(more...)
	switch {
	case err == nil || len(more) == 0:
		return list, err
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
		return nil, err
	}
	return nil, misuse("query", outcome.WithHint(err, "docs/query.md describes what a folder of queries holds"))
}

func (o *queryOptions) namedQuery() (queries.Query, error) {
	name := o.named
	catalogue, err := o.catalogue()
	if err != nil {
		return queries.Query{}, err
	}
	for _, q := range catalogue {
		if q.Name == name {
			return q, nil
		}
	}
	hint := "trailkeeper query --list lists them"
	if near := nearest.Name(name, queries.Names(catalogue)); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return queries.Query{}, misuse("query", outcome.WithHint(fmt.Errorf("unknown named query %q", name), hint))
}

func (o *queryOptions) completeNamed(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	catalogue, err := o.catalogue()
	if err != nil {
		names = cobra.AppendActiveHelp(names, "not all queries can be read; trailkeeper query --list says why")
		catalogue, _ = queries.All()
	}
	for _, q := range catalogue {
		names = append(names, cobra.CompletionWithDesc(q.Name, q.Title))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func listQueries(ctx context.Context, opts queryOptions, s *streams) error {
	catalogue, err := opts.catalogue()
	if err != nil {
		return err
	}
	var rows [][]any
	for _, q := range catalogue {
		var params []string
		for _, p := range q.Parameters {
			params = append(params, p.Name)
		}
		row := []any{q.Name, q.Title, strings.Join(params, ", ")}
		if len(opts.folders) > 0 {
			row = append(row, q.Source)
		}
		rows = append(rows, row)
	}
	columns := []result.Column{{Name: "name"}, {Name: "answers"}, {Name: "parameters"}}
	if len(opts.folders) > 0 {
		columns = append(columns, result.Column{Name: "folder"})
	}
	_, err = opts.rows.rows(ctx, s, result.Of(columns, rows...))
	return err
}

// showQuery writes a named query as SQL, with what describes it in comments.
func showQuery(ctx context.Context, opts queryOptions, s *streams) error {
	q, err := opts.namedQuery()
	if err != nil {
		return err
	}
	var text strings.Builder
	comment := func(format string, args ...any) {
		for line := range strings.Lines(fmt.Sprintf(format, args...)) {
			fmt.Fprintf(&text, "-- %s\n", terminal.Visible(strings.TrimSuffix(line, "\n")))
		}
	}
	comment("%s: %s", q.Name, q.Title)
	if q.Description != "" {
		comment("%s", q.Description)
	}
	for _, p := range q.Parameters {
		value := "must be given"
		if p.Default != nil {
			value = fmt.Sprintf("default %q", *p.Default)
		}
		comment("$%s, %s: %s (%s)", p.Name, p.Type, p.Meaning, value)
	}
	if q.WholeLake {
		comment("$since and $until: the bounds of --since and --until")
	}
	text.WriteString(strings.TrimRight(q.SQL, "\n") + "\n")
	return opts.rows.write(ctx, s, func(w io.Writer) error {
		_, err := io.WriteString(w, text.String())
		return err
	})
}
