package delivery

import "time"

// maxMissed is how many missed digests are written after the sandbox was down or
// its clock was moved. The digest before them covers all earlier missed intervals.
const maxMissed = 1000

// due reports whether a digest interval is over, when it ends, and whether its
// digests are the final ones of the period. It begins a period if none is active
// and the trail needs one.
func (p *pass) due() (end time.Time, final, ok bool) {
	if !p.Period.Active && !p.beginPeriod() {
		return end, false, false
	}
	current, interval := &p.Period, p.config.DigestInterval
	closed, next := p.ending()
	if !p.trail.Validation && !current.Off {
		current.Off, p.dirty = true, true
	}
	until := p.now
	if !closed.IsZero() && closed.Before(until) {
		until = closed
	}
	end = current.Start.Add(interval)
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
		if !p.trail.Deleted.IsZero() {
			end = earlier(end, p.now)
		}
		ripe = later(end, closed.Add(settle))
	case current.Off: // if validation is on again, a new period follows
		final = true
		if p.trail.Validation {
			end = earlier(end, p.now)
		}
		ripe = end
	}
	// Digest names have a resolution of seconds and must be unique.
	end = later(end.Truncate(time.Second), current.Start.Add(time.Second))
	return end, final, !p.now.Before(ripe)
}

// beginPeriod begins a period for the first span without digests and reports
// whether there was one.
func (p *pass) beginPeriod() bool {
	for _, span := range p.spans() {
		since := span.From
		switch {
		case span.From.After(p.Period.Span):
		case span.From.Equal(p.Period.Span) && p.Period.Off && p.trail.Validation && span.Until.IsZero():
			since = p.now // validation was turned on while the trail was logging
		default:
			continue
		}
		p.dirty = true
		if !p.trail.Validation {
			p.Period.Span, p.Period.Off = span.From, true
			continue
		}
		start := later(since.UTC().Truncate(time.Second), p.Period.Start)
		p.Period = period{Span: span.From, Start: start, Active: true}
		for _, ch := range p.Chains {
			ch.Previous = nil
		}
		return true
	}
	return false
}

// ending returns when the span of the period ended and when the next span began.
// Each is zero if that has not happened.
func (p *pass) ending() (closed, next time.Time) {
	spans := p.spans()
	for i, span := range spans {
		if !span.From.Equal(p.Period.Span) {
			continue
		}
		if i+1 < len(spans) {
			next = spans[i+1].From
		}
		return span.Until, next
	}
	return p.Period.Start, time.Time{} // the trail no longer has this span
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
