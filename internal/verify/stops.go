package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/archive"
)

// stop is an event that ends the chains of a trail, or may.
type stop struct {
	at time.Time
	// trail is the name in the request, which may be an ARN, and region where the
	// call was made, the home Region of the trail.
	trail, region string
}

// endings are how the names of such events end, after what they begin with. Two short
// words find them all at little cost, and other names that end alike are told apart
// where they are found.
var endings = [...]struct {
	word   []byte
	before [2][]byte
}{
	{[]byte(`Logging"`), [2][]byte{[]byte(`"Stop`), []byte(`"Stop`)}},
	{[]byte(`Trail"`), [2][]byte{[]byte(`"Delete`), []byte(`"Update`)}},
}

// spotter looks for these names in text that comes in pieces.
type spotter struct {
	found bool
	rest  []byte // the end of the last piece, shorter than a name
}

// longest is the length of the longest name, with its quotes.
const longest = len(`"UpdateTrail"`)

func (s *spotter) look(piece []byte) {
	if s.found {
		return
	}
	const overlap = longest - 1
	seam := append(s.rest, piece[:min(overlap, len(piece))]...)
	s.found = names(seam) || names(piece)
	if len(piece) >= overlap {
		seam = append(s.rest[:0], piece[len(piece)-overlap:]...)
	}
	s.rest = seam[max(0, len(seam)-overlap):]
}

// names reports whether a text has one of the names.
func names(text []byte) bool {
	for _, e := range endings {
		for at := 0; ; at += len(e.word) {
			i := bytes.Index(text[at:], e.word)
			if i < 0 {
				break
			}
			at += i
			if bytes.HasSuffix(text[:at], e.before[0]) || bytes.HasSuffix(text[:at], e.before[1]) {
				return true
			}
		}
	}
	return false
}

// maxStops bounds how many stops are remembered, and maxStopLog the size of a log
// file that is searched for them.
const (
	maxStops   = 100_000
	maxStopLog = 256 << 20
)

// noteStops remembers the stops of trails in a valid log file.
func (v *verifier) noteStops(ctx context.Context, o archive.Object) {
	p := v.unpackers.get()
	defer v.unpackers.put(p)
	var text bytes.Buffer
	if _, bad := p.plain(ctx, v.source, o, maxStopLog, func(piece []byte) { text.Write(piece) }); bad != nil {
		return // read well a moment ago; at worst a new start stays unexplained
	}
	var log struct {
		Records []struct {
			EventTime         time.Time `json:"eventTime"`
			EventSource       string    `json:"eventSource"`
			EventName         string    `json:"eventName"`
			AWSRegion         string    `json:"awsRegion"`
			ErrorCode         string    `json:"errorCode"`
			RequestParameters struct {
				Name string `json:"name"`
			} `json:"requestParameters"`
		}
	}
	_ = json.Unmarshal(text.Bytes(), &log) // members of other types leave their fields empty
	v.stopsMu.Lock()
	before := len(v.stops)
	for _, r := range log.Records {
		if r.EventSource != "cloudtrail.amazonaws.com" || r.ErrorCode != "" || len(v.stops) == maxStops {
			continue
		}
		switch r.EventName {
		case "StopLogging", "DeleteTrail", "UpdateTrail":
			v.stops = append(v.stops, stop{r.EventTime, r.RequestParameters.Name, r.AWSRegion})
		}
	}
	found := len(v.stops) > before
	v.stopsMu.Unlock()
	if found && v.opts.Stops != nil {
		v.opts.Stops(o.Key)
	}
}

// of reports whether a stop is one of a chain's trail.
func (s stop) of(id Chain) bool {
	name := s.trail[strings.LastIndexByte(s.trail, '/')+1:]
	return name == id.Trail && (s.region == "" || s.region == id.HomeRegion)
}

// stopAfter returns when logging of a chain's trail was stopped, first after a
// time. The digest of the last hour may end a little after the call.
func (v *verifier) stopAfter(id Chain, at time.Time) (first time.Time, ok bool) {
	v.stopsMu.Lock()
	defer v.stopsMu.Unlock()
	for _, s := range v.stops {
		if s.of(id) && s.at.After(at.Add(-time.Hour)) && (!ok || s.at.Before(first)) {
			first, ok = s.at, true
		}
	}
	return first, ok
}

// restarted reports the times of a chain between its end and a new start, and
// whether an event explains them.
func (v *verifier) restarted(c *chain) {
	for _, r := range c.restarts {
		stop, ok := v.stopAfter(c.id, r.from)
		switch {
		case !ok || stop.After(r.to):
			v.emit(Result{State: Unverifiable, Object: Hours, Chain: c.id, Check: CheckStart, From: r.from, To: r.to,
				Reason: "the chain starts again, and no event in the archive says that it was stopped"})
		case stop.Sub(r.from) > time.Hour:
			v.emit(Result{State: Missing, Object: Hours, Chain: c.id, Check: CheckStart, From: r.from, To: stop,
				Reason: "logging was stopped later than the last digest before the new start"})
		default:
			v.explained++
		}
	}
}
