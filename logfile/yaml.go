package logfile

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/event"
)

// opensYAML reports whether the text at r.pos begins like lookup-events in
// YAML: with the list, one of its events, or the text of an event.
func (r *Reader) opensYAML() bool {
	const longest = 64
	r.need(longest)
	s := r.buf[r.pos:min(len(r.buf), r.pos+longest)]
	s = bytes.TrimLeft(bytes.TrimPrefix(s, []byte("---")), " \r\n")
	s, item := bytes.CutPrefix(s, []byte("- "))
	s = bytes.TrimLeft(s, " ")
	if item && (bytes.HasPrefix(s, []byte("'{")) || bytes.HasPrefix(s, []byte(`"{`))) {
		return true
	}
	name, _, ok := bytes.Cut(s, []byte{':'})
	if !ok {
		return false
	}
	switch string(name) {
	case "Events", "AccessKeyId", "CloudTrailEvent", "EventId", "EventName", "NextToken":
		return true
	}
	return false
}

// yamlCount counts ids and events, whose numbers must be equal.
type yamlCount struct{ ids, events int }

// yaml reads the rest of the file as YAML in the block style that the AWS CLI writes: a
// line begins with dashes of lists or a key, and only quoted values span several lines.
// Only the values of CloudTrailEvent, and those of a list of texts, are events. Any
// other YAML is a fault, because events in it could be overlooked.
func (r *Reader) yaml() error {
	r.known = true
	var n yamlCount
	for r.space() {
		if r.cancelled() {
			return r.err
		}
		if err := r.yamlLine(&n); err != nil {
			return err
		}
	}
	switch {
	case !r.ended():
		return r.err
	case n.ids > n.events:
		return &FaultError{r.offset(r.pos), "events of lookup-events without CloudTrailEvent", nil}
	}
	return nil
}

// yamlLine reads a line from its first byte that is not a space, with the further lines
// of a quoted value.
func (r *Reader) yamlLine(n *yamlCount) error {
	dashes := 0
	for r.hasPrefix("- ") {
		dashes++
		r.pos += 2
		r.blanks()
	}
	if !r.need(1) {
		return nil
	}
	if c := r.buf[r.pos]; c == '\'' || c == '"' {
		if err := r.yamlQuoted(dashes > 0); err != nil || !r.hasPrefix(":") {
			return err
		}
		return r.notYAML()
	}
	key, ok := r.yamlKey()
	switch {
	case !ok && (dashes > 0 || !r.hasPrefix("#") && !r.hasPrefix("---")):
		return r.notYAML()
	case !ok || !r.need(1):
		r.skipLine()
		return nil
	case key == "EventId":
		n.ids++
	case key == "CloudTrailEvent":
		n.events++
	}
	return r.yamlValue(key == "CloudTrailEvent")
}

// yamlValue advances past the value of a key, and visits the event in it if wanted.
func (r *Reader) yamlValue(wanted bool) error {
	switch c := r.buf[r.pos]; {
	case c == '\'' || c == '"':
		return r.yamlQuoted(wanted)
	case wanted && c == '{':
		err := r.object(true)
		r.skipLine()
		return err
	case strings.IndexByte("|>&*!?%@`", c) >= 0, wanted,
		c == '[' && !r.hasPrefix("[]"), c == '{' && !r.hasPrefix("{}"):
		return r.notYAML()
	}
	r.skipLine()
	return nil
}

// notYAML returns the fault of YAML in another style, in which events could be
// overlooked.
func (r *Reader) notYAML() error {
	return &FaultError{r.offset(r.pos), "YAML in another style than the AWS CLI's: write it as JSON", nil}
}

// yamlKey advances past a key and its colon to the value on the same line.
func (r *Reader) yamlKey() (key string, ok bool) {
	const longest = 64
	r.need(longest)
	s := r.buf[r.pos:min(len(r.buf), r.pos+longest)]
	name, _, ok := bytes.Cut(s, []byte{':'})
	if !ok || len(name) == 0 || bytes.ContainsFunc(name, noKeyLetter) {
		return "", false
	}
	key = string(name)
	r.pos += len(name) + 1
	r.blanks()
	return key, true
}

// noKeyLetter reports whether a character occurs in no name of AWS's APIs.
func noKeyLetter(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-'
}

func (r *Reader) blanks() {
	for r.need(1) && r.buf[r.pos] == ' ' {
		r.pos++
	}
}

// yamlQuoted advances past the quoted value at r.pos, and visits the event in
// it if wanted.
func (r *Reader) yamlQuoted(wanted bool) error {
	at, quote := r.offset(r.pos), r.buf[r.pos]
	length := 0
	for {
		if length = quotedLength(r.buf[r.pos:], quote); length > 0 {
			break
		}
		if err := r.more(event.ErrTruncated, false); err != nil {
			if !r.ended() {
				return r.longFault(err)
			}
			if length = quotedLength(append(r.buf[r.pos:len(r.buf):len(r.buf)], '\n'), quote); length > 0 {
				break // its closing quote is the last byte
			}
			return err
		}
	}
	raw := r.buf[r.pos : r.pos+length]
	r.pos += length
	if !wanted {
		return nil
	}
	inner := raw[1 : length-1]
	if quote == '\'' {
		inner = bytes.ReplaceAll(inner, []byte("''"), []byte("'"))
	}
	text, ok := fold(inner, quote == '"')
	if !ok || !opensJSON(text) {
		return r.visit.Reject(at, raw, "YAML value that is not an event")
	}
	return r.text(text, at)
}

// quotedLength returns the length in bytes of the quoted value at the start of
// s, 0 when s does not contain all of it.
func quotedLength(s []byte, quote byte) int {
	for i := 1; i+1 < len(s); i++ {
		switch {
		case s[i] == '\\' && quote == '"':
			i++
		case s[i] != quote:
		case quote == '\'' && s[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

// fold joins the lines of a quoted value: a line's end is a space, each empty
// line after it a line's end. Escapes are resolved as in double quotes; ok is
// false when one is unknown.
func fold(s []byte, escapes bool) (text []byte, ok bool) {
	text = make([]byte, 0, len(s))
	kept := 0 // bytes of text up to the last that is not white space
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\n':
			text = append(text[:kept], bytes.TrimRight(text[kept:], " \t\r")...)
			ends := 0
			for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r' || s[i] == '\n') {
				if s[i] == '\n' {
					ends++
				}
				i++
			}
			text = append(text, " "[:min(1, 2-min(ends, 2))]...)
			text = append(text, bytes.Repeat([]byte{'\n'}, ends-1)...)
			kept = len(text)
		case c == '\\' && escapes:
			n := 0
			if text, n = unescape(text, s[i+1:]); n == 0 {
				return nil, false
			}
			i += 1 + n
			kept = len(text)
		default:
			text = append(text, c)
			i++
		}
	}
	return text, true
}

// unescape appends the text of an escape, where s follows the backslash, and
// returns the number of bytes used of s, 0 for an unknown escape.
func unescape(text, s []byte) (appended []byte, n int) {
	if len(s) == 0 {
		return text, 0
	}
	if i := strings.IndexByte("0abtnvfre \"/\\N_LP", s[0]); i >= 0 {
		plain := [...]rune{0, 7, 8, 9, 10, 11, 12, 13, 27, ' ', '"', '/', '\\', 0x85, 0xa0, 0x2028, 0x2029}
		return utf8.AppendRune(text, plain[i]), 1
	}
	digits := 0
	switch s[0] {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	case '\r', '\n': // a continued line
		return text, len(s) - len(bytes.TrimLeft(bytes.TrimPrefix(bytes.TrimPrefix(s, []byte{'\r'}), []byte{'\n'}), " \t"))
	}
	if digits == 0 || len(s) <= digits {
		return text, 0
	}
	code, err := strconv.ParseUint(string(s[1:1+digits]), 16, 32)
	if err != nil || !utf8.ValidRune(rune(code)) {
		return text, 0
	}
	return utf8.AppendRune(text, rune(code)), 1 + digits
}
