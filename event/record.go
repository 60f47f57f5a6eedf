// Package event decodes a CloudTrail record, its documented members and its
// identity, without loss.
//
// A [Record] keeps every member as its original JSON text, so numbers keep
// their digits, undocumented members are kept, and writing a record gives the
// same JSON value. Decoding validates the text in the same single pass, without
// allocations for an ordinary record; it is the hot path of everything that
// reads an archive.
//
// The members are those of the CloudTrail record contents reference, for
// eventVersion 1.0 to 1.11 and for aggregated events.
package event

import "fmt"

// Value is the JSON text of one value, aliasing the decoded data. The zero
// Value is an absent one.
type Value struct {
	Raw   []byte
	flags flags
}

// Present reports whether the member is present, with any value including null.
func (v Value) Present() bool { return v.Raw != nil }

// IsNull reports whether the member is present with the value null.
func (v Value) IsNull() bool { return len(v.Raw) == 4 && v.Raw[0] == 'n' }

// IsString reports whether the value is a JSON string.
func (v Value) IsString() bool { return len(v.Raw) > 0 && v.Raw[0] == '"' }

// IsNumber reports whether the value is a JSON number.
func (v Value) IsNumber() bool {
	return len(v.Raw) > 0 && (v.Raw[0] == '-' || v.Raw[0] >= '0' && v.Raw[0] <= '9')
}

// Canonical reports whether Raw has neither white space between its tokens
// nor escapes in its strings, so that equal values have equal texts (object
// members in the same order).
func (v Value) Canonical() bool { return v.flags&(sawSpace|sawEscape) == 0 }

// Text returns the string that v holds, without its quotes and escapes; ok is
// false when v is not a string. The result aliases v where it can.
func (v Value) Text() (text []byte, ok bool) {
	if !v.IsString() {
		return nil, false
	}
	inner := v.Raw[1 : len(v.Raw)-1]
	if v.flags&sawEscape == 0 {
		return inner, true
	}
	return unquote(inner), true
}

// Sound reports whether the strings in v are valid Unicode, as
// [Record.Sound] does for a record.
func (v Value) Sound() bool { return v.flags&sawSurrogate == 0 }

// Bool returns the boolean that v holds; ok is false when v is not one.
func (v Value) Bool() (value, ok bool) {
	switch string(v.Raw) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// Member is a member of a record that is not documented.
type Member struct {
	Name  string
	Value Value
}

// Record is one CloudTrail record. Its values alias the data it was decoded
// from, which must not be changed while they are in use. The zero Record is
// ready to use, and reusing one saves allocations.
type Record struct {
	raw    []byte
	fields [NumFields]span
	other  []Member
	places map[string]int // indexes in other by name; nil while there are few
	flags  flags
	scan   scanner
}

const (
	// maxOther is the maximum number of undocumented members in a record.
	// CloudTrail documents some forty in all.
	maxOther = 10000

	// searched is the number of undocumented members up to which a linear search
	// is used.
	searched = 16
)

// maxLength is the maximum length of a record, in bytes.
const maxLength = 1 << 31

// span is the position of a value in raw; the zero span is an absent value. It
// is a third of a Value in size, and storing one needs no write barrier.
type span struct {
	start, end uint32
	flags      flags
}

// Decode decodes the record that starts at data[0], which must be an opening
// brace, and returns its length in bytes. It ignores text after the record.
//
// The error is [ErrTruncated] when data ends too early, a [*SyntaxError] with n
// == 0 when the end of the record could not be found, and a [*SyntaxError] with
// n > 0 when the end was found but the text is unsafe for other readers:
// invalid UTF-8, control characters or bad escapes in strings, excessive
// nesting, thousands of undocumented members.
func (r *Record) Decode(data []byte) (n int, err error) {
	r.fields = [NumFields]span{}
	r.flags, r.raw = 0, nil
	r.clearOther()
	s := &r.scan
	s.reset(data)
	if len(data) == 0 {
		return 0, ErrTruncated
	}
	if data[0] != '{' {
		return 0, s.unexpected(0, "where a record should start")
	}
	if len(data) > maxLength {
		data = data[:maxLength]
		s.reset(data)
	}
	n, err = r.members(s)
	if err != nil {
		return 0, err
	}
	r.raw = data[:n]
	r.flags |= s.flags
	if s.fault != nil {
		return n, s.fault
	}
	return n, nil
}

// members walks the members of the record up to its closing brace.
func (r *Record) members(s *scanner) (int, error) {
	i := s.space(1)
	if i < len(s.data) && s.data[i] == '}' {
		return i + 1, nil
	}
	guess := EventVersion
	for {
		if i >= len(s.data) {
			return i, ErrTruncated
		}
		var name []byte
		f, start := s.expected(i, guess)
		if f == noField {
			nameEnd, valueStart, err := s.key(i)
			if err != nil {
				return valueStart, err
			}
			start = valueStart
			name = s.name(i, nameEnd)
			f = fieldNamed(name)
		}
		r.flags |= s.flags
		s.flags = 0
		end, err := s.value(start)
		if err != nil {
			return end, err
		}
		if f < noField {
			// Of a repeated member only the last value counts, as in most JSON
			// readers.
			r.fields[f] = span{uint32(start), uint32(end), s.flags}
			guess = f + 1
		} else {
			r.setOther(name, Value{s.data[start:end:end], s.flags}, i)
		}
		i = s.space(end)
		switch {
		case i >= len(s.data):
			return i, ErrTruncated
		case s.data[i] == '}':
			return i + 1, nil
		case s.data[i] != ',':
			return i, s.unexpected(i, "after a value")
		}
		i = s.space(i + 1)
	}
}

// setOther adds an undocumented member; of a repeated one only the last value
// counts.
func (r *Record) setOther(name []byte, v Value, at int) {
	if i := r.otherNamed(name); i >= 0 {
		r.other[i].Value = v
		return
	}
	if len(r.other) == maxOther {
		r.scan.note(at, fmt.Sprintf("more than %d members that are not documented", maxOther))
		return
	}
	r.other = append(r.other, Member{string(name), v})
	switch n := len(r.other); {
	case r.places != nil:
		r.places[string(name)] = n - 1
	case n > searched:
		r.places = make(map[string]int, 2*n)
		for i := range r.other {
			r.places[r.other[i].Name] = i
		}
	}
}

// otherNamed returns the index of a name in r.other, or -1.
func (r *Record) otherNamed(name []byte) int {
	if r.places != nil {
		if i, ok := r.places[string(name)]; ok {
			return i
		}
		return -1
	}
	for i := range r.other {
		if r.other[i].Name == string(name) {
			return i
		}
	}
	return -1
}

// clearOther clears the members of the previous record, and frees their memory
// if there were many.
func (r *Record) clearOther() {
	if r.places != nil {
		r.places, r.other = nil, nil
	}
	r.other = r.other[:0]
}

// Raw returns the record's text as it was decoded.
func (r *Record) Raw() []byte { return r.raw }

// Get returns the value of a documented member.
func (r *Record) Get(f Field) Value {
	at := r.fields[f]
	if at.end == 0 {
		return Value{}
	}
	return Value{r.raw[at.start:at.end:at.end], at.flags}
}

// Other returns the members that are not documented, in their order. The
// slice is valid until the next Decode.
func (r *Record) Other() []Member { return r.other }

// OtherNamed returns the undocumented member with that name, or the zero Value.
func (r *Record) OtherNamed(name string) Value {
	if i := r.otherNamed([]byte(name)); i >= 0 {
		return r.other[i].Value
	}
	return Value{}
}

// Sound reports whether every string of the record is valid Unicode. JSON
// allows an escaped surrogate without its pair, which many readers reject.
func (r *Record) Sound() bool { return r.flags&sawSurrogate == 0 }

// Text returns a documented member that is a string, or nil.
func (r *Record) Text(f Field) []byte {
	text, _ := r.Get(f).Text()
	return text
}

// ID returns the event's id: eventID, or eventId in an aggregated event. It is
// nil in records of eventVersion 1.0.
func (r *Record) ID() []byte {
	if id := r.Text(EventID); id != nil {
		return id
	}
	return r.Text(AggregatedEventID)
}

// AppendJSON appends the record as one JSON object: documented members in
// CloudTrail's order, then the others. The JSON value is the same as the
// decoded one.
func (r *Record) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	first := true
	for f := range noField {
		if v := r.Get(f); v.Present() {
			dst = appendMember(dst, f.String(), v.Raw, &first)
		}
	}
	for _, m := range r.other {
		dst = appendMember(dst, m.Name, m.Value.Raw, &first)
	}
	return append(dst, '}')
}

func appendMember(dst []byte, name string, raw []byte, first *bool) []byte {
	if !*first {
		dst = append(dst, ',')
	}
	*first = false
	dst = AppendQuoted(dst, []byte(name))
	dst = append(dst, ':')
	return append(dst, raw...)
}
