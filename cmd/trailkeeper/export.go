package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/search"
	"github.com/cerpac/trailkeeper/predicate"
)

type exportOptions struct {
	lake    lakeOptions
	format  exportFormat
	out     string // file to write, "" for standard output
	columns []selection
	who     []string
	failed  bool
	writes  bool
	proof   proofOptions
}

// selection holds the wanted values of a column of the lake; empty means any.
type selection struct {
	column string
	member string // of the record that the column holds; "" for one made of several
	values *[]string
}

type exportFormat string

const (
	exportRecords exportFormat = "records"
	exportJSONL   exportFormat = "jsonl"
)

func newExportCommand(s *streams) *cobra.Command {
	opts := exportOptions{format: exportJSONL}
	cmd := &cobra.Command{
		Use:   "export --lake DIR",
		Short: "Write events as the JSON records that were ingested",
		Long: `Write the records of a lake, all or those that the flags select, as the JSON
values that were ingested: every member, every digit of every number.

jsonl is one record per line; records is one object {"Records": [...]}, the format
of a CloudTrail log file. Records are ordered by day, and by account, Region and
time in each file of the lake. A repeated flag accepts any of its values; different
flags must all match.

With --out the file either is complete or does not exist: it is written under a
temporary name and renamed at the end. A name that ends in .gz is compressed.

--with-proof FILE writes the events with what proves them to anybody, by trailkeeper
or by openssl alone: their log files as they were delivered, from --archive, the
digests that list these and the later ones up to the newest or to an anchor, and the
public keys. It is only written if all of this is valid.`,
		Example: `  trailkeeper export --lake lake --since 2026-01-10 --until 2026-01-11 --format records --out incident.json.gz
  trailkeeper export --lake lake --principal alice --event-source iam.amazonaws.com | jq .eventName
  trailkeeper export --lake lake --event-id 0a1b2c3d-... --with-proof proof.tar --archive ./logs --keys keys.json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runExport(cmd.Context(), opts, s) },
	}
	opts.lake.addLakeFlag(cmd, s)
	f := cmd.Flags()
	opts.lake.limits.addLimitFlags(f)
	f.Var(choiceFlag(&opts.format, exportJSONL, exportRecords), "format", "of the output")
	f.StringVar(&opts.out, "out", "", "file to write (default standard output)")
	opts.proof.addFlags(f, s)
	opts.lake.addTimeFlags(cmd, s)
	for _, flag := range []struct{ name, column, member, usage string }{
		{"account", "account_id", "", "only events of this account"},
		{"region", "aws_region", "awsRegion", "only events of this Region"},
		{"event-name", "event_name", "eventName", "only events of this name, such as CreateUser"},
		{"event-source", "event_source", "eventSource", "only events of this service, such as iam.amazonaws.com"},
		{"event-id", "event_id", "eventID", "only the event with this id"},
		{"access-key", "identity_access_key_id", "", "only calls signed with this access key id"},
		{"source-ip", "source_ip_address", "sourceIPAddress", "only calls from this address"},
		{"error-code", "error_code", "errorCode", "only calls that failed with this error"},
	} {
		opts.columns = append(opts.columns, selection{flag.column, flag.member, f.StringSlice(flag.name, nil, flag.usage)})
	}
	f.StringArrayVar(&opts.who, "principal", nil, "only events of this actor: a principal of the view events, or a name, id, access key or ARN of it")
	f.BoolVar(&opts.failed, "failed", false, "only calls and sign-ins that failed")
	f.BoolVar(&opts.writes, "writes", false, "only calls that do not say that they only read")
	return cmd
}

// selected returns the selection of the options.
func (o *exportOptions) selected() search.Selection {
	s := search.Selection{Principals: o.who, Failed: o.failed}
	var where []*predicate.Predicate
	for _, wanted := range o.columns {
		switch {
		case len(*wanted.values) == 0:
		case wanted.member == "":
			s.Columns = append(s.Columns, search.ColumnValues{Column: wanted.column, Values: *wanted.values})
		default:
			where = append(where, predicate.Where(predicate.At(wanted.member), predicate.Equal(*wanted.values...)))
		}
	}
	if o.writes {
		where = append(where, predicate.Not(predicate.Where(predicate.At("readOnly"), predicate.IsTrue())))
	}
	if where != nil {
		s.Where = predicate.All(where...)
	}
	return s
}

func runExport(ctx context.Context, opts exportOptions, s *streams) error {
	if err := opts.lake.validate("export"); err != nil {
		return err
	}
	if slices.Contains(opts.who, "") {
		return outcome.Usage(errors.New("export: --principal is empty"))
	}
	if opts.proof.file != "" {
		if err := opts.proof.check(opts.out); err != nil {
			return misuse("export", err)
		}
	}
	ctx, cancel := opts.lake.limits.within(ctx)
	defer cancel()
	l, err := opts.lake.open(ctx)
	if err != nil {
		return err
	}
	if opts.proof.file != "" {
		err := exportProof(ctx, l, &opts, s)
		if err == nil {
			err = lakes.Complete(l, "export", s.err)
		}
		return errors.Join(opts.lake.limits.explain(err), l.Close())
	}
	count := int64(0)
	write := func(w io.Writer) error {
		records, err := l.Select(ctx, opts.selected())
		if err != nil {
			return err
		}
		defer records.Close()
		count, err = exportTo(w, records, opts.format)
		if err == nil && opts.out != "" {
			fmt.Fprintf(s.err, "%s events in %s\n", quantity.FormatCount(count), opts.out)
		}
		return err
	}
	if opts.out == "" {
		err = cli.CutShort(write(cli.WriterUntil(ctx, s.out)))
	} else {
		err = cli.WriteAside(opts.out, write)
	}
	if err == nil && count == 0 {
		lakes.SayWhyNothing(ctx, l, opts.lake.openWhole, opts.unanswered(), s.err)
	}
	if err == nil {
		err = lakes.Complete(l, "export", s.err)
	}
	return errors.Join(opts.lake.limits.explain(err), l.Close())
}

// unanswered describes the options for a search that found nothing.
func (o *exportOptions) unanswered() lakes.Unanswered {
	q := lakes.Unanswered{Timed: !o.lake.since.IsZero() || !o.lake.until.IsZero(), Names: map[string][]string{}}
	for _, wanted := range o.columns {
		if _, named := lakes.NamedColumns()[wanted.column]; named && len(*wanted.values) > 0 {
			q.Names[wanted.column] = *wanted.values
		}
	}
	return q
}

// exportTo writes every record and returns their number.
func exportTo(w io.Writer, records *lake.Records, format exportFormat) (count int64, err error) {
	out := bufio.NewWriterSize(w, 256<<10)
	before, between, after, none := "", "\n", "\n", ""
	if format == exportRecords {
		before, between, after, none = "{\"Records\":[\n", ",\n", "\n]}\n", "{\"Records\":[]}\n"
	}
	for line := []byte(nil); ; count++ {
		line, err = records.Append(append(line[:0], before...))
		if err != nil {
			break
		}
		if _, err := out.Write(line); err != nil {
			return count, err
		}
		before = between
	}
	if !errors.Is(err, io.EOF) {
		return count, err
	}
	if count == 0 {
		after = none
	}
	if _, err := out.WriteString(after); err != nil {
		return count, err
	}
	return count, out.Flush()
}
