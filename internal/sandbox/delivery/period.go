package delivery

import "time"

// maxMissed is how many digests are made up for when the sandbox was down or its
// clock was moved. A digest before them covers all that was missed earlier.
const maxMissed = 1000

// due tells whether an interval of digests is over, where it ends, and whether its
// digests are the last ones. It begins a period when there is none and the trail
// wants one.
func (c *courier) due() (end time.Time, final, ok bool) {
	if !c.Period.Active && !c.beginPeriod() {
		return end, false, false
	}
	p, interval := &c.Period, c.config.DigestInterval
	closed, next := c.ending()
	if !c.trail.Validation && !p.Off {
		p.Off, c.dirty = true, true
	}
	until := c.now
	if !closed.IsZero() && closed.Before(until) {
		until = closed
	}
	end = p.Start.Add(interval)
	if missed := until.Sub(end) / interval; missed > maxMissed {
		end = end.Add((missed - maxMissed) * interval)
	}
	ripe := end
	switch {
	case !closed.IsZero() && !end.Before(closed):
		final = true
		if !next.IsZero() {
			end = earlier(end, next)
		}
		if !c.trail.Deleted.IsZero() {
			end = earlier(end, c.now)
		}
		ripe = later(end, closed.Add(settle))
	case p.Off: // validation that is on again begins anew
		final = true
		if c.trail.Validation {
			end = earlier(end, c.now)
		}
		ripe = end
	}
	// Names of digests have seconds, and no two may have the same.
	end = later(end.Truncate(time.Second), p.Start.Add(time.Second))
	return end, final, !c.now.Before(ripe)
}

// beginPeriod begins a period for the first span in which no digests were written
// yet, if there is one.
func (c *courier) beginPeriod() bool {
	for _, span := range c.spans() {
		since := span.From
		switch {
		case span.From.After(c.Period.Span):
		case span.From.Equal(c.Period.Span) && c.Period.Off && c.trail.Validation && span.Until.IsZero():
			since = c.now // validation was turned on while the trail was logging
		default:
			continue
		}
		c.dirty = true
		if !c.trail.Validation {
			c.Period.Span, c.Period.Off = span.From, true
			continue
		}
		start := later(since.UTC().Truncate(time.Second), c.Period.Start)
		c.Period = period{Span: span.From, Start: start, Active: true}
		for _, ch := range c.Chains {
			ch.Previous = nil
		}
		return true
	}
	return false
}

// ending tells when the span of the period was over and when the next one began,
// zero when it is not or did not.
func (c *courier) ending() (closed, next time.Time) {
	spans := c.spans()
	for i, span := range spans {
		if !span.From.Equal(c.Period.Span) {
			continue
		}
		if i+1 < len(spans) {
			next = spans[i+1].From
		}
		return span.Until, next
	}
	return c.Period.Start, time.Time{} // the trail's spans are not those of before
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
