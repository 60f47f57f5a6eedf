package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/internal/bundle"
	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/scratch"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// bundleOptions say which bundle a verification writes or repeats.
type bundleOptions struct {
	write, read string
}

// choose tells apart the two uses of --bundle: with an archive it names the file to
// write, without one the file to read. --from-bundle is always read, and an archive
// then is a copy with the log files.
func (b *bundleOptions) choose(o *verifyOptions, archiveGiven bool) error {
	switch {
	case b.write != "" && b.read != "":
		return errors.New("--bundle and --from-bundle exclude each other")
	case b.read != "" && !archiveGiven:
		o.archive = "" // not the one of the environment
	case b.write != "" && !archiveGiven:
		b.read, b.write, o.archive = b.write, "", ""
	case b.write != "":
		if _, err := os.Lstat(b.write); err == nil {
			return outcome.WithHint(fmt.Errorf("--bundle %q exists", b.write), "choose another name, or remove it; leave out --archive to repeat its verification")
		}
	}
	return nil
}

// packing is a bundle that a verification writes.
type packing struct {
	*bundle.Packer
	source  *bundle.Recorder
	results []verifyResults

	mu     sync.Mutex
	failed error // of adding a log file
}

// newPacking begins a bundle.
func (o *verifyOptions) newPacking(source archiveSource) (_ *packing, err error) {
	p := &packing{}
	if p.Packer, err = bundle.NewPacker(""); err != nil {
		return nil, outcome.CouldNotLook(err)
	}
	p.source = p.Record(source)
	lines, err := p.Create(bundle.ResultName)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	stream, err := p.Create(bundle.FindingsName)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.results = []verifyResults{closing{verifyLines{lines}, lines}, closing{verifyDocuments{json.NewEncoder(stream)}, stream}}
	return p, nil
}

// verifyDocuments writes results as they are, one JSON object per line. Unlike a
// stream of findings it does not tell when it was written.
type verifyDocuments struct{ to *json.Encoder }

func (d verifyDocuments) Result(r verify.Result) error {
	return d.to.Encode(map[string]verify.Result{"result": r})
}

func (d verifyDocuments) Close(sum *verify.Summary) error {
	return d.to.Encode(map[string]*verify.Summary{"summary": sum})
}

// closing closes what results are written to.
type closing struct {
	verifyResults
	to io.Closer
}

func (c closing) Close(sum *verify.Summary) error {
	return errors.Join(c.verifyResults.Close(sum), c.to.Close())
}

// versioned is a source whose objects have versions.
type versioned interface {
	verify.Versions
	verify.Restorer
}

// recorded returns the source, with the versions of its objects if it has them.
func (p *packing) recorded() verify.Source {
	if versions, ok := p.source.Source.(versioned); ok {
		return recordedVersions{p.source, versions}
	}
	return p.source
}

type recordedVersions struct {
	*bundle.Recorder
	versioned
}

// keep adds a log file that explains a pause of a chain.
func (p *packing) keep(ctx context.Context) func(key string) {
	return func(key string) {
		err := p.source.Keep(ctx, key)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.failed = errors.Join(p.failed, err)
	}
}

func (p *packing) Result(r verify.Result) (err error) {
	if r.State == verify.Valid {
		return nil
	}
	for _, to := range p.results {
		err = errors.Join(err, to.Result(r))
	}
	return err
}

// writeBundle ends the bundle and puts it in its place.
func (o *verifyOptions) writeBundle(ctx context.Context, p *packing, sum *verify.Summary, keys *verify.Keys) error {
	err := p.failed
	for _, to := range p.results {
		err = errors.Join(err, to.Close(sum))
	}
	if err != nil {
		return err
	}
	if err := o.addAnchorFiles(p.Packer); err != nil {
		return err
	}
	if err := p.Finish(o.bundleInfo(sum), keys.List()); err != nil {
		return err
	}
	return placeBundle(ctx, p.Packer, o.bundle.write)
}

// placeBundle writes a bundle to a file that must not exist.
func placeBundle(ctx context.Context, p *bundle.Packer, path string) error {
	if err := p.Place(ctx, path); err != nil {
		return outcome.CouldNotLook(cli.SayKept(err, "no bundle is written"))
	}
	return nil
}

func (o *verifyOptions) bundleInfo(sum *verify.Summary) bundle.Info {
	info := bundle.Info{
		Kind: bundle.Verification, Program: "trailkeeper " + moduleVersion(), Archive: o.archive,
		Accounts: o.check.Accounts, Regions: o.check.Regions, Trails: o.trails,
		Since: o.check.Since, Until: o.check.Until, Live: o.check.Live, RetentionDays: o.days,
		Digests: counted(sum.Digests), LogFiles: counted(sum.LogFiles),
	}
	if info.Live || info.RetentionDays > 0 {
		info.Now = o.check.Now.UTC()
	}
	return info
}

func counted(counts verify.Counts) map[string]int64 {
	byState := map[string]int64{}
	for state, n := range counts {
		byState[string(state)] = n
	}
	return byState
}

// addAnchorFiles adds the log of anchors and the checkpoints that were given.
func (o *verifyOptions) addAnchorFiles(p *bundle.Packer) error {
	if o.anchor == "" {
		return nil
	}
	for _, name := range []string{bundle.HeadsName, bundle.CheckpointName} {
		text, err := os.ReadFile(filepath.Join(o.anchor, filepath.Base(name)))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = p.Add(name, text)
		}
		if err != nil {
			return outcome.CouldNotLook(err)
		}
	}
	for i, path := range o.known {
		text, err := os.ReadFile(path)
		if err == nil {
			err = p.Add(fmt.Sprintf("%s%d", bundle.GivenName, i+1), text)
		}
		if err != nil {
			return outcome.CouldNotLook(err)
		}
	}
	return nil
}

// repeat repeats the verification of a bundle.
func (o *verifyOptions) repeat(ctx context.Context, s *streams) (err error) {
	b, err := bundle.Open(ctx, o.bundle.read)
	if err != nil {
		return bundleError(err)
	}
	defer b.Close()
	keys, err := o.bundleKeys(b, s.err)
	if err != nil {
		return outcome.CouldNotLook(err)
	}
	copied := o.archive
	if copied != "" {
		logs, err := o.open(ctx)
		if err != nil {
			return err
		}
		b.UseLogs(logs)
	}
	if err := o.recall(b.Info); err != nil {
		return err
	}
	o.archive = o.bundle.read
	o.check.Partial = copied == ""
	o.check.Workers = o.workersOr(o.check.Workers)
	if o.anchor == "" {
		dir, err := scratch.New("")
		if err != nil {
			return outcome.CouldNotLook(err)
		}
		defer func() { err = errors.Join(err, dir.Remove()) }()
		log := filepath.Join(dir.Path(), "anchors") // whose lock has the name of the folder's own
		if err := os.Mkdir(log, 0o700); err != nil {
			return outcome.CouldNotLook(err)
		}
		if o.anchor, err = o.unpackAnchors(b, log); err != nil {
			return outcome.CouldNotLook(err)
		}
	}
	if b.Info.Kind == bundle.Proof {
		return o.repeatProof(ctx, b, keys, s)
	}
	return o.run(ctx, b, keys, s, nil)
}

// bundleError tells damage from failures to read.
func bundleError(err error) error {
	if _, damaged := errors.AsType[*bundle.DamagedError](err); damaged {
		return outcome.BadEvidence(err)
	}
	if errors.Is(err, os.ErrNotExist) {
		err = outcome.WithHint(err, "give --archive on the command line to write a bundle")
	}
	return outcome.CouldNotLook(err)
}

// bundleKeys returns the keys that are given, or those of the bundle if there are
// none.
func (o *verifyOptions) bundleKeys(b *bundle.Bundle, stderr io.Writer) (*verify.Keys, error) {
	if o.keys.given() {
		return o.keys.known()
	}
	list, err := b.Keys()
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		fmt.Fprintf(stderr, "public key %s is taken from the bundle; --keys FILE or --key-store DIR takes those of AWS\n", k.Fingerprint)
	}
	return verify.NewKeys(list), nil
}

// recall takes the options of the verification that a bundle is of, except for those
// that are given.
func (o *verifyOptions) recall(info bundle.Info) (err error) {
	if len(o.trails) == 0 {
		if o.check.Trails, err = parseTrails(info.Trails); err != nil {
			return outcome.CouldNotLook(fmt.Errorf("read bundle: %w", err))
		}
	}
	if len(o.check.Accounts) == 0 {
		o.check.Accounts = info.Accounts
	}
	if len(o.check.Regions) == 0 {
		o.check.Regions = info.Regions
	}
	if o.check.Since.IsZero() {
		o.check.Since = info.Since
	}
	if o.check.Until.IsZero() {
		o.check.Until = info.Until
	}
	if o.days == 0 {
		o.days = info.RetentionDays
	}
	o.check.Live = info.Live
	if !info.Now.IsZero() {
		o.check.Now = info.Now
	}
	o.check.Retention = time.Duration(o.days) * 24 * time.Hour
	return nil
}

// unpackAnchors unpacks the log of anchors into a folder, and adds the checkpoints
// to those that the log must continue. It returns "" if there is no log.
func (o *verifyOptions) unpackAnchors(b *bundle.Bundle, dir string) (string, error) {
	for i := 1; ; i++ {
		text, ok, err := b.Text(fmt.Sprintf("%s%d", bundle.GivenName, i))
		if err != nil {
			return "", err
		}
		if !ok {
			break
		}
		path := filepath.Join(dir, fmt.Sprintf("given-%d", i))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return "", err
		}
		o.known = append(o.known, path)
	}
	found := false
	for _, name := range []string{bundle.HeadsName, bundle.CheckpointName} {
		text, ok, err := b.Text(name)
		if err != nil {
			return "", err
		}
		if !ok {
			continue
		}
		found = true
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), text, 0o600); err != nil {
			return "", err
		}
	}
	if !found {
		return "", nil
	}
	o.fixed = true
	return dir, nil
}
