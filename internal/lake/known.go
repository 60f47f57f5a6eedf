package lake

import (
	"context"
	"errors"
	"sync"
	"time"
)

// maxOpenIDs is the maximum number of identity files that stay open between two
// commits.
const maxOpenIDs = 128

// openFiles keeps identity files open: an event delivered late is looked up in
// the file itself, and the next one is likely to be of the same day.
type openFiles struct {
	mu      sync.Mutex
	files   map[string]*idsFile // by name
	retired []*idsFile          // replaced by a new file, and perhaps still being read
}

// get returns a file, which stays open when ctx ends.
func (o *openFiles) get(ctx context.Context, list stored) (*idsFile, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f := o.files[list.name]; f != nil {
		return f, nil
	}
	f, err := openIDs(context.WithoutCancel(ctx), list)
	if err != nil {
		return nil, err
	}
	if o.files == nil {
		o.files = map[string]*idsFile{}
	}
	o.files[list.name] = f
	return f, nil
}

// retire makes the next request for the file open it again.
func (o *openFiles) retire(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f := o.files[name]; f != nil {
		o.retired = append(o.retired, f)
		delete(o.files, name)
	}
}

// close closes all files. No reads may be in progress.
func (o *openFiles) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var err error
	for name, f := range o.files {
		err = errors.Join(err, f.f.Close())
		delete(o.files, name)
	}
	for _, f := range o.retired {
		err = errors.Join(err, f.f.Close())
	}
	o.retired = nil
	return err
}

func (o *openFiles) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.files)
}

// Hour returns the number of the hour of a time, counted from 1970.
func Hour(t time.Time) int64 {
	seconds := t.Unix()
	if seconds < 0 {
		seconds -= 3599 // round down: the division rounds towards zero
	}
	return seconds / 3600
}

// Count returns the number of events in an hour of the lake.
func (w *Writer) Count(ctx context.Context, hour int64) (n int64, err error) {
	err = w.eachIDs(ctx, hour, func(f *idsFile) error {
		n += f.sections[hour].count
		return nil
	})
	return n, err
}

// Existing calls add for the identity of every event of an hour. It may repeat
// some when it had to rebuild a list.
func (w *Writer) Existing(ctx context.Context, hour int64, add func(Identity)) error {
	return w.eachIDs(ctx, hour, func(f *idsFile) error { return f.each(hour, add) })
}

// Find calls add for the identity of every event of an hour that has the ID. It
// does a few small reads for each part of the day.
func (w *Writer) Find(ctx context.Context, hour int64, id [16]byte, add func(Identity)) error {
	return w.eachIDs(ctx, hour, func(f *idsFile) error { return f.find(hour, id, add) })
}

// eachIDs calls do for the identity file of every part of the hour's day.
func (w *Writer) eachIDs(ctx context.Context, hour int64, do func(*idsFile) error) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, p := range w.byDay[time.Unix(hour*3600, 0).UTC().Format(dayLayout)] {
		if err := w.withIDs(ctx, p, do); err != nil {
			return err
		}
	}
	return nil
}

// partIDs returns the identities of a part.
func (w *Writer) partIDs(ctx context.Context, p Part) (all sections, err error) {
	err = w.withIDs(ctx, p, func(f *idsFile) error {
		all = sections{}
		for hour, s := range f.sections {
			list := make([]Identity, 0, s.count)
			if err := f.each(hour, func(id Identity) { list = append(list, id) }); err != nil {
				return err
			}
			all[hour] = list
		}
		return nil
	})
	return all, err
}

// use makes m the current manifest. The caller holds mu, or is the only one
// with access to the Writer.
func (w *Writer) use(m *manifest) error {
	w.manifest = m
	w.byDay = map[string][]Part{}
	for _, p := range m.Parts {
		w.byDay[p.Day] = append(w.byDay[p.Day], p)
	}
	if w.ids.len() > maxOpenIDs {
		return w.ids.close()
	}
	return nil
}
