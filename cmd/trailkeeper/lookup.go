package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/lookup"
	"github.com/cerpac/trailkeeper/internal/nearest"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/report"
)

type lookupOptions struct {
	lake       lakeOptions
	end        time.Time // inclusive, as in LookupEvents
	attributes []string  // KEY=VALUE
	awsStyle   []string  // AttributeKey=KEY,AttributeValue=VALUE
	categories []string
	maxResults int
	rows       rowOptions
}

func newLookupCommand(s *streams) *cobra.Command {
	opts := lookupOptions{}
	cmd := &cobra.Command{
		Use:   "lookup --lake DIR --attribute KEY=VALUE",
		Short: "Find events as 'aws cloudtrail lookup-events' does, of any age",
		Long: `Print the events of a lake that have all the given attributes, newest first, in
the form of 'aws cloudtrail lookup-events'.

The attributes are those of LookupEvents: EventId, EventName, ReadOnly, Username,
ResourceType, ResourceName, EventSource and AccessKeyId. Several are combined:
events must have all of them. The same one twice means either value.

Unlike LookupEvents it has no limit of 90 days, looks at all accounts, Regions
and categories of the lake at once, and gives every event unless --max-results
is set.

Both ends of the time count.`,
		Example: `  trailkeeper lookup --lake lake --attribute Username=alice --start-time 7d
  trailkeeper lookup --lake lake --attribute EventSource=s3.amazonaws.com --attribute ReadOnly=false --format table
  trailkeeper lookup --lake lake --lookup-attributes AttributeKey=EventName,AttributeValue=ConsoleLogin --max-results 10`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLookup(cmd.Context(), opts, s) },
	}
	opts.lake.addLakeFlag(cmd, s)
	f := cmd.Flags()
	opts.lake.limits.addLimitFlags(f)
	f.StringArrayVar(&opts.attributes, "attribute", nil, "KEY=VALUE that events must have; may be repeated")
	f.StringArrayVar(&opts.awsStyle, "lookup-attributes", nil, "the same in the AWS CLI's form, AttributeKey=KEY,AttributeValue=VALUE")
	f.Var(timeFlag(&opts.lake.since, s.now), "start-time", "only events at or after this time")
	f.Var(timeFlag(&opts.end, s.now), "end-time", "only events at or before this time")
	f.StringSliceVar(&opts.categories, "event-category", nil, "only events of these categories: management, data, insight, networkactivity (default all)")
	f.IntVar(&opts.maxResults, "max-results", 0, "print no more than this many events (default all)")
	opts.rows.register(f, "json and text are those of the AWS CLI",
		report.JSON, report.Text, report.JSONL, report.Table, report.Line, report.Markdown, report.CSV, report.Parquet)
	f.Var(f.Lookup("format").Value, "output", "the AWS CLI's name of --format")
	_ = f.MarkHidden("output") // fails only for a flag that does not exist
	return cmd
}

func (o *lookupOptions) filter() (lookup.Filter, error) {
	filter := lookup.Filter{}
	for _, attribute := range o.attributes {
		key, value, found := strings.Cut(attribute, "=")
		if !found {
			return nil, fmt.Errorf("--attribute %q is not KEY=VALUE", attribute)
		}
		if err := filter.Add(key, value); err != nil {
			return nil, hintAttribute(err, key)
		}
	}
	for _, attribute := range o.awsStyle {
		rest, isKey := strings.CutPrefix(attribute, "AttributeKey=")
		key, value, isValue := strings.Cut(rest, ",AttributeValue=")
		if !isKey || !isValue {
			return nil, fmt.Errorf("--lookup-attributes %q is not AttributeKey=KEY,AttributeValue=VALUE", attribute)
		}
		if err := filter.Add(key, value); err != nil {
			return nil, hintAttribute(err, key)
		}
	}
	return filter, nil
}

func hintAttribute(err error, key string) error {
	for _, known := range lookup.Attributes() {
		if strings.EqualFold(key, known) {
			return outcome.WithHint(err, fmt.Sprintf("did you mean %s?", known))
		}
	}
	if near := nearest.Name(key, lookup.Attributes()); near != "" {
		return outcome.WithHint(err, fmt.Sprintf("did you mean %s?", near))
	}
	return err
}

// categoryColumn is the category of an event. Before eventVersion 1.07 records
// do not tell theirs, and before 1.06 not even whether they are of management.
const categoryColumn = "coalesce(event_category, CASE WHEN management_event = false THEN 'Data' ELSE 'Management' END)"

// category returns the name CloudTrail gives an event category that is spelled
// in any case.
func category(name string) (string, error) {
	for _, known := range []string{"Management", "Data", "Insight", "NetworkActivity", "Aggregated"} {
		if strings.EqualFold(name, known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("unknown event category %q: expected management, data, insight, networkactivity or aggregated", name)
}

func runLookup(ctx context.Context, opts lookupOptions, s *streams) error {
	if !opts.end.IsZero() {
		opts.lake.until = opts.end.Add(time.Microsecond)
	}
	if err := opts.lake.validate("lookup"); err != nil {
		return err
	}
	if err := opts.rows.validate("lookup", s); err != nil {
		return err
	}
	if opts.maxResults < 0 {
		return misuse("lookup", fmt.Errorf("--max-results is %d, less than 0", opts.maxResults))
	}
	search, err := opts.search()
	if err != nil {
		return misuse("lookup", err)
	}
	ctx, cancel := opts.lake.limits.within(ctx)
	defer cancel()
	l, err := opts.lake.open(ctx)
	if err != nil {
		return err
	}
	search.db, search.days, search.left = l.DB, l.days, opts.maxResults
	defer search.close()
	err = printEvents(ctx, search, opts, s)
	if err == nil && !search.found {
		opts.lake.sayWhyNothing(ctx, l, unanswered{
			timed: !opts.lake.since.IsZero() || !opts.lake.until.IsZero(),
			names: map[string][]string{"event_name": search.filter["EventName"], "event_source": search.filter["EventSource"]},
		}, s.err)
	}
	if err == nil {
		err = l.complete("lookup", s.err)
	}
	return errors.Join(opts.lake.limits.explain(err), l.Close())
}

// search prepares the search that the options describe.
func (o *lookupOptions) search() (*eventSearch, error) {
	filter, err := o.filter()
	if err != nil {
		return nil, err
	}
	var categories []string
	for _, name := range o.categories {
		known, err := category(name)
		if err != nil {
			return nil, err
		}
		categories = append(categories, "'"+known+"'")
	}
	condition, params := filter.Condition(slices.Contains(categories, "'Insight'"))
	if categories != nil {
		condition += " AND " + categoryColumn + " IN (" + strings.Join(categories, ", ") + ")"
	}
	return &eventSearch{filter: filter, condition: condition, params: params, limited: o.maxResults > 0}, nil
}

func printEvents(ctx context.Context, search *eventSearch, opts lookupOptions, s *streams) error {
	next := func() (lookup.Event, error) { return search.next(ctx) }
	var writer func(io.Writer) lookup.Writer
	switch opts.rows.format {
	case report.JSON:
		writer = lookup.NewJSONWriter
	case report.JSONL:
		writer = lookup.NewJSONLinesWriter
	case report.Text:
		writer = lookup.NewTextWriter
	default:
		_, err := opts.rows.rows(ctx, s, lookup.Rows(next))
		return err
	}
	return opts.rows.write(ctx, s, func(w io.Writer) error { return writeEvents(writer(w), next) })
}

func writeEvents(w lookup.Writer, next func() (lookup.Event, error)) error {
	for {
		e, err := next()
		if errors.Is(err, io.EOF) {
			return w.Close()
		}
		if err != nil {
			return err
		}
		if err := w.Write(e); err != nil {
			return err
		}
	}
}

// eventSearch gives the events of a lake that match, newest first. It reads the
// newest days first and more days at a time as it goes back, so that the first
// events come soon, a limited search reads little, and a long one takes few
// queries.
type eventSearch struct {
	db        *duckdb.DB
	days      []string // that have events, in order; those not read yet
	filter    lookup.Filter
	condition string
	params    map[string]any
	limited   bool
	found     bool
	left      int // events still to give when limited

	decoder lookup.Decoder
	records *duckdb.Records // of the days being read
	span    int             // how many days are read at a time
}

func (q *eventSearch) next(ctx context.Context) (lookup.Event, error) {
	for !q.limited || q.left > 0 {
		if q.records == nil {
			if err := q.readDays(ctx); err != nil {
				return lookup.Event{}, err
			}
		}
		raw, err := q.records.Append(nil)
		if errors.Is(err, io.EOF) {
			q.close()
			continue
		}
		if err != nil {
			return lookup.Event{}, err
		}
		e, err := q.decoder.Decode(raw)
		if err != nil {
			return lookup.Event{}, err
		}
		if q.filter.Exact() || q.filter.Match(e) {
			q.left--
			q.found = true
			return e, nil
		}
	}
	return lookup.Event{}, io.EOF
}

// readDays starts reading the newest days that are left, or returns io.EOF.
func (q *eventSearch) readDays(ctx context.Context) (err error) {
	if len(q.days) == 0 {
		return io.EOF
	}
	q.span = max(1, min(2*q.span, len(q.days)))
	rest := len(q.days) - q.span
	q.params["first_day"], q.params["last_day"] = q.days[rest], q.days[len(q.days)-1]
	q.days = q.days[:rest]
	clauses := "WHERE year || '-' || month || '-' || day BETWEEN $first_day AND $last_day AND " + q.condition +
		" ORDER BY event_time DESC, event_id DESC"
	if q.limited && q.filter.Exact() {
		// Sorting what is not going to be shown would take most of the time.
		q.params["left"] = int64(q.left)
		clauses += " LIMIT $left"
	}
	q.records, err = q.db.Records(ctx, clauses, q.params)
	return err
}

func (q *eventSearch) close() {
	if q.records != nil {
		_ = q.records.Close() // only read from
		q.records = nil
	}
}
