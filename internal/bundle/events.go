package bundle

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/archive"
)

const eventsName = "events.tsv"

// maxEvent bounds the size of a record, as a reader of log files does.
const maxEvent = 16 << 20

// Event is an event of a proof.
type Event struct {
	ID     string // its eventID, or empty
	Log    string // key of its log file
	Offset int64  // of its record in the text of the log file
	Record []byte // as it is there
}

// AddEvents adds events, whose log files are in the packer.
func (p *Packer) AddEvents(events []Event) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var table bytes.Buffer
	for i, e := range events {
		name := fmt.Sprintf("events/%06d.json", i+1)
		if err := p.add(name, bytes.NewReader(e.Record)); err != nil {
			return err
		}
		id := archive.EscapeName(e.ID)
		if id == "" {
			id = "-"
		}
		fmt.Fprintf(&table, "%s\t%s\t%d\t%d\t%s\n", name, memberOf(e.Log), e.Offset, len(e.Record), id)
	}
	return p.add(eventsName, &table)
}

// CheckEvents compares each event with the text of its log file. The log file must be
// one that proven accepts by its key. The error is a *[DamagedError] where they differ.
func (b *Bundle) CheckEvents(proven func(key string) bool) (events int, err error) {
	if _, ok := b.members[eventsName]; !ok {
		return 0, &DamagedError{eventsName, "is not in it"}
	}
	named := map[string]bool{}
	err = b.eachLine(eventsName, func(line []byte) error {
		fields := strings.Split(strings.TrimSuffix(string(line), "\n"), "\t")
		if len(fields) != 5 {
			return errors.New("not five fields")
		}
		named[fields[0]] = true
		events++
		return b.checkEvent(fields, proven)
	})
	for name := range b.members {
		if err == nil && strings.HasPrefix(name, "events/") && !named[name] {
			err = &DamagedError{name, "is not in " + eventsName}
		}
	}
	return events, err
}

func (b *Bundle) checkEvent(fields []string, proven func(key string) bool) error {
	event, ok := b.members[fields[0]]
	log, found := b.members[fields[1]]
	offset, err := strconv.ParseInt(fields[2], 10, 64)
	if !ok || !found || err != nil || path.Dir(fields[0]) != "events" || fields[3] != strconv.FormatInt(event.size, 10) || event.size > maxEvent {
		return errors.New("names what is not in the bundle")
	}
	key := archive.UnescapeName(strings.TrimPrefix(fields[1], archiveName))
	if memberOf(key) != fields[1] || !proven(key) {
		return fmt.Errorf("log file %q is not proven", key)
	}
	want, err := b.text(event)
	if err != nil {
		return err
	}
	got, err := TextAt(io.NewSectionReader(b.file, log.offset, log.size), offset, int64(len(want)))
	if err != nil || !bytes.Equal(got, want) {
		return errors.Join(fmt.Errorf("event %q is not at %d of log file %q", fields[4], offset, key), err)
	}
	if id := fields[4]; id != "-" && !bytes.Contains(want, []byte(`"`+id+`"`)) {
		return fmt.Errorf("%s is not event %q", fields[0], id)
	}
	return nil
}

// TextAt returns up to most bytes of the text of a gzip file from an offset on.
func TextAt(packed io.Reader, offset, most int64) ([]byte, error) {
	plain, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	plain.Multistream(false)
	if _, err := io.CopyN(io.Discard, plain, offset); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(plain, most))
}
