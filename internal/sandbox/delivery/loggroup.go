package delivery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
)

// The limits of PutLogEvents, in bytes and events. Each event counts eventOverhead
// bytes more than its length. CloudTrail does not send events longer than maxEvent.
const (
	maxEvent      = 256 << 10
	maxPut        = 1 << 20
	maxPutEvents  = 10_000
	eventOverhead = 26
)

// Stream is a log stream. It may not exist yet.
type Stream struct{ Account, Region, Group, Name string }

// Streams adds events to log streams and creates missing streams. The timestamp of
// the events is the current time: in AWS, too, it is not their eventTime. The
// events fit one PutLogEvents call. An error may have an ErrorCode method that
// returns the error code of CloudWatch Logs.
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

// group delivers events to the log group. It has a cursor of its own so that a
// failing role does not delay the bucket.
func (p *pass) group(ctx context.Context) error {
	if p.trail.LogGroupARN == "" || p.config.Streams == nil {
		if p.GroupCursor != p.last {
			p.GroupCursor, p.GroupDone, p.dirty = p.last, nil, true
		}
		return nil
	}
	for p.GroupCursor < p.last {
		puts, cursor, err := p.gatherPuts()
		if err != nil {
			return err
		}
		for _, call := range puts {
			err := p.send(ctx, call)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				p.report("log group", err)
				p.noteGroup(call, code(err))
				return p.commit()
			}
			p.report("log group", nil)
			p.noteGroup(call, "")
			if p.GroupDone == nil {
				p.GroupDone = map[string]uint64{}
			}
			p.GroupDone[call.stream] = call.through
			if err := p.commit(); err != nil {
				return err
			}
		}
		p.GroupCursor, p.GroupDone, p.dirty = cursor, nil, true
	}
	return p.commit()
}

// gatherPuts reads a chunk of the journal into calls. cursor is the last entry read.
func (p *pass) gatherPuts() (puts []*put, cursor uint64, err error) {
	cursor = p.last
	open := map[string]*put{}
	size := 0
	err = p.each(p.GroupCursor, func(e journal.Entry, wanted bool) bool {
		if size >= chunk {
			cursor = e.Seq - 1
			return false
		}
		stream := p.stream(e.Account)
		if !wanted || len(e.Record) > maxEvent || e.Seq <= p.GroupDone[stream] {
			return true
		}
		call, n := open[stream], len(e.Record)+eventOverhead
		if call == nil || call.size+n > maxPut || len(call.events) == maxPutEvents {
			call = &put{stream: stream}
			open[stream] = call
			puts = append(puts, call)
		}
		if !slices.Contains(call.regions, e.Region) {
			call.regions = append(call.regions, e.Region)
		}
		call.through = e.Seq
		call.events = append(call.events, string(e.Record))
		call.size += n
		size += n
		return true
	})
	return puts, cursor, err
}

// noteGroup records an attempt for the trail's home Region, where the log group is,
// and for each Region of the events.
func (p *pass) noteGroup(call *put, code string) {
	p.note(p.trail.Region, logGroup, code)
	for _, region := range call.regions {
		p.note(region, logGroup, code)
	}
}

// stream returns the name of an account's log stream.
func (p *pass) stream(account string) string {
	name := account + "_CloudTrail_" + p.trail.Region
	if p.trail.OrganizationID != "" {
		name = p.trail.OrganizationID + "_" + name
	}
	return name
}

func (p *pass) send(ctx context.Context, call *put) error {
	if p.config.Permit != nil {
		if err := p.config.Permit.LogGroup(ctx, p.permitted()); err != nil {
			return err
		}
	}
	group, err := arn.Parse(p.trail.LogGroupARN)
	name, isGroup := strings.CutPrefix(group.Resource, "log-group:")
	if err != nil || !isGroup {
		return fmt.Errorf("put events: %q is not the ARN of a log group", p.trail.LogGroupARN)
	}
	stream := Stream{Region: group.Region, Account: group.AccountID, Group: strings.TrimSuffix(name, ":*"), Name: call.stream}
	return p.config.Streams.Put(ctx, stream, call.events)
}
