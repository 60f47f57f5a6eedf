package lake

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/event"
)

// Repair rebuilds damaged parts of a lake. Offer it the events of the log files
// that the lake was made from, then call Commit to store the missing ones.
type Repair struct {
	w     *Writer
	parts []*brokenPart
	hours map[int64][]*brokenPart // where events of an hour are missing
	files map[string]bool         // log files of damaged rows
	every bool                    // any log file may hold what is missing
}

// brokenPart is a damaged part that is being repaired.
type brokenPart struct {
	part    Part
	damage  []Damage
	sound   []soundRow
	noted   noted // events of the part that no row gives back and that have not been offered yet
	missing int   // number of events in noted
	found   []*Block
	never   string // why the part cannot be repaired, or ""
}

// soundRow is a row that still matches the identity of its event.
type soundRow struct {
	at place
	id Identity
}

// NewRepair checks the whole lake as [Lake.Check] does. It calls progress with
// the number of parts and the number of parts checked so far.
func (w *Writer) NewRepair(ctx context.Context, progress func(parts, done int)) (*Repair, error) {
	r := &Repair{w: w, hours: map[int64][]*brokenPart{}, files: map[string]bool{}}
	for i, p := range w.manifest.Parts {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		p.file = stored{w.store, p.published()}
		b := &brokenPart{part: p}
		c := newChecker(w.store, func(d Damage) { b.damage = append(b.damage, d) })
		c.sound = func(at place, id Identity) { b.sound = append(b.sound, soundRow{at, id}) }
		if err := c.part(ctx, p); err != nil {
			return nil, err
		}
		if len(b.damage) > 0 {
			if err := r.add(ctx, b, c); err != nil {
				return nil, err
			}
		}
		progress(len(w.manifest.Parts), i+1)
	}
	return r, nil
}

// add registers a part in which the checker found damage.
func (r *Repair) add(ctx context.Context, b *brokenPart, c *checker) error {
	r.parts = append(r.parts, b)
	if c.ids == nil {
		return r.addWithoutIDs(ctx, b)
	}
	named := 0
	for hour, hashes := range c.ids {
		r.hours[hour] = append(r.hours[hour], b)
		for _, ids := range hashes {
			b.missing += len(ids)
		}
	}
	for _, d := range b.damage {
		if d.LogFile != "" {
			r.files[d.LogFile] = true
			named++
		}
	}
	b.noted = c.ids
	r.every = r.every || named < b.missing
	return nil
}

// addWithoutIDs registers a part whose list of identities is damaged. The
// part's events are known then only if its checksums are intact.
func (r *Repair) addWithoutIDs(ctx context.Context, b *brokenPart) error {
	if len(b.damage) > 1 || b.part.Checksum == nil {
		b.never = "its list of identities is damaged, so nothing tells which events it had"
		return nil
	}
	if _, err := r.w.partIDs(ctx, b.part); err != nil {
		b.never = err.Error()
	}
	return nil
}

// Damage returns the damage found.
func (r *Repair) Damage() (all []Damage) {
	for _, b := range r.parts {
		all = append(all, b.damage...)
	}
	return all
}

// Missing returns how many events are still to be found.
func (r *Repair) Missing() (n int) {
	for _, b := range r.parts {
		n += b.missing
	}
	return n
}

// Files returns the sorted names of the log files that damaged rows were read
// from, as in the column log_file. every reports whether other files may hold
// missing events too.
func (r *Repair) Files() (names []string, every bool) {
	for name := range r.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, r.every
}

// Wants reports whether a log file, named without the members in it, may hold
// missing events.
func (r *Repair) Wants(file string) bool {
	if r.every || r.files[file] {
		return true
	}
	for name := range r.files {
		if strings.HasPrefix(name, file+"!") {
			return true
		}
	}
	return false
}

// Offer takes an event of a log file if it is missing.
func (r *Repair) Offer(rec *event.Record, at time.Time, from Source) {
	hour := Hour(at)
	for _, b := range r.hours[hour] {
		if _, ok := b.noted.take(hour, rec); ok {
			b.missing--
			b.take(rec, at, Identify(rec, from), from)
			return
		}
	}
}

// take adds an event that was found.
func (b *brokenPart) take(rec *event.Record, at time.Time, id Identity, from Source) {
	if n := len(b.found); n == 0 || b.found[n-1].Full() {
		b.found = append(b.found, NewBlock(nil))
	}
	b.found[len(b.found)-1].Append(rec, at, id, from)
}

// Commit replaces, in one commit, the parts whose events have all been found.
// It returns the damage that is left. A part that still misses events is not
// changed.
func (r *Repair) Commit(ctx context.Context) (left []Damage, err error) {
	w := r.w
	next, err := w.next()
	if err != nil {
		return nil, err
	}
	var added, gone []Part
	var drop []string
	for _, b := range r.parts {
		switch {
		case b.never != "":
			left = append(left, b.damage...)
			left = append(left, Damage{Part: b.part.published(), Cause: "not repaired: " + b.never})
			continue
		case b.missing > 0:
			left = append(left, b.damage...)
			left = append(left, Damage{Part: b.part.published(), Cause: fmt.Sprintf("not repaired: events that are not in the archive: %d", b.missing)})
			continue
		case b.noted == nil:
			continue // its identities were rebuilt
		}
		p, err := b.stage(ctx, w, fmt.Sprintf("part-%08d-%04d.parquet", next.Sequence, len(added)))
		if err != nil {
			return nil, w.abandon(ctx, err)
		}
		added, gone = append(added, p), append(gone, b.part)
		drop = append(drop, b.part.published(), idsPath(b.part.Name))
	}
	if len(added) == 0 {
		return left, nil
	}
	next.Parts = append(without(next.Parts, gone), added...)
	return left, w.replace(ctx, next, added, drop)
}

// stage writes the part that replaces a damaged one.
func (b *brokenPart) stage(ctx context.Context, w *Writer, name string) (Part, error) {
	blocks, hours := slices.Clone(b.found), hourSections(b.found)
	if len(b.sound) > 0 {
		// The damaged rows would not give what columns are derived from.
		read, err := readPart(ctx, b.part.file, b.part.Schema)
		if err != nil {
			return Part{}, err
		}
		for _, row := range b.sound {
			if n := len(blocks); n == len(b.found) || blocks[n-1].Full() {
				blocks = append(blocks, NewBlock(nil))
			}
			from := read[row.at.block]
			blocks[len(blocks)-1].copyRow(from, int(row.at.row))
			hour := Hour(time.UnixMicro(from.time[row.at.row]))
			hours[hour] = append(hours[hour], row.id)
		}
		if b.part.Schema < Schema {
			for _, block := range blocks[len(b.found):] {
				if err := block.derive(ctx); err != nil {
					return Part{}, fmt.Errorf("read part %q: %w", b.part.Path(), err)
				}
			}
		}
	}
	p, err := w.stagePart(ctx, Part{Name: name, Day: b.part.Day}, blocks, hours)
	if want := int64(hours.count()); err == nil && p.Rows != want {
		err = fmt.Errorf("%d rows but %d identities", p.Rows, want)
	}
	return p, err
}
