package simulate

import "time"

// scene is what a template can refer to while one event is being written.
// It belongs to one goroutine and is used again for the next event.
type scene struct {
	rng     stream
	org     *organization
	account *account
	peer    *account // of a story that reaches into another account
	region  *region
	who     *actor
	via     *access
	call    *call
	key     uint64            // of the event
	at      int64             // event time, seconds since 1970
	vars    map[string]string // of a story: values shared by its steps

	event uint64 // counts events, so that memo need not be cleared
	memo  [maxSlots]memo
	arena []byte
}

// begin makes the scene ready for another event, whose random choices all
// follow from key.
func (s *scene) begin(key uint64, at int64) {
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
