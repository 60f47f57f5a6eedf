package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/lookup"
	"github.com/cerpac/trailkeeper/internal/nearest"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/internal/search"
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
		Short: "Find events like 'aws cloudtrail lookup-events', of any age",
		Long: `Print the events of a lake that have all the given attributes, newest first, in
the form of 'aws cloudtrail lookup-events'.

The attributes are those of LookupEvents: EventId, EventName, ReadOnly, Username,
ResourceType, ResourceName, EventSource and AccessKeyId. Several are combined:
events must match all of them. A repeated one accepts any of its values.

Unlike LookupEvents it has no limit of 90 days, searches all accounts, Regions
and categories of the lake at once, and prints every event unless --max-results
is set.

Both ends of the time range are inclusive.`,
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
	_ = f.MarkHidden("output") // fails only for an unknown flag
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

func runLookup(ctx context.Context, opts lookupOptions, s *streams) error {
	defer cli.FewCollections()()
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
	filter, categories, err := opts.asked()
	if err != nil {
		return misuse("lookup", err)
	}
	opts.lake.eventIDs = filter["EventId"]
	ctx, cancel := opts.lake.limits.within(ctx)
	defer cancel()
	l, err := opts.lake.open(ctx)
	if err != nil {
		return err
	}
	events := l.Lookup(filter, categories, opts.maxResults)
	defer events.Close()
	err = printEvents(ctx, events, opts, s)
	if err == nil && events.Found() == 0 {
		lakes.SayWhyNothing(ctx, l, opts.lake.openWhole, lakes.Unanswered{
			Timed: !opts.lake.since.IsZero() || !opts.lake.until.IsZero(),
			Names: map[string][]string{"event_name": filter["EventName"], "event_source": filter["EventSource"]},
		}, s.err)
	}
	if err == nil {
		err = lakes.Complete(l, "lookup", s.err)
	}
	return errors.Join(opts.lake.limits.explain(err), l.Close())
}

// asked returns the filter and the categories of the options.
func (o *lookupOptions) asked() (lookup.Filter, []lookup.Category, error) {
	filter, err := o.filter()
	if err != nil {
		return nil, nil, err
	}
	var categories []lookup.Category
	for _, name := range o.categories {
		known, err := lookup.ParseCategory(name)
		if err != nil {
			return nil, nil, err
		}
		categories = append(categories, known)
	}
	return filter, categories, nil
}

func printEvents(ctx context.Context, events *search.Events, opts lookupOptions, s *streams) error {
	next := func() (lookup.Event, error) { return events.Next(ctx) }
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
