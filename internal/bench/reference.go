package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // the driver "duckdb" of database/sql

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/lake"
)

// reference is one way to convert an archive to Parquet with DuckDB alone.
type reference struct {
	name  string
	lossy bool // leaves extra and explicit_nulls NULL
	sql   func(read func(recordsType string) string) (string, error)
}

// references are the ways that were tried. The first one, which the bar is for, is the
// fastest that fills every column of the lake. The others are faster and lose
// something, or are what one writes first.
func references() []reference {
	return []reference{
		{"DuckDB, from_json, every column filled", false, func(read func(string) string) (string, error) {
			return structured(read, true)
		}},
		{"DuckDB, from_json, extra and explicit_nulls left NULL", true, func(read func(string) string) (string, error) {
			return structured(read, false)
		}},
		{"DuckDB, typed STRUCT[], extra and explicit_nulls left NULL", true, typed},
		{"DuckDB, ->> for each column, every column filled", false, extracted},
	}
}

// importStatements returns the statements that write the files of globs to out. They
// run in the folder of the archive, so that log_file is as in the lake.
func importStatements(r reference, globs []string, maxObject int, out string) ([]string, error) {
	read := func(recordsType string) string {
		return fmt.Sprintf("read_json([%s], columns = {Records: '%s[]'}, maximum_object_size = %d, filename = true)",
			"'"+strings.Join(globs, "', '")+"'", recordsType, maxObject)
	}
	selected, err := r.sql(read)
	if err != nil {
		return nil, err
	}
	return []string{
		"SET preserve_insertion_order = false",
		"COPY (SELECT *, strftime(event_time, '%Y') AS year, strftime(event_time, '%m') AS month, strftime(event_time, '%d') AS day FROM (" +
			selected + ")) TO '" + out + "' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (year, month, day))",
	}, nil
}

// structured converts each record to a structure at once, and its userIdentity to
// another. It parses the record again for members without a column.
func structured(read func(string) string, every bool) (string, error) {
	rest := ""
	extra, nulls := "NULL::JSON", "NULL::BIGINT"
	if every {
		rest = ", " + extraOf("r") + " AS extra, " + nullsOf("r") + " AS nulls"
		extra, nulls = "extra", "nulls"
	}
	columns, err := selectList("s.", "u.", extra, nulls)
	return "SELECT " + columns + " FROM (SELECT *, from_json(s.userIdentity, '" + identityShape + "') AS u FROM (" +
		"SELECT from_json(r, '" + recordShape() + "') AS s, filename" + rest + " FROM (" +
		"SELECT unnest(Records) AS r, filename FROM " + read("JSON") + ")))", err
}

// typed has the file reader itself create the structures.
func typed(read func(string) string) (string, error) {
	columns, err := selectList("s.", "u.", "NULL::JSON", "NULL::BIGINT")
	var members []string
	for _, c := range lake.RecordColumns() {
		if m, ok := memberOf[c.Name]; ok {
			members = append(members, m+" "+string(c.Kind))
		}
	}
	return "SELECT " + columns + " FROM (SELECT *, from_json(s.userIdentity, '" + identityShape + "') AS u FROM (" +
		"SELECT unnest(Records) AS s, filename FROM " + read("STRUCT("+strings.Join(members, ", ")+")") + "))", err
}

// extracted parses the record once for every column.
func extracted(read func(string) string) (string, error) {
	columns, err := selectList("", "", extraOf("r"), nullsOf("r"))
	return "SELECT " + columns + " FROM (SELECT unnest(Records) AS r, filename FROM " + read("JSON") + ")", err
}

// selectList lists the lake's columns. record and identity are prefixes, with a dot, of
// the structures that hold the members; empty ones select ->> on the record r.
func selectList(record, identity, extra, nulls string) (string, error) {
	member := func(name string, kind lake.Kind) string {
		switch {
		case record != "":
			return record + name
		case kind == lake.JSON:
			return "nullif(r->'$." + name + "', 'null')"
		}
		return "(r->>'$." + name + "')"
	}
	within := func(path string) string {
		if identity != "" {
			return identity + path
		}
		return "(r->>'$.userIdentity." + path + "')"
	}
	var list []string
	for _, c := range lake.RecordColumns() {
		var value string
		switch name := c.Name; {
		case memberOf[name] != "":
			value = member(memberOf[name], c.Kind)
		case identityOf[name] != "":
			value = within(identityOf[name])
		case name == "account_id":
			value = "coalesce(" + member("recipientAccountId", c.Kind) + ", " + within("accountId") + ")"
		case name == "log_file":
			value = "filename"
		case name == "extra":
			value = extra
		case name == "explicit_nulls":
			value = nulls
		default:
			return "", fmt.Errorf("write reference: the lake's column %q is not known here", name)
		}
		list = append(list, value+"::"+string(c.Kind)+" AS "+c.Name)
	}
	return strings.Join(list, ", "), nil
}

// extraOf returns the rest of a record without the members that have a column.
func extraOf(record string) string {
	var members []string
	for _, c := range lake.RecordColumns() {
		if m, ok := memberOf[c.Name]; ok {
			members = append(members, `"`+m+`":null`)
		}
	}
	return "nullif(json_merge_patch(" + record + ", '{" + strings.Join(members, ",") + "}'), '{}')"
}

// nullsOf returns the bit mask of documented members that are null.
func nullsOf(record string) string {
	var paths []string
	for f := range event.Field(event.NumFields) {
		paths = append(paths, "'$."+f.String()+"'")
	}
	return "nullif(list_sum(list_transform(json_type(" + record + ", [" + strings.Join(paths, ",") +
		"]), lambda x, i : CASE WHEN x = 'NULL' THEN 1::BIGINT << (i - 1) ELSE 0 END)), 0)"
}

// recordShape returns the structure of a record for from_json.
func recordShape() string {
	var members []string
	for _, c := range lake.RecordColumns() {
		if m, ok := memberOf[c.Name]; ok {
			members = append(members, fmt.Sprintf("%q:%q", m, c.Kind))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

const identityShape = `{"type":"VARCHAR","principalId":"VARCHAR","arn":"VARCHAR","accountId":"VARCHAR",` +
	`"accessKeyId":"VARCHAR","userName":"VARCHAR","invokedBy":"VARCHAR","sessionContext":{` +
	`"sessionIssuer":{"type":"VARCHAR","arn":"VARCHAR","userName":"VARCHAR"},"sourceIdentity":"VARCHAR","attributes":{"mfaAuthenticated":"VARCHAR"}}}`

// sqlReport is the report of the child that runs SQL.
type sqlReport struct {
	Rows int64 `json:"rows"` // that the last statement wrote
}

func runSQL(ctx context.Context, statements []string) (*sqlReport, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	report := &sqlReport{}
	for _, statement := range statements {
		done, err := db.ExecContext(ctx, statement)
		if err != nil {
			return nil, err
		}
		if report.Rows, err = done.RowsAffected(); err != nil {
			return nil, err
		}
	}
	return report, nil
}

// engineVersion returns the version of the DuckDB that is linked in.
func engineVersion(ctx context.Context) (version string, err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return "", err
	}
	defer db.Close()
	return version, db.QueryRowContext(ctx, "SELECT version()").Scan(&version)
}
