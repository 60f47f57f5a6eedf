package delivery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
)

// The limits of PutLogEvents. Each event counts 26 bytes more than it has; events
// longer than maxEvent CloudTrail does not send.
const (
	maxEvent      = 256 << 10
	maxPut        = 1 << 20
	maxPutEvents  = 10_000
	eventOverhead = 26
)

// Stream is a log stream. It may not exist yet.
type Stream struct{ Account, Region, Group, Name string }

// Streams adds events to log streams, which it makes where they are missing, at
// the time it does: at AWS, too, an event's timestamp is not its eventTime. The
// events fit one PutLogEvents call. An error may have an ErrorCode method that
// gives the one of CloudWatch Logs.
type Streams interface {
	Put(ctx context.Context, s Stream, events []string) error
}

// put is one call of PutLogEvents.
type put struct {
	stream  string
	regions []string // of the events
	events  []string
	size    int
	through uint64 // the last entry in it
}

// group brings events to the log group, with a cursor of its own so that a broken
// role does not hold up the bucket.
func (c *courier) group(ctx context.Context) error {
	if c.trail.LogGroupARN == "" || c.config.Streams == nil {
		if c.GroupCursor != c.last {
			c.GroupCursor, c.GroupDone, c.dirty = c.last, nil, true
		}
		return nil
	}
	for c.GroupCursor < c.last {
		puts, cursor, err := c.gatherPuts()
		if err != nil {
			return err
		}
		for _, p := range puts {
			err := c.send(ctx, p)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				c.report("log group", err)
				c.noteGroup(p, code(err))
				return c.commit()
			}
			c.report("log group", nil)
			c.noteGroup(p, "")
			if c.GroupDone == nil {
				c.GroupDone = map[string]uint64{}
			}
			c.GroupDone[p.stream] = p.through
			if err := c.commit(); err != nil {
				return err
			}
		}
		c.GroupCursor, c.GroupDone, c.dirty = cursor, nil, true
	}
	return c.commit()
}

// gatherPuts reads a chunk of the journal and returns the last entry it covers.
func (c *courier) gatherPuts() (puts []*put, cursor uint64, err error) {
	cursor = c.last
	open := map[string]*put{}
	size := 0
	err = c.each(c.GroupCursor, func(e journal.Entry, wanted bool) bool {
		if size >= chunk {
			cursor = e.Seq - 1
			return false
		}
		stream := c.stream(e.Account)
		if !wanted || len(e.Record) > maxEvent || e.Seq <= c.GroupDone[stream] {
			return true
		}
		p, n := open[stream], len(e.Record)+eventOverhead
		if p == nil || p.size+n > maxPut || len(p.events) == maxPutEvents {
			p = &put{stream: stream}
			open[stream] = p
			puts = append(puts, p)
		}
		if !slices.Contains(p.regions, e.Region) {
			p.regions = append(p.regions, e.Region)
		}
		p.through = e.Seq
		p.events = append(p.events, string(e.Record))
		p.size += n
		size += n
		return true
	})
	return puts, cursor, err
}

// noteGroup notes an attempt for the trail's home, where the log group is, and for
// each Region that has events in it.
func (c *courier) noteGroup(p *put, code string) {
	c.note(c.trail.Region, logGroup, code)
	for _, region := range p.regions {
		c.note(region, logGroup, code)
	}
}

// stream is the name of an account's stream.
func (c *courier) stream(account string) string {
	name := account + "_CloudTrail_" + c.trail.Region
	if c.trail.OrganizationID != "" {
		name = c.trail.OrganizationID + "_" + name
	}
	return name
}

func (c *courier) send(ctx context.Context, p *put) error {
	if c.config.Permit != nil {
		if err := c.config.Permit.LogGroup(ctx, c.permitted()); err != nil {
			return err
		}
	}
	group, err := arn.Parse(c.trail.LogGroupARN)
	name, isGroup := strings.CutPrefix(group.Resource, "log-group:")
	if err != nil || !isGroup {
		return fmt.Errorf("put events: %q is not the ARN of a log group", c.trail.LogGroupARN)
	}
	stream := Stream{Region: group.Region, Account: group.AccountID, Group: strings.TrimSuffix(name, ":*"), Name: p.stream}
	return c.config.Streams.Put(ctx, stream, p.events)
}
