// Package recordtest generates random CloudTrail records for tests: every documented
// member and unknown ones, of right and wrong types, in every spelling that JSON
// allows.
package recordtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/exhaustive"
)

// Rounds runs f with random generators, and names the seed when f fails: a few times,
// twenty times as often in exhaustive tests, and at least for as long as the environment
// variable TRAILKEEPER_RANDOM says, such as 3m.
func Rounds(t *testing.T, few int, f func(t *testing.T, random *rand.Rand)) {
	t.Helper()
	few = exhaustive.Or(few, 20*few)
	var until time.Time
	if text := os.Getenv("TRAILKEEPER_RANDOM"); text != "" {
		long, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("TRAILKEEPER_RANDOM: %v", err)
		}
		until = time.Now().Add(long)
	}
	for round := uint64(0); round < uint64(few) || time.Now().Before(until); round++ {
		seed := round
		if round >= uint64(few) {
			seed = rand.Uint64()
		}
		if !t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { f(t, rand.New(rand.NewPCG(seed, 1))) }) {
			return
		}
	}
}

// Record returns the text of a random record, which has a time. Records of different
// numbers are different events.
func Record(random *rand.Rand, number int) string {
	s := speller{random, random.IntN(3) == 0}
	var members []string
	add := func(name, value string) { members = append(members, s.str(name, true)+s.space()+":"+s.space()+value) }
	for f := range event.Field(event.NumFields) {
		switch f {
		case event.EventTime, event.EventID, event.TimeWindow, event.AggregatedEventID:
			continue
		case event.Annotation, event.AccountID, event.Summary: // of other kinds of event
			if s.tidy {
				continue
			}
		}
		switch random.IntN(10) {
		case 0, 1, 2:
			if f == event.EventName { // with the time, it makes a record recognizable
				add(f.String(), s.usual(f))
			}
		case 3:
			add(f.String(), s.odd(f))
		default:
			add(f.String(), s.usual(f))
		}
	}
	for n := random.IntN(4); n > 0 && !s.tidy; n-- {
		add(s.text(), s.value(3))
	}
	if random.IntN(50) == 0 && !s.tidy {
		add("$record", s.value(1))
	}
	add(event.EventTime.String(), s.time())
	if s.tidy || random.IntN(8) > 0 {
		add(event.EventID.String(), s.str(fmt.Sprintf("%08x-0000-4000-8000-%012x", number, random.Uint64()>>16), false))
	} else {
		add("number", fmt.Sprint(number))
	}
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	if random.IntN(20) == 0 { // of repeated members the last one counts
		members = append([]string{s.str("eventName", false) + ":" + s.value(1)}, members...)
	}
	return "{" + s.space() + strings.Join(members, s.space()+","+s.space()) + s.space() + "}"
}

// speller writes JSON. A tidy one writes the members, types and times that CloudTrail
// writes.
type speller struct {
	*rand.Rand
	tidy bool
}

func (s speller) pick(choices ...string) string { return choices[s.IntN(len(choices))] }

func (s speller) space() string {
	if s.IntN(4) > 0 {
		return ""
	}
	return s.pick(" ", "  ", "\t", "\n", "\r\n ", strings.Repeat(" ", s.size()%600))
}

// size returns a length, often around the sizes of buffers.
func (s speller) size() int {
	if s.IntN(3) > 0 {
		return s.IntN(40)
	}
	at := 1 << s.IntN(13)
	if s.IntN(40) == 0 {
		at = 1 << (13 + s.IntN(4))
	}
	return max(0, at+s.IntN(3)-1)
}

// time returns a time of January 2026, in an accepted form.
func (s speller) time() string {
	at := time.Date(2026, 1, 1+s.IntN(3), s.IntN(24), s.IntN(60), s.IntN(60), 0, time.UTC)
	way := s.IntN(6)
	if s.tidy {
		way = 5
	}
	switch way {
	case 0:
		return s.str(at.Add(time.Duration(s.IntN(1000))*time.Millisecond).Format("2006-01-02T15:04:05.000Z"), true)
	case 1:
		return s.str(at.Format("2006-01-02T15:04:05+00:00"), true)
	}
	return s.str(at.Format("2006-01-02T15:04:05Z"), true)
}

// odd returns a value of any type.
func (s speller) odd(f event.Field) string {
	switch {
	case s.tidy:
		return s.usual(f)
	case f == event.ReadOnly || f == event.ManagementEvent:
		return s.pick(`"true"`, `"false"`, `"maybe"`, "1")
	}
	return s.value(3)
}

// usual returns a value of the type that CloudTrail writes.
func (s speller) usual(f event.Field) string {
	switch f {
	case event.ReadOnly, event.ManagementEvent:
		return s.pick("true", "false", "null")
	case event.Resources:
		return "[" + s.space() + s.object(2) + s.space() + "," + s.object(2) + "]"
	case event.UserIdentity:
		return s.identity()
	case event.RequestParameters, event.ResponseElements, event.AdditionalEventData, event.ServiceEventDetails,
		event.Addendum, event.EdgeDeviceDetails, event.TLSDetails, event.InsightDetails, event.EventContext, event.Summary:
		if s.IntN(5) == 0 {
			return "null"
		}
		return s.object(3)
	}
	return s.str(s.text(), true)
}

func (s speller) identity() string {
	members := []string{`"type":` + s.str(s.pick("IAMUser", "AssumedRole", "Root", "AWSService"), true)}
	for _, name := range []string{"principalId", "arn", "accountId", "accessKeyId", "userName", "invokedBy"} {
		if s.IntN(2) == 0 {
			members = append(members, s.str(name, true)+":"+s.space()+s.str(s.text(), true))
		}
	}
	if s.IntN(2) == 0 {
		members = append(members, `"sessionContext":{"attributes":{"mfaAuthenticated":"`+s.pick("true", "false")+`"},"sessionIssuer":`+s.pick(s.object(2), `{"type":"Role","arn":"arn:aws:iam::123456789012:role/reader","userName":"reader"}`)+`,"sourceIdentity":`+s.str(s.text(), true)+`}`)
	}
	return "{" + strings.Join(members, s.space()+",") + "}"
}

// value returns any value, nested at most to a depth.
func (s speller) value(depth int) string {
	if depth > 0 && s.IntN(3) == 0 {
		if s.IntN(2) == 0 {
			return s.object(depth)
		}
		var elements []string
		for range s.IntN(4) {
			elements = append(elements, s.space()+s.value(depth-1)+s.space())
		}
		return "[" + strings.Join(elements, ",") + "]"
	}
	switch s.IntN(4) {
	case 0:
		return s.pick("0", "-0", "1", "12.50", "1e400", "-1.0E+2", "123456789012345678901234567890", "0.1", "2147483648")
	case 1:
		return s.pick("true", "false", "null", `""`, "{}", "[]", "[ ]", "{ }")
	case 2:
		if s.IntN(20) == 0 && !s.tidy { // an unpaired surrogate
			return s.pick(`"\ud800"`, `"a\udfff"`, `{"\udc00":1}`)
		}
	}
	return s.str(s.text(), true)
}

func (s speller) object(depth int) string {
	var members []string
	for i := range s.IntN(4) {
		members = append(members, s.space()+s.str(s.text()+fmt.Sprint(i), true)+s.space()+":"+s.space()+s.value(depth-1)+s.space())
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (s speller) text() string {
	switch s.IntN(6) {
	case 0:
		return s.pick("", "a", "eventName", `","eventID":"x`, `{"a":"b"}`, "arn:aws:iam::123456789012:user/a", "$record", "extra")
	case 1:
		return s.pick("é", "🙂", "\u2028", "\x7f", "a\x00b", "\"", "\\", "\\u0041", "\n\t\r", "\x1b[31m", "\ufeff")
	case 2:
		return strings.Repeat(s.pick("x", "é", `"`, "\\", " "), s.size())
	}
	return fmt.Sprintf("%s%x", s.pick("s3.amazonaws.com", "GetObject", "", "eu-west-", "AKIA"), s.Uint32())
}

// str quotes a string, with unnecessary escapes if free is set.
func (s speller) str(text string, free bool) string {
	if !free || s.IntN(3) > 0 {
		return string(event.AppendQuoted(nil, []byte(text)))
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r < 0x10000 && s.IntN(4) == 0:
			fmt.Fprintf(&b, s.pick(`\u%04x`, `\u%04X`), r)
		case r == '/' && s.IntN(2) == 0:
			b.WriteString(`\/`)
		default:
			quoted := event.AppendQuoted(nil, []byte(string(r)))
			b.Write(quoted[1 : len(quoted)-1])
		}
	}
	b.WriteByte('"')
	return b.String()
}
