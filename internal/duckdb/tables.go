package duckdb

import (
	"slices"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// needed returns the views that a statement may read, out of all. Creating a view
// binds it, which takes longer than many a statement runs. A statement that reads
// the catalogue, or names what is neither a view nor a query of its own, gets all.
func needed(tree any, all []view) []view {
	var read tablesRead
	read.visit(tree)
	var names []string
	for _, name := range read.tables {
		short := strings.TrimPrefix(name, "main.")
		switch {
		case short == logsView:
			names = append(names, logsView, recordsView)
		case slices.ContainsFunc(all, func(v view) bool { return v.name == short }):
			names = append(names, short)
		case !slices.Contains(read.own, name):
			return all
		}
	}
	if read.catalogue {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(v view) bool { return !slices.Contains(names, v.name) })
}

// tablesRead are the tables that a statement names, in lower case.
type tablesRead struct {
	tables    []string // with their schema, if it is named
	own       []string // names of the statement's WITH clauses
	catalogue bool     // it looks at the catalogue
}

func (r *tablesRead) visit(node any) {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			r.visit(child)
		}
	case map[string]any:
		r.object(n)
		for _, child := range n {
			r.visit(child)
		}
	}
}

func (r *tablesRead) object(n map[string]any) {
	switch n["type"] {
	case "BASE_TABLE":
		name, _ := n["table_name"].(string)
		if schema, _ := n["schema_name"].(string); schema != "" {
			name = schema + "." + name
		}
		r.tables = append(r.tables, strings.ToLower(name))
	case "SHOW_REF":
		r.catalogue = true
	}
	if name, _ := n["function_name"].(string); strings.HasPrefix(strings.ToLower(name), "duckdb_") {
		r.catalogue = true
	}
	with, _ := n["cte_map"].(map[string]any)
	entries, _ := with["map"].([]any)
	for _, entry := range entries {
		e, _ := entry.(map[string]any)
		if name, _ := e["key"].(string); name != "" {
			r.own = append(r.own, strings.ToLower(name))
		}
	}
}

// create creates those of the views that were not needed before.
func (db *DB) create(conn bindings.Connection, wanted []view) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, v := range wanted {
		if slices.Contains(db.created, v.name) {
			continue
		}
		if err := execute(conn, "CREATE "+v.define(db.opts)); err != nil {
			return err
		}
		db.created = append(db.created, v.name)
	}
	return nil
}

// leaveOut creates the views again without some parts.
func (db *DB) leaveOut(conn bindings.Connection, parts []string) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.opts.Parts = slices.DeleteFunc(slices.Clone(db.opts.Parts), func(p Part) bool { return slices.Contains(parts, p.Path) })
	for _, v := range views() {
		if !slices.Contains(db.created, v.name) {
			continue
		}
		if err := execute(conn, "CREATE OR REPLACE "+v.define(db.opts)); err != nil {
			return err
		}
	}
	return nil
}
