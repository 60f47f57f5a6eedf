package simulate

import "time"

// scope is what the templates of one event can refer to. It belongs to one goroutine
// and is reused for the next event.
type scope struct {
	rng     stream
	org     *organization
	account *account
	peer    *account // of a scenario that uses a second account
	region  *region
	who     *actor
	via     *access
	call    *call
	key     uint64            // of the event
	at      int64             // event time, seconds since 1970
	vars    map[string]string // of a scenario: values shared by its steps

	event uint64 // counts events, so that memo need not be cleared
	memo  [maxSlots]memo
	arena []byte
}

// begin resets the scope for another event, whose random choices all follow from key.
func (s *scope) begin(key uint64, at int64) {
	s.key, s.rng = key, newStream(key)
	s.at = at
	s.event++
	s.arena = s.arena[:0]
	s.vars = nil
}

// appendTime appends seconds since 1970 as 2006-01-02T15:04:05Z.
func appendTime(dst []byte, at int64) []byte {
	return time.Unix(at, 0).UTC().AppendFormat(dst, "2006-01-02T15:04:05Z")
}
