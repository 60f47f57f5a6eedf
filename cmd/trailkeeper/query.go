package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/internal/search"
	"github.com/cerpac/trailkeeper/internal/trino"
)

type queryOptions struct {
	lake    lakeOptions
	sql     string // the argument, or standard input
	file    string
	named   string
	folders []string // of queries of the user's own
	show    bool     // the SQL of the named query
	params  []string // NAME=VALUE
	dialect string
	list    bool
	rows    rowOptions
}

func newQueryCommand(s *streams) *cobra.Command {
	opts := queryOptions{}
	cmd := &cobra.Command{
		Use:   "query --lake DIR 'SQL'",
		Short: "Query a lake in SQL, or with a named query",
		Long: `Run one SQL statement over the events of a lake. The engine is DuckDB, linked into
trailkeeper. There are two views of the same events:

  events           typed columns: event_time, event_name, identity_arn, ...
  cloudtrail_logs  the columns of the Athena table for CloudTrail: eventtime,
                   eventname, useridentity.arn, ..., region, year, month, day

A statement that reads cloudtrail_logs is in Trino's SQL, as Athena's are; one
that reads events is in DuckDB's. One that reads both needs --dialect.

DESCRIBE events lists the columns. The SQL can read these views and nothing
else: no files, no settings, no extensions.

SQL may be piped in instead: echo 'SELECT ...' | trailkeeper query --lake lake

Conditions on event_date, or on year, month and day, keep the files of other
days from being read, and so do --since and --until.`,
		Example: `  trailkeeper query --lake lake "SELECT event_name, count(*) FROM events GROUP BY ALL ORDER BY 2 DESC LIMIT 10"
  trailkeeper query --lake lake --file question.sql --format csv > answer.csv
  trailkeeper query --list
  trailkeeper query --lake lake --named iam-policy-changes --since 30d
  trailkeeper query --lake lake --named who-touched --param resource=my-bucket --format json
  trailkeeper query --lake lake --queries our-queries --named night-shift`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				opts.sql = args[0]
			}
			return runQuery(cmd.Context(), opts, s)
		},
	}
	opts.lake.addLakeFlag(cmd, s)
	f := cmd.Flags()
	opts.lake.limits.addLimitFlags(f)
	opts.rows.register(f, "of the answer", report.RowFormats()...)
	f.StringVar(&opts.file, "file", "", "read the SQL from this file, - for standard input")
	f.StringVar(&opts.named, "named", "", "run this query of the catalogue")
	f.StringArrayVar(&opts.params, "param", nil, "NAME=VALUE, the value of $NAME in the SQL; may be repeated")
	f.StringVar(&opts.dialect, "dialect", "", "dialect of the SQL: trino or duckdb; by default Trino's if it reads cloudtrail_logs")
	f.BoolVar(&opts.list, "list", false, "list the catalogue of named queries")
	f.BoolVar(&opts.show, "show", false, "print the named query with its description instead of running it")
	addFoldersFlag(f, &opts.folders, "queries", queriesVariable, "folder with more named queries; may be repeated", s)
	opts.lake.addTimeFlags(cmd, s)
	_ = cmd.RegisterFlagCompletionFunc("named", opts.completeNamed) // fails only for an unknown flag
	return cmd
}

func runQuery(ctx context.Context, opts queryOptions, s *streams) error {
	defer cli.FewCollections()()
	if err := opts.takePiped(ctx, s); err != nil {
		return err
	}
	if err := errors.Join(opts.validate(), opts.rows.validate("query", s)); err != nil {
		return err
	}
	switch {
	case opts.list:
		return listQueries(ctx, opts, s)
	case opts.show:
		return showQuery(ctx, opts, s)
	}
	timed := !opts.lake.since.IsZero() || !opts.lake.until.IsZero()
	asked, err := opts.question(ctx, s)
	if err != nil {
		return err
	}
	ctx, cancel := opts.lake.limits.within(ctx)
	defer cancel()
	l, err := opts.lake.open(ctx)
	if err != nil {
		return err
	}
	if trino.Defines(asked.SQL, "cloudtrail_logs") {
		fmt.Fprintf(s.err, "the table cloudtrail_logs is there already: it shows the events of the lake %s, and trailkeeper ingest adds those of log files\n", opts.lake.dir)
		return l.Close()
	}
	count, err := answer(ctx, l, asked, opts, s)
	if err == nil {
		err = lakes.SayLacking(ctx, l, asked, s.err)
	}
	if err == nil && count == 0 {
		q := lakes.Unanswered{Timed: timed}
		if asked, err := l.Asked(ctx, asked); err == nil {
			q.OfSQL(asked.Conditions)
		}
		lakes.SayWhyNothing(ctx, l, opts.lake.openWhole, q, s.err)
	}
	if err == nil {
		err = lakes.Complete(l, "query", s.err)
	}
	return errors.Join(opts.lake.limits.explain(explainSQL(err)), l.Close())
}

// takePiped reads the SQL from standard input if there is none elsewhere and
// standard input is a pipe or a file, not a terminal or /dev/null.
func (o *queryOptions) takePiped(ctx context.Context, s *streams) error {
	if o.sql != "" || o.file != "" || o.named != "" || o.list {
		return nil
	}
	if file, ok := s.in.(*os.File); ok {
		if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 {
			return nil
		}
	}
	text, err := readSQL(ctx, s.in)
	if strings.TrimSpace(text) != "" {
		o.sql = text
	}
	return err
}

// maxSQL bounds the size of a statement in bytes; a larger file is no SQL.
const maxSQL = 16 << 20

func readSQL(ctx context.Context, r io.Reader) (string, error) {
	text, err := cli.ReadAllUntil(ctx, io.LimitReader(r, maxSQL+1))
	if err == nil && len(text) > maxSQL {
		err = outcome.Usage(fmt.Errorf("query: the SQL is longer than %s", quantity.FormatSize(maxSQL)))
	}
	return strings.TrimPrefix(string(text), byteOrderMark), err
}

// commentsAreNoFlags puts a space before arguments that start like an SQL
// comment, which would be parsed as flags.
func commentsAreNoFlags(args []string) []string {
	kept := slices.Clone(args)
	for i, arg := range kept {
		if strings.HasPrefix(arg, "-- ") || strings.HasPrefix(arg, "--\n") {
			kept[i] = " " + arg
		}
	}
	return kept
}

func (o *queryOptions) validate() error {
	given := 0
	for _, way := range []bool{o.sql != "", o.file != "", o.named != "", o.list} {
		if way {
			given++
		}
	}
	if given != 1 {
		return misuse("query", errors.New("give one of: SQL as an argument or piped in, --file, --named, --list"))
	}
	switch {
	case o.show && o.named == "":
		return misuse("query", errors.New("--show is for a query of --named"))
	case o.show && o.rows.format != report.Table:
		return misuse("query", fmt.Errorf("--show prints SQL, not %s", o.rows.format))
	}
	if o.list || o.show {
		return nil
	}
	switch {
	case !engine.Dialect(o.dialect).Known():
		return misuse("query", fmt.Errorf("--dialect %q is neither trino nor duckdb", o.dialect))
	case o.dialect != "" && o.named != "":
		return misuse("query", errors.New("--dialect is for SQL that is given: a named query says its own"))
	}
	return o.lake.validate("query")
}

// question returns the statement to run. A query about the whole lake takes the
// time range as parameters instead of narrowed views.
func (o *queryOptions) question(ctx context.Context, s *streams) (asked engine.Statement, err error) {
	given, err := parseParams(o.params)
	if err != nil {
		return asked, misuse("query", err)
	}
	if o.named != "" {
		q, err := o.namedQuery()
		if err != nil {
			return asked, err
		}
		if err := spellTimes(q, given, s.now()); err != nil {
			return asked, misuse("query", err)
		}
		params, err := q.Bind(given, o.lake.since, o.lake.until)
		if q.WholeLake {
			o.lake.since, o.lake.until = time.Time{}, time.Time{}
		}
		if err != nil {
			return asked, misuse("query", outcome.WithHint(err, "docs/queries.md describes the named queries and their parameters"))
		}
		return engine.Statement{SQL: q.SQL, Dialect: engine.Dialect(q.Dialect), Params: params}, nil
	}
	asked = engine.Statement{Dialect: engine.Dialect(o.dialect), Params: map[string]any{}}
	for name, value := range given {
		asked.Params[name] = value
	}
	asked.SQL, err = o.text(ctx, s)
	return asked, err
}

// text returns the SQL that is given.
func (o *queryOptions) text(ctx context.Context, s *streams) (string, error) {
	switch o.file {
	case "":
		return o.sql, nil
	case "-":
		return readSQL(ctx, s.in)
	}
	file, err := os.Open(o.file)
	if err != nil {
		return "", err
	}
	defer file.Close() // only read
	return readSQL(ctx, file)
}

// byteOrderMark is what some editors write at the start of a file.
const byteOrderMark = "\ufeff"

// answer runs the statement, writes its rows and returns their number.
func answer(ctx context.Context, l *search.Lake, asked engine.Statement, opts queryOptions, s *streams) (count int64, err error) {
	rows, err := l.Query(ctx, asked)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	count, err = opts.rows.rows(ctx, s, rows)
	if err != nil {
		return count, err
	}
	if opts.rows.format == report.Table || opts.rows.format == report.Line || opts.rows.out != "" {
		noun, where := "rows", ""
		if count == 1 {
			noun = "row"
		}
		if opts.rows.out != "" {
			where = " in " + opts.rows.out
		}
		fmt.Fprintf(s.err, "%s %s%s\n", quantity.FormatCount(count), noun, where)
	}
	return count, nil
}

// explainSQL marks a mistake in the SQL as a usage error.
func explainSQL(err error) error {
	if mistake, ok := errors.AsType[*duckdb.SQLError](err); ok {
		if mistake.Hint != "" {
			err = outcome.WithHint(err, mistake.Hint)
		}
		return outcome.Usage(err)
	}
	return err
}
