package simulate

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/durable"
)

// logFile is a delivered file, with what its digest contains.
type logFile struct {
	key            string
	delivered      int64
	hash           [sha256.Size]byte // of the uncompressed content
	oldest, newest int64             // event times
}

// sighting is the log file and position at which an event of a scenario was written.
type sighting struct {
	event           *scenarioEvent
	id, name        string
	account, region string
	key             string // of the log file
	at              int64
}

// delivery writes the files of one shard.
type delivery struct {
	world   *world
	shard   *shard
	writer  *writer
	root    string
	zip     *gzip.Writer
	raw     []byte
	packed  bytes.Buffer
	folders map[string]bool
	names   stream

	fileOf    []int32 // 1 + number of the file each event is in
	postponed []int32 // copies that must not share a file with their original
	number    int32
	files     []logFile
	sightings []sighting
	counts    Counts
}

// deliver writes sh below root.
func (w *world) deliver(root string, sh *shard) (*delivery, error) {
	zip, err := gzip.NewWriterLevel(nil, w.opts.GzipLevel)
	if err != nil {
		return nil, fmt.Errorf("compress log files: %w", err)
	}
	d := &delivery{
		world: w, shard: sh, root: root, zip: zip, folders: map[string]bool{},
		writer: newWriter(w.org, sh.account, sh.region),
		names:  newStream(deriveN(derive(w.org.seed, sh.account.id, sh.region.name, "names"), int64(sh.day))),
		fileOf: make([]int32, len(sh.events)),
	}
	for _, kind := range []archive.Kind{archive.Logs, archive.Insight, archive.NetworkActivity} {
		if err := d.deliverKind(kind); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// kindOf returns the folder of a call's events.
func kindOf(c *call) archive.Kind {
	switch c.category {
	case "Insight":
		return archive.Insight
	case "NetworkActivity":
		return archive.NetworkActivity
	}
	return archive.Logs
}

func (d *delivery) deliverKind(kind archive.Kind) error {
	var indexes []int32
	for i := range d.shard.events {
		if kindOf(d.shard.events[i].call) == kind {
			indexes = append(indexes, int32(i))
		}
	}
	var err error
	if d.world.opts.EventsPerFile > 0 {
		err = d.deliverEvenly(kind, indexes)
	} else {
		err = d.deliverBySlot(kind, indexes)
	}
	if err != nil || len(d.postponed) == 0 {
		return err
	}
	last := d.postponed
	d.postponed = nil
	slot := d.shard.events[last[len(last)-1]].slot
	return d.writeFile(kind, slot+interval, last)
}

// deliverEvenly writes the same number of events to every file but the last.
func (d *delivery) deliverEvenly(kind archive.Kind, indexes []int32) error {
	size := d.world.opts.EventsPerFile
	for len(indexes) > 0 {
		var batch []int32
		d.number++
		for len(batch) < size && len(indexes) > 0 {
			batch = d.place(batch, indexes[0])
			indexes = indexes[1:]
		}
		slot := int64(0)
		for _, i := range batch {
			slot = max(slot, d.shard.events[i].slot)
		}
		if err := d.writeFile(kind, slot, batch); err != nil {
			return err
		}
	}
	return nil
}

// deliverBySlot writes events with the same delivery time into one file, or into
// several if there are many.
func (d *delivery) deliverBySlot(kind archive.Kind, indexes []int32) error {
	for len(indexes) > 0 {
		slot := d.shard.events[indexes[0]].slot
		n := 1
		for n < len(indexes) && d.shard.events[indexes[n]].slot == slot {
			n++
		}
		if err := d.deliverSlot(kind, slot, indexes[:n]); err != nil {
			return err
		}
		indexes = indexes[n:]
	}
	return nil
}

func (d *delivery) deliverSlot(kind archive.Kind, slot int64, indexes []int32) error {
	size := d.names.between(40, 260)
	files := (len(indexes) + size - 1) / size
	batches := make([][]int32, files)
	for _, i := range indexes {
		f := int(mix(d.shard.events[i].key) % uint64(files))
		batches[f] = append(batches[f], i)
	}
	for f, wanted := range batches {
		var batch []int32
		d.number++
		for _, i := range wanted {
			batch = d.place(batch, i)
		}
		if len(batch) == 0 {
			continue
		}
		if err := d.writeFile(kind, slot+int64(f*7%200), batch); err != nil {
			return err
		}
	}
	return nil
}

// place adds event i to the current file, after the postponed copies, or postpones it
// too.
func (d *delivery) place(batch []int32, i int32) []int32 {
	waiting := append(d.postponed, i)
	d.postponed = nil
	for _, i := range waiting {
		if original := d.shard.events[i].copyOf; original > 0 && d.fileOf[original-1] == d.number {
			d.postponed = append(d.postponed, i)
			continue
		}
		d.fileOf[i] = d.number
		batch = append(batch, i)
	}
	return batch
}

// writeFile formats, compresses and stores one log file.
func (d *delivery) writeFile(kind archive.Kind, at int64, batch []int32) error {
	delivered := time.Unix(at, 0).UTC()
	key := archive.Key{
		Organization: d.world.org.folder(), Account: d.shard.account.id, Kind: kind, Region: d.shard.region.name,
		Delivered: delivered, Unique: string(d.names.letters(nil, 16, alnumSet)),
	}.String()
	f := logFile{key: key, delivered: at}
	d.raw = append(d.raw[:0], `{"Records":[`...)
	for n, i := range batch {
		e := &d.shard.events[i]
		if n > 0 {
			d.raw = append(d.raw, ',')
		}
		d.raw = d.writer.append(d.raw, e)
		if n == 0 || e.at < f.oldest {
			f.oldest = e.at
		}
		if n == 0 || e.at > f.newest {
			f.newest = e.at
		}
		d.note(e, key)
	}
	d.raw = append(d.raw, `]}`...)
	f.hash = sha256.Sum256(d.raw)
	d.files = append(d.files, f)
	d.packed.Reset()
	d.zip.Reset(&d.packed)
	if _, err := d.zip.Write(d.raw); err != nil {
		return fmt.Errorf("compress %q: %w", key, err)
	}
	if err := d.zip.Close(); err != nil {
		return fmt.Errorf("compress %q: %w", key, err)
	}
	d.counts.Files++
	d.counts.Bytes += int64(d.packed.Len())
	d.counts.UncompressedBytes += int64(len(d.raw))
	return writeObject(d.root, key, d.packed.Bytes(), d.folders)
}

// note counts one written record.
func (d *delivery) note(e *occurrence, key string) {
	c := &d.counts
	if e.copyOf > 0 {
		c.Duplicates++
		if e.altered {
			c.DuplicatesAltered++
		}
		return
	}
	c.Events++
	if e.late {
		c.Late++
	}
	switch e.call.category {
	case "Management":
		c.Management++
	case "Data":
		c.Data++
	case "Insight":
		c.Insight++
	case "NetworkActivity":
		c.NetworkActivity++
	}
	if e.scenario != nil && e.scenario.attack != "" {
		c.Attack++
		d.sightings = append(d.sightings, sighting{
			e.scenario, string(eventID(nil, e.key)), e.call.name, d.shard.account.id, d.shard.region.name, key, e.at})
	}
}

// writeObject stores one object atomically. folders lists the folders already created.
func writeObject(root, key string, content []byte, folders map[string]bool) error {
	name := filepath.Join(root, filepath.FromSlash(key))
	folder := filepath.Dir(name)
	if !folders[folder] {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("create folder: %w", err)
		}
		folders[folder] = true
	}
	aside, err := os.OpenFile(name+".partial", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err == nil {
		err = durable.Put(name, aside, content)
	}
	if err != nil {
		return fmt.Errorf("write log file: %w", err)
	}
	return nil
}

// folder returns the organization's part of the keys, empty without an
// organization trail.
func (org *organization) folder() string {
	if org.shared {
		return org.id
	}
	return ""
}
