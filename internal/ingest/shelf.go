package ingest

import (
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/lake"
)

const daySeconds = 24 * 3600

// shelf gathers rows for the batch of its number. Workers share few shelves;
// taking the rows off them is what ends a batch.
type shelf struct {
	mu     sync.Mutex
	number int
	days   map[int64]*dayRows // by day since 1970
	size   int64
	added  lake.Totals
	hour   *hourIndex // of the last event
}

// dayRows are the rows of one day: full blocks, and the one being filled.
type dayRows struct {
	full []*lake.Block
	open *lake.Block
}

// put adds an event to the shelf unless it was met before, and returns what the
// index says of it and by how many bytes the shelf grew.
func (s *shelf) put(in *ingest, rec *event.Record, at time.Time, id lake.Identity, from lake.Source) (verdict, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The index is asked under the shelf's lock, so that an identity is marked
	// with the number of the batch its row goes to.
	if hour := lake.Hour(at); s.hour == nil || s.hour.number != hour {
		s.hour = in.index.hour(hour) // the next event is likely to be of the same hour
	}
	v, err := in.index.add(s.hour, id, s.number)
	if err != nil {
		return v, 0, err
	}
	switch v {
	case duplicate:
		s.added.Duplicates++
		return v, 0, nil
	case conflict:
		s.added.Conflicts++
	}
	s.added.Stored++
	day := s.day(in, dayNumber(at))
	grown := int64(day.open.Append(rec, at, id, from)) + identityCost
	s.size += grown
	if day.open.Full() {
		day.full = append(day.full, day.open)
		day.open = nil
	}
	return v, grown, nil
}

func dayNumber(at time.Time) int64 {
	return lake.Hour(at.Truncate(24*time.Hour)) / 24
}

func (s *shelf) day(in *ingest, n int64) *dayRows {
	day := s.days[n]
	if day == nil {
		day = &dayRows{}
		s.days[n] = day
	}
	if day.open == nil {
		day.open = in.blocks.get(day.full)
	}
	return day
}

// take empties the shelf into b and starts on the batch of the next number. It
// returns what was counted since it was last emptied.
func (s *shelf) take(b *batch, next int) lake.Totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, rows := range s.days {
		day := time.Unix(n*daySeconds, 0).UTC().Format(time.DateOnly)
		b.Days[day] = append(b.Days[day], rows.full...)
		if rows.open != nil && rows.open.Rows() > 0 {
			b.Days[day] = append(b.Days[day], rows.open)
		}
	}
	b.size += s.size
	added := s.added
	s.days = map[int64]*dayRows{}
	s.size, s.added, s.number = 0, lake.Totals{}, next
	return added
}

// finish notes that a file need not be read again. All its rows are on the
// shelves, or already gone from them. log says that it is a log file.
func (in *ingest) finish(o archive.Object, log bool) {
	shard, id := in.files.entry(o)
	in.doneMu.Lock()
	defer in.doneMu.Unlock()
	if log {
		in.logs++
	}
	in.done[shard] = append(in.done[shard], id)
}

// rotate takes a batch off the shelves and hands it to the writer, waiting
// until the one before is written. Unless last, it does so only when there is
// enough for one: of several workers that find a batch full, one rotates.
func (in *ingest) rotate(last bool) {
	in.rotating.Lock()
	defer in.rotating.Unlock()
	if !last && in.held.Load() < in.full {
		return
	}
	b := batch{Batch: lake.Batch{Days: map[string][]*lake.Block{}}, number: in.number}
	// First the files, then the rows: a file that is named in the commit has all
	// its rows in it or in an earlier one.
	in.doneMu.Lock()
	b.Sources, in.done = in.done, map[string][]lake.Identity{}
	b.Added.Files, in.logs = in.logs, 0
	in.doneMu.Unlock()
	in.number++
	for _, s := range in.shelves {
		added := s.take(&b, in.number)
		in.report.gathered(added)
		b.Added = b.Added.Plus(added)
	}
	refused := int64(0)
	b.Quarantine, refused = in.refuse.take()
	b.Added.Rejected += refused
	b.size += int64(len(b.Quarantine))
	in.held.Add(-b.size)
	if len(b.Days) > 0 || len(b.Sources) > 0 || len(b.Quarantine) > 0 {
		in.batches <- b
	}
}

// write commits batches until there are no more. After an error it calls stop
// and only drains them, so that nobody waits for a writer that has given up.
func (in *ingest) write(stop func(error)) (err error) {
	for b := range in.batches {
		if err != nil {
			continue
		}
		if err = in.writer.Commit(b.Batch); err != nil {
			stop(err)
			continue
		}
		in.report.committed(b.Added)
		in.index.committed(b.number)
		for _, blocks := range b.Days {
			in.blocks.put(blocks)
		}
	}
	return err
}

// blockPool keeps full-grown blocks for the next batch.
type blockPool struct {
	mu   sync.Mutex
	free []*lake.Block
}

// get returns an empty block for a day that has filled some already. Where
// there are such, the new one is as large from the start; days of few, late
// events get one that grows.
func (p *blockPool) get(full []*lake.Block) *lake.Block {
	if len(full) == 0 {
		return lake.NewBlock(nil)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	return lake.NewBlock(full[len(full)-1])
}

func (p *blockPool) put(blocks []*lake.Block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range blocks {
		if b.Full() {
			b.Reset()
			p.free = append(p.free, b)
		}
	}
}
