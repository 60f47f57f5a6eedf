package lake

import (
	"context"
	"errors"
	"fmt"

	"github.com/cerpac/trailkeeper/event"
)

// Damage is a fault that Check found.
type Damage struct {
	Part    string `json:"part,omitempty"`     // path in the lake; of another file where it is one
	Row     int64  `json:"row"`                // from 1, in the order of the part; 0 when the damage is not in a row
	EventID string `json:"event_id,omitempty"` // of the row, as far as it can be read
	LogFile string `json:"log_file,omitempty"` // that the event was read from
	Cause   string `json:"cause"`
}

// CheckReport counts what Check has checked.
type CheckReport struct {
	Parts   int   `json:"parts"`
	Rows    int64 `json:"rows"`
	Damaged int64 `json:"damaged"`
}

// Check reads every part of the lake completely and calls found for each
// damage: parts that cannot be read or have another number of rows than was
// committed, and rows that no longer match the identity recorded when their
// event was read. It calls progress after each part. The error is that of the
// context, or of a file that could not be accessed.
func (l *Lake) Check(ctx context.Context, found func(Damage), progress func()) (CheckReport, error) {
	c := newChecker(l.store, found)
	for _, p := range l.parts {
		if ctx.Err() != nil {
			return c.report, context.Cause(ctx)
		}
		if err := c.part(ctx, p); err != nil {
			return c.report, err
		}
		c.report.Parts++
		progress()
	}
	return c.report, nil
}

type checker struct {
	store   Store
	found   func(Damage)
	sound   func(place, Identity) // called for rows that match an identity
	ids     noted                 // identities of the part that no row has matched yet; nil when they are damaged
	columns []string              // all
	report  CheckReport
	text    []byte
	rec     event.Record
}

func newChecker(store Store, found func(Damage)) *checker {
	return &checker{store: store, found: found, sound: func(place, Identity) {}, columns: ColumnNames()}
}

// bytes compares all bytes of a part with its checksums.
func (c *checker) bytes(ctx context.Context, p Part) error {
	bad, err := p.verify(ctx, c.columns, new([]byte))
	if bad != nil {
		c.damage(Damage{Part: p.published(), Cause: bad.Cause})
	}
	return err
}

func (c *checker) damage(d Damage) {
	c.report.Damaged++
	c.found(d)
}

// noted are the identities of an identity file, by hour and hash.
type noted map[int64]map[uint64][]Identity

// take removes the identity of a record, found by its hash or by the hash that
// older versions computed.
func (n noted) take(hour int64, rec *event.Record) (id Identity, ok bool) {
	hashes := n[hour]
	if len(hashes) == 0 {
		return id, false
	}
	for _, hash := range [...]uint64{bodyHash(rec), writtenHash(rec)} {
		if ids := hashes[hash]; len(ids) > 0 {
			hashes[hash] = ids[:len(ids)-1]
			return ids[len(ids)-1], true
		}
	}
	return id, false
}

// part checks a part. Unreadable content is a damage; a file that cannot be
// opened is an error.
func (c *checker) part(ctx context.Context, p Part) error {
	name := p.published()
	var fault string
	var err error
	if c.ids, fault, err = c.identities(ctx, p); err != nil {
		return err
	}
	if fault != "" {
		c.damage(Damage{Part: name, Cause: fault})
	}
	before := c.report.Damaged
	if err := c.bytes(ctx, p); err != nil || c.report.Damaged > before {
		return err // rows of a damaged file cannot be identified
	}
	blocks, err := readPart(ctx, p.file, p.Schema)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if unread(err) {
		return err
	}
	if err != nil {
		c.damage(Damage{Part: name, Cause: err.Error()})
		return nil
	}
	n := int64(0)
	for g, b := range blocks {
		for i := range b.Rows() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			n++
			row := b.row(i)
			if err := c.row(&row, place{uint32(g), uint32(i)}, p.Schema); err != nil {
				c.damage(Damage{Part: name, Row: n, EventID: string(row.text[colEventID]), LogFile: string(row.text[colLogFile]), Cause: err.Error()})
			}
		}
	}
	c.report.Rows += n
	if n != p.Rows {
		c.damage(Damage{Part: name, Cause: fmt.Sprintf("%d rows, not the %d that were committed", n, p.Rows)})
	}
	return nil
}

// identities reads the identity file of a part. fault says why the file cannot
// be used.
func (c *checker) identities(ctx context.Context, p Part) (ids noted, fault string, err error) {
	ids = noted{}
	total := int64(0)
	err = readIDs(ctx, stored{c.store, idsPath(p.Name)}, func(hour int64, id Identity) {
		if ids[hour] == nil {
			ids[hour] = map[uint64][]Identity{}
		}
		ids[hour][id.Hash] = append(ids[hour][id.Hash], id)
		total++
	})
	switch {
	case rebuildable(err):
		return nil, err.Error(), nil
	case err != nil:
		return nil, "", err
	case total != p.Rows:
		return nil, fmt.Sprintf("its list of identities has %d events, not the %d that were committed", total, p.Rows), nil
	}
	return ids, "", nil
}

// row checks that a row still matches the record that was read, and that its
// derived columns follow from it. An older schema may have derived otherwise.
func (c *checker) row(row *Row, at place, schema int) (err error) {
	if c.text, err = row.AppendJSON(c.text[:0]); err != nil {
		return errors.Unwrap(err)
	}
	size, err := c.rec.Decode(c.text)
	if err != nil || size != len(c.text) {
		return errors.New("the row gives back what is no JSON object")
	}
	if schema == Schema {
		facts := factsOf(&c.rec)
		if column := facts.differs(row); column != "" {
			return differsDerived(column)
		}
	}
	if c.ids == nil {
		return nil // there is nothing to compare with
	}
	if id, ok := c.ids.take(Hour(row.Time), &c.rec); ok {
		c.sound(at, id)
		return nil
	}
	return errors.New("the row gives back another record than was read")
}
