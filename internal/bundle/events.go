package bundle

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/logfile"
)

const (
	eventsName = "events.tsv"
	pathsName  = "anchors/paths.tsv"
)

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

// eventLine is a line of the table of events.
type eventLine struct {
	name   string // of its member
	log    string // the member of its log file
	offset int64
	id     string // its eventID, "-" for none
	record []byte
}

// AnchorPath proves that a checkpoint covers a digest.
type AnchorPath struct {
	At    string   // bucket/key of the digest
	Line  int      // of heads.jsonl, from 1
	Steps []string // from its leaf to the root: "l:" or "r:" for the side, and the hash there in base 64
}

// AddAnchorPaths adds what proves that the newest digests are anchored.
func (p *Packer) AddAnchorPaths(paths []AnchorPath) error {
	var table bytes.Buffer
	for _, path := range paths {
		fmt.Fprintf(&table, "%s\t%d\t%s\n", archive.EscapeName(path.At), path.Line, strings.Join(path.Steps, " "))
	}
	return p.AddFrom(pathsName, &table)
}

// CheckEvents compares each event with the record of its log file at that position. The
// log file must be one that proven accepts by its key. The error is a *[DamagedError]
// where they differ.
func (b *Bundle) CheckEvents(ctx context.Context, proven func(key string) bool) (events int, err error) {
	if _, ok := b.members[eventsName]; !ok {
		return 0, &DamagedError{eventsName, "is not in it"}
	}
	named := map[string]bool{}
	byLog := map[string][]eventLine{}
	err = b.eachLine(eventsName, func(line []byte) error {
		e, err := b.parseEvent(line, proven)
		if err == nil && named[e.name] {
			err = errors.New("it is there twice")
		}
		named[e.name] = true
		byLog[e.log] = append(byLog[e.log], e)
		events++
		return err
	})
	for name := range b.members {
		if err == nil && strings.HasPrefix(name, "events/") && !named[name] {
			err = &DamagedError{name, "is not in " + eventsName}
		}
	}
	for _, log := range slices.Sorted(maps.Keys(byLog)) {
		if err == nil {
			err = b.checkRecords(ctx, log, byLog[log])
		}
	}
	return events, err
}

// parseEvent reads a line of the table, and the event that it names.
func (b *Bundle) parseEvent(line []byte, proven func(key string) bool) (e eventLine, err error) {
	fields := strings.Split(strings.TrimSuffix(string(line), "\n"), "\t")
	if len(fields) != 5 {
		return e, errors.New("not five fields")
	}
	stored, ok := b.members[fields[0]]
	_, found := b.members[fields[1]]
	offset, err := strconv.ParseInt(fields[2], 10, 64)
	if !ok || !found || err != nil || path.Dir(fields[0]) != "events" || fields[3] != strconv.FormatInt(stored.size, 10) || stored.size > maxEvent {
		return e, errors.New("names what is not in the bundle")
	}
	key := archive.UnescapeName(strings.TrimPrefix(fields[1], archiveName))
	if memberOf(key) != fields[1] || !proven(key) {
		return e, fmt.Errorf("log file %q is not proven", key)
	}
	record, err := b.text(stored)
	return eventLine{fields[0], fields[1], offset, fields[4], record}, err
}

// checkRecords compares events with the records of a log file. That the bytes are in it
// is not enough: a call can have parameters that look like an event.
func (b *Bundle) checkRecords(ctx context.Context, log string, events []eventLine) error {
	at := map[int64][]eventLine{}
	for _, e := range events {
		at[e.offset] = append(at[e.offset], e)
	}
	m := b.members[log]
	plain, err := gzip.NewReader(io.NewSectionReader(b.file, m.offset, m.size))
	if err != nil {
		return &DamagedError{log, err.Error()}
	}
	var reader logfile.Reader
	err = reader.Read(ctx, plain, logfile.Visitor{
		Record: func(offset int64, r *event.Record) error {
			for _, e := range at[offset] {
				if !bytes.Equal(r.Raw(), e.record) || e.id != "-" && archive.EscapeName(string(r.ID())) != e.id {
					return &DamagedError{e.name, fmt.Sprintf("is not the record at %d of %q", offset, log)}
				}
			}
			delete(at, offset)
			return nil
		},
		Reject: func(int64, []byte, string) error { return nil },
	})
	if _, damaged := errors.AsType[*DamagedError](err); damaged || ctx.Err() != nil {
		return err
	}
	for _, e := range events {
		if at[e.offset] != nil {
			return &DamagedError{e.name, fmt.Sprintf("there is no record at %d of %q", e.offset, log)}
		}
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
