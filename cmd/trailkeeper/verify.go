package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/s3archive"
	"github.com/cerpac/trailkeeper/internal/verify"
)

type verifyOptions struct {
	archiveOptions
	keys    keyOptions
	trails  []string // names or ARNs
	check   verify.Options
	days    int // of retention
	anchor  string
	known   []string // files with checkpoints
	signing signingOptions
	fixed   bool // nothing is added to the anchors: they are those of a bundle
	bundle  bundleOptions
	saw     func(verify.Result) // of each result, or nil
	like    validateLogsFlags
	verbose bool
	live    bool              // ask AWS how far the chains ought to reach
	bucket  *s3archive.Source // the archive, unless it is a folder
	notes   []string          // for the summary
	format  verifyFormat
}

// verifyFormat is how results are written.
type verifyFormat string

const (
	verifyText  verifyFormat = "text"
	verifyJSON  verifyFormat = "json"  // one document
	verifyJSONL verifyFormat = "jsonl" // the stream of messages itself
	verifyHTML  verifyFormat = "html"
	verifySARIF verifyFormat = "sarif"
)

func newVerifyCommand(s *streams) *cobra.Command {
	opts := verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify --archive PATH|s3://BUCKET/PREFIX [--keys FILE]",
		Short: "Check a log archive against its digests, offline",
		Long: `Verify the digest files of an archive and the log files that they list: every
chain (trail, account and Region) that is found, in one pass.

Each object ends in one state. Evidence against the archive is tampered or
missing; a failure to read is never taken for it. What is not valid is named,
with the reason; --verbose names everything. A copy of the archive is verified as
the bucket is, except for the newest digest of each chain if the copy lost the
metadata of the objects.

Public keys come from --keys and --key-store. For a bucket, those that are missing
are asked of CloudTrail, and kept in --key-store.

With --bundle FILE a file is written from which anybody can repeat the verification
of the digests, with this program or with openssl. Without --archive, --bundle FILE
repeats it. Log files are not in a bundle: --from-bundle FILE --archive COPY reads
them from a copy of the archive.

--live asks CloudTrail, in each Region that the archive names, when it delivered the
newest digest, and compares; and it reads the bucket's lifecycle rules, which explain
what is missing at the oldest end of a chain, unless --retention-days does. It needs
the credentials of the trail's account.

The exit code is 0 if all is valid, pending, or expired from the oldest end; 1 if
something is tampered with or missing; 3 if something could not be decided.`,
		Example: `  trailkeeper verify --archive ./logs --keys keys.json
  trailkeeper verify --archive s3://production-cerpac-cloudtrail-logs --key-store keys --since 30d
  trailkeeper verify --archive ./logs --keys keys.json --bundle proof.tar
  trailkeeper verify --bundle proof.tar
  trailkeeper verify --archive ./logs --keys keys.json --format jsonl | jq -c 'select(.state == "missing")'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := opts.like.carryOver(&opts, cmd.Flags()); err != nil {
				return misuse("verify", err)
			}
			if err := opts.bundle.choose(&opts, cmd.Flags().Changed("archive") || cmd.Flags().Changed("s3-bucket")); err != nil {
				return misuse("verify", err)
			}
			return runVerify(cmd.Context(), opts, s)
		},
	}
	f := cmd.Flags()
	addArchiveFlag(f, &opts.archive, "folder or s3://BUCKET/PREFIX to verify", s)
	f.StringVar(&opts.bundle.write, "bundle", "", "with --archive, new file for all that is needed to repeat the verification; without, file whose verification is repeated")
	f.StringVar(&opts.bundle.read, "from-bundle", "", "file whose verification is repeated; --archive then is a copy with the log files")
	opts.keys.addKeyFlags(f, "")
	f.StringSliceVar(&opts.trails, "trail", nil, "only chains of these trails, by name or ARN")
	f.StringSliceVar(&opts.check.Accounts, "account", nil, "only these accounts")
	f.StringSliceVar(&opts.check.Regions, "region", nil, "only these Regions")
	f.Var(timeFlag(&opts.check.Since, s.now), "since", "only what was delivered at or after this time")
	f.Var(timeFlag(&opts.check.Until, s.now), "until", "only what was delivered before this time, which the archive must reach")
	f.BoolVar(&opts.live, "live", false, "compare with what CloudTrail says it delivered, and with the bucket's lifecycle rules")
	f.IntVar(&opts.days, "retention-days", 0, "days for which objects are kept: a younger one cannot have expired")
	f.StringVar(&opts.anchor, "anchor", "", "folder with the log of what earlier runs saw, to compare with and to add to")
	f.StringArrayVar(&opts.known, "checkpoint", nil, "file with a checkpoint that the log in --anchor must continue; may be repeated")
	opts.signing.addFlags(f)
	f.BoolVar(&opts.check.DigestsOnly, "digests-only", false, "do not read the log files")
	f.BoolVar(&opts.verbose, "verbose", false, "name valid objects too")
	f.IntVar(&opts.check.Workers, "workers", 0, "objects read at once (default one per processor, 16 for S3)")
	opts.format = verifyText
	f.Var(choiceFlag(&opts.format, verifyText, verifyJSON, verifyJSONL, verifyHTML, verifySARIF), "format", "of the results")
	opts.addS3Flags(f)
	opts.like.add(f, s.now)
	return cmd
}

func (o *verifyOptions) validate() error {
	switch {
	case o.archive == "" && o.bundle.read == "":
		return missingFlag("archive", archiveVariable)
	case o.bundle.read == "" && o.keys.missing(&o.archiveOptions) != nil:
		return o.keys.missing(&o.archiveOptions)
	case o.live && !o.remote():
		return errors.New("--live needs the trail's bucket, s3://BUCKET/PREFIX, as --archive")
	case o.live && o.bundle.write != "":
		return errors.New("--bundle cannot repeat what --live asks: leave one of them out")
	case len(o.known) > 0 && o.anchor == "" && o.bundle.read == "":
		return errors.New("--checkpoint needs --anchor")
	case o.signing.check(o.anchor != "", o.bundle.read != "") != nil:
		return o.signing.check(o.anchor != "", o.bundle.read != "")
	case o.check.Workers < 0:
		return fmt.Errorf("--workers is %d, less than 0", o.check.Workers)
	case o.days < 0:
		return fmt.Errorf("--retention-days is %d, less than 0", o.days)
	case checkRange(o.check.Since, o.check.Until) != nil:
		return checkRange(o.check.Since, o.check.Until)
	}
	return nil
}

func runVerify(ctx context.Context, opts verifyOptions, s *streams) error {
	if err := opts.validate(); err != nil {
		return misuse("verify", err)
	}
	trails, err := parseTrails(opts.trails)
	if err != nil {
		return misuse("verify", err)
	}
	opts.check.Trails, opts.check.Now = trails, s.now()
	if opts.bundle.read != "" {
		return opts.repeat(ctx, s)
	}
	keys, err := opts.keys.of(&opts.archiveOptions)
	if err != nil {
		return outcome.CouldNotLook(err)
	}
	source, err := opts.open(ctx)
	if err != nil {
		return err
	}
	opts.check.Live = opts.remote()
	opts.check.Retention = time.Duration(opts.days) * 24 * time.Hour
	opts.bucket, _ = source.(*s3archive.Source)
	opts.askServices(ctx)
	opts.check.Workers = opts.workersOr(opts.check.Workers)
	if opts.bundle.write == "" {
		return opts.run(ctx, source, keys, s, nil)
	}
	packed, err := opts.newPacking(source)
	if err != nil {
		return err
	}
	opts.check.Stops = packed.keep(ctx)
	return errors.Join(opts.run(ctx, packed.recorded(), keys, s, packed), packed.Close())
}

// run verifies a source, and ends the bundle unless packed is nil.
func (o *verifyOptions) run(ctx context.Context, source verify.Source, keys *verify.Keys, s *streams, packed *packing) error {
	if o.anchor != "" {
		if err := o.openAnchors(); err != nil {
			return err
		}
		defer o.check.Anchors.Close()
	}
	out, err := o.results(s, keys)
	if err != nil {
		return err
	}
	bar := progress.New(s.err, "Verifying objects")
	sum, err := verify.Run(ctx, source, keys, o.check, func(r verify.Result) error {
		bar.Add(1)
		if o.saw != nil {
			o.saw(r)
		}
		if packed != nil {
			if err := packed.Result(r); err != nil {
				return err
			}
		}
		if r.State == verify.Valid && !o.verbose && o.format != verifyHTML {
			return nil
		}
		return out.Result(r)
	})
	bar.Done()
	if err != nil {
		return errors.Join(cli.CutShort(hinted(err)), out.Close(nil))
	}
	sum.Notes = append(append(sum.Notes, o.notes...), o.protection(ctx, sum)...)
	if err := out.Close(sum); err != nil {
		return err
	}
	err = o.addAnchors(sum, s.err)
	if err == nil && packed != nil {
		err = o.writeBundle(ctx, packed, sum, keys)
	}
	return errors.Join(err, o.judge(sum))
}

// parseTrails reads names and ARNs of trails.
func parseTrails(texts []string) (trails []verify.Trail, err error) {
	for _, text := range texts {
		t := verify.Trail{Name: text}
		if arn.Begins(text) {
			parsed, err := arn.Parse(text)
			name, ok := strings.CutPrefix(parsed.Resource, "trail/")
			if err != nil || !ok || parsed.Service != "cloudtrail" {
				return nil, fmt.Errorf("--trail %q is not the ARN of a trail", text)
			}
			t = verify.Trail{Name: name, HomeRegion: parsed.Region}
		}
		trails = append(trails, t)
	}
	return trails, nil
}

// judge turns the summary into the command's outcome.
func (o *verifyOptions) judge(sum *verify.Summary) error {
	n := func(state verify.State) string {
		return quantity.FormatCount(sum.Digests[state] + sum.LogFiles[state] + sum.Others[state])
	}
	switch {
	case sum.Bad():
		return outcome.BadEvidence(fmt.Errorf("verify archive %q: %s tampered, %s missing", o.archive, n(verify.Tampered), n(verify.Missing)))
	case sum.Unknown():
		return outcome.CouldNotLook(fmt.Errorf("verify archive %q: %s unverifiable, %s unreadable, %s denied, %s archived", o.archive,
			n(verify.Unverifiable), n(verify.Unreadable), n(verify.Denied), n(verify.Archived)))
	case sum.Digests.Total()+sum.LogFiles.Total() == 0:
		return outcome.CouldNotLook(outcome.WithHint(fmt.Errorf("verify archive %q: %w", o.archive, verify.ErrNoArchive),
			"name the folder or prefix above AWSLogs, and check --account, --region, --trail, --since and --until"))
	}
	return nil
}
