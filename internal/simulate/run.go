package simulate

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/digest"
)

// SideFolder is the folder, inside the archive's, of the files that CloudTrail would
// not have written. Its name begins with an underscore, so that readers of the archive
// skip it.
const SideFolder = "_simulate"

// Names of the side files; docs/formats.md describes them.
const (
	GroundTruthFile    = "ground-truth.jsonl"
	ObjectMetadataFile = "object-metadata.jsonl"
	PublicKeysFile     = "public-keys.json"
	SummaryFile        = "summary.json"
)

// ErrNotEmpty reports that the output folder is not empty.
var ErrNotEmpty = errors.New("folder is not empty")

// Run writes the archive. It calls done for every finished shard with the total
// number of shards and the shard's number of events; done may be called
// concurrently, and may be nil.
//
// When ctx ends, or an error occurs, whole files may have been written and
// nothing is removed; there is no summary.json then.
func Run(ctx context.Context, o Options, done func(shards, events int)) (*Summary, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	w, err := newWorld(o)
	if err != nil {
		return nil, err
	}
	if err := prepareFolder(o.Out); err != nil {
		return nil, err
	}
	if done == nil {
		done = func(int, int) {}
	}
	r := newRun(w)
	if err := r.shards(ctx, done); err != nil {
		return nil, err
	}
	summary := r.summary()
	return summary, r.writeSideFiles(summary)
}

// newWorld generates everything that exists before the first event.
func newWorld(o Options) (*world, error) {
	p, err := loadPlaces(data)
	if err != nil {
		return nil, err
	}
	pools, err := loadPools(data)
	if err != nil {
		return nil, err
	}
	words := builtinWords()
	for word, fill := range identityWords() {
		words[word] = func([]string) (filler, error) { return fill, nil }
	}
	org := newOrganization(o, p, pools)
	if err := org.fillPools(words); err != nil {
		return nil, err
	}
	words = words.withPools(pools)
	if org.access, err = loadAccess(data, words); err != nil {
		return nil, err
	}
	w := &world{opts: o, org: org}
	return w, w.load(words)
}

// load reads the catalogue, the personas and the scenarios.
func (w *world) load(words vocabulary) error {
	var err error
	if w.kinds, err = loadKinds(data, words); err != nil {
		return err
	}
	if w.calls, err = loadCatalogue(data, words); err != nil {
		return err
	}
	personas, err := loadPersonas(data, words, w.kinds, w.calls)
	if err != nil {
		return err
	}
	if err := w.org.addActors(personas); err != nil {
		return err
	}
	if w.routines, err = loadScenarios(data, "routines", words, w.calls); err != nil {
		return err
	}
	if w.opts.Accounts < 2 {
		w.routines = slices.DeleteFunc(w.routines, (*scenario).needsPeer)
	}
	attacks, err := loadScenarios(data, "attacks", words, w.calls)
	if err != nil {
		return err
	}
	if w.attacks, err = choose(attacks, w.opts.Attacks, w.opts.Accounts); err != nil {
		return err
	}
	return w.planAttacks()
}

// prepareFolder creates the output folder, and rejects one that is not empty.
func prepareFolder(out string) error {
	entries, err := os.ReadDir(out)
	switch {
	case err == nil && len(entries) > 0:
		return fmt.Errorf("write to %q: %w", out, ErrNotEmpty)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write to %q: %w", out, withoutPath(err))
	}
	if err := os.MkdirAll(filepath.Join(out, SideFolder), 0o755); err != nil {
		return fmt.Errorf("write to %q: %w", out, withoutPath(err))
	}
	return nil
}

// withoutPath removes the operation and path, which the message already has.
func withoutPath(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// run is the state of one Run.
type run struct {
	world   *world
	root    string
	keys    *keyRing
	chains  map[[2]int]*chain // by account and Region
	workers int

	mu     sync.Mutex
	days   map[shardKey]Counts
	truths []sighting
}

func newRun(w *world) *run {
	r := &run{
		world: w, root: w.opts.Out, keys: newKeyRing(w.org.seed), chains: map[[2]int]*chain{},
		days: map[shardKey]Counts{}, workers: cmp.Or(w.opts.Workers, runtime.GOMAXPROCS(0)),
	}
	for _, a := range w.org.accounts {
		for _, g := range w.org.regions {
			spill := r.side(fmt.Sprintf("object-metadata-%s-%s.partial", a.id, g.name))
			r.chains[[2]int{a.index, g.index}] = newChain(w, r.root, r.keys, a, g, spill)
		}
	}
	return r
}

func (r *run) side(name string) string { return filepath.Join(r.root, SideFolder, name) }

// shards writes all shards in order of days, so that few files wait for their digest.
func (r *run) shards(ctx context.Context, done func(shards, events int)) error {
	o := &r.world.opts
	total := o.Days * o.Accounts * o.Regions
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(r.workers)
	for day := range o.Days {
		for a := range o.Accounts {
			for g := range o.Regions {
				group.Go(func() error {
					if running.Err() != nil {
						return running.Err()
					}
					n, err := r.shard(shardKey{a, g, day})
					done(total, n)
					return err
				})
			}
		}
	}
	return group.Wait()
}

// shard writes one shard and returns its number of events.
func (r *run) shard(key shardKey) (int, error) {
	sh, err := r.world.plan(key)
	if err != nil {
		return 0, err
	}
	d, err := r.world.deliver(r.root, sh)
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	r.days[key] = d.counts
	r.truths = append(r.truths, d.sightings...)
	r.mu.Unlock()
	return len(sh.events), r.chains[[2]int{key.account, key.region}].add(key.day, d.files)
}

func (r *run) summary() *Summary {
	w, o := r.world, &r.world.opts
	s := &Summary{
		Format: SummaryFormat,
		Options: SummaryOptions{o.Seed, o.Accounts, o.Regions, o.Days, o.EventsPerDay, o.Duplicates, o.Late,
			o.EventsPerFile, o.Organization, o.GzipLevel},
		Bucket: w.org.bucket, Trail: w.org.trail, Home: w.org.home.name, Org: w.org.folder(),
		First: o.Start.Format("2006-01-02"), Closing: formatTime(o.closing()), Attacks: []string{},
	}
	for _, st := range w.attacks {
		s.Attacks = append(s.Attacks, st.name)
	}
	for _, g := range w.org.regions {
		s.Regions = append(s.Regions, g.name)
	}
	for _, a := range w.org.accounts {
		s.Accounts = append(s.Accounts, SummaryAccount{a.id, a.name, w.org.trailARN(a)})
		for _, g := range w.org.regions {
			s.Chains = append(s.Chains, SummaryChain{a.id, g.name, r.chains[[2]int{a.index, g.index}].digests})
			for day := range o.Days {
				c := r.days[shardKey{a.index, g.index, day}]
				s.Days = append(s.Days, SummaryDay{a.id, g.name, o.Start.AddDate(0, 0, day).Format("2006-01-02"), c})
				s.Total.add(c)
			}
		}
	}
	return s
}

// writeSideFiles writes the side files, summary.json last: if it exists, the archive is
// complete.
func (r *run) writeSideFiles(s *Summary) error {
	for _, write := range []func() error{
		r.writeGroundTruth,
		r.writeObjectMetadata,
		func() error { return r.writeJSON(PublicKeysFile, digest.PublicKeyList{PublicKeyList: r.keys.list()}) },
		func() error { return r.writeJSON(SummaryFile, s) },
	} {
		if err := write(); err != nil {
			return fmt.Errorf("write side files: %w", err)
		}
	}
	return nil
}

func (r *run) writeJSON(name string, value any) error {
	b, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.side(name), append(b, '\n'), 0o644)
}

func (r *run) writeGroundTruth() error {
	slices.SortFunc(r.truths, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.event.attack, b.event.attack), cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id))
	})
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	for _, t := range r.truths {
		err := lines.Encode(GroundTruth{
			EventID: t.id, Attack: t.event.attack, Step: t.event.step, EventName: t.name,
			Account: t.account, Region: t.region, Time: formatTime(t.at), LogFile: t.key,
		})
		if err != nil {
			return err
		}
	}
	return os.WriteFile(r.side(GroundTruthFile), b.Bytes(), 0o644)
}

// writeObjectMetadata joins the metadata files of the chains.
func (r *run) writeObjectMetadata() error {
	f, err := os.Create(r.side(ObjectMetadataFile))
	if err != nil {
		return err
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	for _, a := range r.world.org.accounts {
		for _, g := range r.world.org.regions {
			if err := moveInto(out, r.chains[[2]int{a.index, g.index}].spill); err != nil {
				return err
			}
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func moveInto(out io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(out, f); err != nil {
		return err
	}
	return os.Remove(name)
}
