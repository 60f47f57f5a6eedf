package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/anchor"
	"github.com/cerpac/trailkeeper/internal/bundle"
	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/proof"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/search"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// proofOptions are those of export --with-proof.
type proofOptions struct {
	file string
	verifyOptions
}

// Bounds of a proof: it is for chosen events. A log file is held in memory.
const (
	maxProven   = 10_000    // events
	maxProofLog = 256 << 20 // bytes of a log file as it is stored
	maxRecord   = 16 << 20  // bytes of a record
)

func (o *proofOptions) addFlags(f *pflag.FlagSet, s *streams) {
	f.StringVar(&o.file, "with-proof", "", "new file for the events with what proves them: log files, digests, keys")
	addArchiveFlag(f, &o.archive, "with --with-proof, folder or s3://BUCKET/PREFIX with the log files and digests", s)
	o.keys.addKeyFlags(f, "with --with-proof, ")
	f.StringVar(&o.anchor, "anchor", "", "with --with-proof, folder with the log of anchors in which the chains of digests must end")
	f.StringArrayVar(&o.known, "checkpoint", nil, "with --with-proof, file with a checkpoint that the log in --anchor must continue; may be repeated")
	o.signing.addVerifierFlag(f)
	o.addS3Flags(f)
}

func (o *proofOptions) check(out string) error {
	switch _, err := os.Lstat(o.file); {
	case out != "":
		return errors.New("--out and --with-proof exclude each other")
	case err == nil:
		return outcome.WithHint(fmt.Errorf("--with-proof %q exists", o.file), "choose another name, or remove it")
	}
	return o.validate()
}

// proving is a proof that is put together.
type proving struct {
	opts   *proofOptions
	source archiveSource
	*bundle.Packer
	recorder *bundle.Recorder
	logs     map[string][]search.Place // by the column log_file
	names    []string                  // its keys, in order of their first event
	keys     []string                  // of the log files in the archive
	events   []bundle.Event
}

// exportProof writes the selected events with what proves them.
func exportProof(ctx context.Context, l *search.Lake, opts *exportOptions, s *streams) (err error) {
	places, err := l.Places(ctx, opts.selected(), maxProven)
	if many, ok := errors.AsType[*search.TooManyError](err); ok {
		return outcome.WithHint(outcome.CouldNotLook(fmt.Errorf("export --with-proof: %w", many)), "choose fewer by the flags that select events")
	}
	if err != nil {
		return err
	}
	if len(places) == 0 {
		lakes.SayWhyNothing(ctx, l, opts.lake.openWhole, opts.unanswered(), s.err)
		return outcome.CouldNotLook(errors.New("export --with-proof: no event is selected, so no proof is written"))
	}
	p := &proving{opts: &opts.proof, logs: map[string][]search.Place{}}
	if p.source, err = opts.proof.open(ctx); err != nil {
		return err
	}
	if p.Packer, err = bundle.NewPacker(""); err != nil {
		return outcome.CouldNotLook(err)
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	p.recorder = p.Record(p.source)
	if err := p.build(ctx, places, s); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s events of %s log files, with their proof, in %s\n", quantity.FormatCount(int64(len(p.events))),
		quantity.FormatCount(int64(len(p.keys))), opts.proof.file)
	return nil
}

func (p *proving) build(ctx context.Context, places []search.Place, s *streams) error {
	for _, place := range places {
		if p.logs[place.LogFile] == nil {
			p.names = append(p.names, place.LogFile)
		}
		p.logs[place.LogFile] = append(p.logs[place.LogFile], place)
	}
	bar := progress.New(s.err, "Reading log files")
	for _, name := range p.names {
		bar.Add(1)
		if err := p.addLog(ctx, name); err != nil {
			bar.Done()
			return err
		}
	}
	bar.Done()
	if err := p.AddEvents(p.events); err != nil {
		return outcome.CouldNotLook(err)
	}
	if p.opts.anchor != "" {
		if err := p.opts.openAnchors(); err != nil {
			return err
		}
		defer p.opts.verifyOptions.check.Anchors.Close()
	}
	if err := p.addDigests(ctx); err != nil {
		return outcome.CouldNotLook(fmt.Errorf("export --with-proof: %w", err))
	}
	return p.finish(ctx)
}

// addLog adds a log file of the lake, and its events.
func (p *proving) addLog(ctx context.Context, name string) error {
	key, content, err := p.readLog(ctx, name)
	if err != nil {
		return outcome.CouldNotLook(fmt.Errorf("export --with-proof: %w", err))
	}
	sum := sha256.Sum256(content)
	for _, place := range p.logs[name] {
		if found := hex.EncodeToString(sum[:]); place.SHA256 != "" && place.SHA256 != found {
			return outcome.BadEvidence(fmt.Errorf("log file %q differs from the one that was ingested: expected SHA-256 %s, found %s", key, place.SHA256, found))
		}
		e, err := eventAt(key, content, place)
		if err != nil {
			return outcome.CouldNotLook(fmt.Errorf("export --with-proof: event %q: %w", place.EventID, err))
		}
		p.events = append(p.events, e)
	}
	p.keys = append(p.keys, key)
	return outcome.CouldNotLook(p.recorder.Keep(ctx, key))
}

// readLog finds the log file of a name in the lake. The archive may be the one that
// was ingested, or a copy of it.
func (p *proving) readLog(ctx context.Context, name string) (key string, content []byte, err error) {
	if strings.Contains(name, "!") {
		return "", nil, fmt.Errorf("log file %q is inside another file, and not as CloudTrail delivered it", name)
	}
	key = name
	if rest, ok := strings.CutPrefix(name, "s3://"); ok {
		_, key, _ = strings.Cut(rest, "/")
	}
	keys := []string{key}
	if i := strings.Index(key, "AWSLogs/"); i > 0 {
		keys = append(keys, key[i:])
	}
	for _, key = range keys {
		if content, err = readObject(ctx, p.source, key); !errors.Is(err, os.ErrNotExist) {
			break
		}
	}
	return key, content, err
}

func readObject(ctx context.Context, source archive.Source, key string) ([]byte, error) {
	body, err := source.Open(ctx, archive.Object{Key: key})
	if err != nil {
		return nil, fmt.Errorf("open log file %q: %w", key, err)
	}
	defer body.Close()
	content, err := io.ReadAll(io.LimitReader(body, maxProofLog+1))
	if err != nil {
		return nil, fmt.Errorf("read log file %q: %w", key, err)
	}
	if len(content) > maxProofLog {
		return nil, fmt.Errorf("read log file %q: larger than %d bytes", key, maxProofLog)
	}
	return content, nil
}

// eventAt returns the record of an event as its log file has it.
func eventAt(key string, content []byte, place search.Place) (bundle.Event, error) {
	e := bundle.Event{ID: place.EventID, Log: key, Offset: place.Offset}
	if place.Offset < 0 {
		return e, outcome.WithHint(errors.New("the lake does not know its position in the log file"), "lake repair finds it in the archive")
	}
	text, err := bundle.TextAt(strings.NewReader(string(content)), place.Offset, maxRecord)
	if err != nil {
		return e, fmt.Errorf("log file %q: %w", key, err)
	}
	n, err := event.ValueEnd(text)
	if err != nil {
		return e, fmt.Errorf("log file %q: no record at %d: %w", key, place.Offset, err)
	}
	var record struct {
		EventID string `json:"eventID"`
	}
	if err := json.Unmarshal(text[:n], &record); err != nil || record.EventID != place.EventID {
		return e, fmt.Errorf("log file %q: another record at %d", key, place.Offset)
	}
	e.Record = text[:n]
	return e, nil
}

// addDigests adds the digests that prove the log files.
func (p *proving) addDigests(ctx context.Context) error {
	var anchors proof.Anchors
	if log := p.opts.verifyOptions.check.Anchors; log != nil {
		anchors = log
	}
	digests, err := proof.Chains(ctx, p.source, p.keys, anchors, p.opts.workersOr(0))
	if err != nil {
		return err
	}
	for _, o := range digests {
		body, _, err := p.recorder.Fetch(ctx, o)
		if err != nil {
			return fmt.Errorf("read digest: %w", err)
		}
		if err := body.Close(); err != nil {
			return fmt.Errorf("read digest: %w", err)
		}
	}
	return nil
}

// finish verifies what was put together, and writes it only if all of it is valid.
func (p *proving) finish(ctx context.Context) error {
	keys, err := p.opts.keys.of(&p.opts.archiveOptions)
	if err != nil {
		return outcome.CouldNotLook(err)
	}
	check := p.opts.verifyOptions.check
	check.Partial, check.Extract, check.Workers = true, true, p.opts.workersOr(0)
	view := p.View()
	valid := map[string]bool{}
	var wrong []verify.Result
	sum, err := verify.Run(ctx, view, keys, check, func(r verify.Result) error {
		if r.State == verify.Valid {
			valid[r.Key] = true
		} else if len(wrong) < 10 {
			wrong = append(wrong, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return notProven(sum, wrong)
	}
	if _, err := view.CheckEvents(ctx, func(key string) bool { return valid[key] }); err != nil {
		return outcome.CouldNotLook(fmt.Errorf("export --with-proof: %w", err))
	}
	if err := errors.Join(p.opts.addAnchorFiles(p.Packer), p.addAnchorPaths(sum.Heads)); err != nil {
		return err
	}
	info := p.opts.bundleInfo(sum)
	info.Kind = bundle.Proof
	if err := p.Finish(info, keys.List()); err != nil {
		return outcome.CouldNotLook(err)
	}
	return placeBundle(ctx, p.Packer, p.opts.file)
}

// addAnchorPaths adds what proves that the checkpoint covers the heads.
func (p *proving) addAnchorPaths(heads []anchor.Head) error {
	log := p.opts.verifyOptions.check.Anchors
	if log == nil {
		return nil
	}
	if stored, err := readCheckpoint(log.Path(), nil); err != nil || stored != log.Checkpoint() {
		return outcome.CouldNotLook(outcome.WithHint(errors.Join(fmt.Errorf("the checkpoint of anchor log %q is not of all its heads", p.opts.anchor), err),
			"trailkeeper verify --anchor writes it"))
	}
	var paths []bundle.AnchorPath
	for _, h := range heads {
		line, steps, _ := log.Inclusion(h.Bucket, h.Object)
		path := bundle.AnchorPath{At: h.Bucket + "/" + h.Object, Line: line}
		for _, s := range steps {
			side := "r:"
			if s.Left {
				side = "l:"
			}
			path.Steps = append(path.Steps, side+s.Hash.String())
		}
		paths = append(paths, path)
	}
	return outcome.CouldNotLook(p.AddAnchorPaths(paths))
}

// notProven is the error of events that cannot be proven.
func notProven(sum *verify.Summary, wrong []verify.Result) error {
	lines := make([]string, len(wrong))
	for i, r := range wrong {
		lines[i] = r.Line()
	}
	err := outcome.WithHint(fmt.Errorf("export --with-proof: what should prove the events is not valid, so no proof is written:\n%s", strings.Join(lines, "\n")),
		"trailkeeper verify tells more")
	if sum.Bad() {
		return outcome.BadEvidence(err)
	}
	return outcome.CouldNotLook(err)
}

// repeatProof verifies the digests and log files of a proof, and compares its events
// with them.
func (o *verifyOptions) repeatProof(ctx context.Context, b *bundle.Bundle, keys *verify.Keys, s *streams) error {
	o.check.Extract, o.check.DigestsOnly = true, false
	valid := map[string]bool{}
	o.saw = func(r verify.Result) {
		if r.Object == verify.LogFile && r.State == verify.Valid {
			valid[r.Key] = true
		}
	}
	if err := o.run(ctx, b, keys, s, nil); err != nil {
		return err
	}
	n, err := b.CheckEvents(ctx, func(key string) bool { return valid[key] })
	if err != nil {
		return bundleError(fmt.Errorf("verify bundle %q: %w", o.bundle.read, err))
	}
	fmt.Fprintf(s.err, "%s events are proven: each is in its log file, at its position\n", quantity.FormatCount(int64(n)))
	return nil
}
