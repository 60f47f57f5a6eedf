package ingest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/lake"
)

const daySeconds = 24 * 3600

// buffer collects rows for the batch with its number. Workers share a few
// buffers; taking their rows ends a batch.
type buffer struct {
	mu     sync.Mutex
	number int
	days   map[int64]*dayRows // by day since 1970
	size   int64
	added  counts
	hour   *hourIndex // of the last event
	begun  []*begun   // files being read into the buffer
	left   []*begun   // files that were not read to their end and are not recorded yet
}

// counts are of the events put into a buffer.
type counts struct {
	lake.Totals
	resumed int64 // already known, and counted by the run that began their file
}

// begun is a file of which events are in the buffer or were taken from it.
type begun struct {
	job
	read  int64 // events so far
	noted int64 // number of these in a commit, done or in progress
	met   bool  // some were in the lake or in the buffers before
}

// begin notes that a file is being read into the buffer.
func (s *buffer) begin(j job) *begun {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &begun{job: j, noted: j.counted}
	s.begun = append(s.begun, b)
	return b
}

// leave records that nobody reads a file any more. If it was not finished, the
// next commit records how far it was read.
func (s *buffer) leave(file *begun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drop(file) && file.read > file.noted {
		s.left = append(s.left, file)
	}
}

// drop removes a file from those being read and reports whether it was among
// them. The caller holds the buffer.
func (s *buffer) drop(file *begun) bool {
	i := slices.Index(s.begun, file)
	if i < 0 {
		return false
	}
	s.begun = slices.Delete(s.begun, i, i+1)
	return true
}

// dayRows are the rows of one day: full blocks, and the one being filled.
type dayRows struct {
	full []*lake.Block
	open *lake.Block
}

// put adds an event to the buffer unless it is a duplicate. It returns the
// verdict of the index and the number of bytes by which the buffer grew.
func (s *buffer) put(ctx context.Context, in *ingest, file *begun, rec *event.Record, at time.Time, id lake.Identity, from lake.Source) (verdict, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The index is asked under the buffer's lock, so that an identity is marked
	// with the number of the batch that its row belongs to.
	if hour := lake.Hour(at); s.hour == nil || s.hour.number != hour {
		s.hour = in.index.hour(hour) // the next event is likely to be of the same hour
	}
	v, err := in.index.add(ctx, s.hour, id, s.number)
	if err != nil {
		return v, 0, err
	}
	file.read++
	file.met = file.met || v == duplicate
	switch {
	case v == duplicate && file.read <= file.counted:
		s.added.resumed++
		return v, 0, nil
	case v == duplicate:
		s.added.Duplicates++
		return v, 0, nil
	case v == conflict:
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

func (s *buffer) day(in *ingest, n int64) *dayRows {
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

// take moves the content of the buffer into b and starts the batch with the
// next number. It returns the counts since the buffer was last emptied. The
// caller holds the buffer.
func (s *buffer) take(b *batch, next int) counts {
	for n, rows := range s.days {
		day := time.Unix(n*daySeconds, 0).UTC().Format(time.DateOnly)
		b.Days[day] = append(b.Days[day], rows.full...)
		if rows.open != nil && rows.open.Rows() > 0 {
			b.Days[day] = append(b.Days[day], rows.open)
		}
	}
	for _, file := range slices.Concat(s.begun, s.left) {
		if file.read > file.noted {
			b.Sources[file.shard] = append(b.Sources[file.shard], lake.LogFile{Identity: file.id, Begun: file.read})
			file.noted = file.read
		}
	}
	s.left = nil
	b.size += s.size
	added := s.added
	s.days = map[int64]*dayRows{}
	s.size, s.added, s.number = 0, counts{}, next
	return added
}

// finish records that a file need not be read again: all its rows are in the
// buffer, or already taken from it. log reports whether it is a log file.
func (in *ingest) finish(s *buffer, file *begun, log bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(file)
	in.doneMu.Lock()
	defer in.doneMu.Unlock()
	if log && !file.again {
		in.logs++
	}
	if in.attests.keep(file) {
		return
	}
	in.done[file.shard] = append(in.done[file.shard], lake.LogFile{Identity: file.id})
}

// rotate takes a batch from the buffers and hands it to the writer; it waits
// until the previous batch is written. Unless last, it does so only when the
// batch is full: if several workers find it full, only one rotates.
func (in *ingest) rotate(last bool) {
	in.rotating.Lock()
	defer in.rotating.Unlock()
	if !last && in.held.Load() < in.full {
		return
	}
	b, added := in.take()
	b.counts, b.Added = added, b.Added.Plus(added.Totals)
	refused := int64(0)
	b.Quarantine, refused = in.refuse.take()
	b.Added.Rejected += refused
	b.size += int64(len(b.Quarantine))
	in.held.Add(-b.size)
	if len(b.Days) > 0 || len(b.Sources) > 0 || len(b.Quarantine) > 0 {
		in.batches <- b
		return
	}
	in.report.gathered(added)
}

// take empties all buffers at one moment. So a batch holds a prefix of each
// file's events, and a duplicate is of an event in its own batch or an earlier
// one: the counts of a commit stay correct if no later commit happens.
func (in *ingest) take() (b batch, added counts) {
	for _, s := range in.buffers {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	in.doneMu.Lock()
	defer in.doneMu.Unlock()
	b = batch{Batch: lake.Batch{Days: map[string][]*lake.Block{}, Sources: in.done}, number: in.number}
	b.Added.Files = in.logs
	in.done, in.logs = map[string][]lake.LogFile{}, 0
	in.number++
	for _, s := range in.buffers {
		of := s.take(&b, in.number)
		added.Totals = added.Plus(of.Totals)
		added.resumed += of.resumed
	}
	return b, added
}

// write commits batches until there are no more. After an error it calls stop
// and drains the remaining batches, so that nobody blocks on a stopped writer.
func (in *ingest) write(ctx context.Context, stop func(error)) (err error) {
	for b := range in.batches {
		if err != nil {
			continue
		}
		if err = in.writer.Commit(ctx, b.Batch); err != nil {
			stop(err)
			continue
		}
		in.report.gathered(b.counts)
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

// get returns an empty block for a day. If the day has filled blocks already,
// the new one has their size from the start; otherwise it grows.
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
