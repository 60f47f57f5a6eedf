package event

import (
	"unicode/utf16"
	"unicode/utf8"
)

// name returns the member name whose quotes are at i and end-1, and which has
// just been scanned.
func (s *scanner) name(i, end int) []byte {
	name := s.data[i+1 : end-1]
	if s.flags&sawEscape != 0 {
		return unquote(name)
	}
	return name
}

// unquote resolves the escapes of a scanned string. An unpaired surrogate
// becomes U+FFFD, as an invalid escape does.
func unquote(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 >= len(s) {
			out = append(out, s[i])
			i++
			continue
		}
		c := s[i+1]
		i += 2
		switch c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, n := unicodeEscape(s[i:])
			out = utf8.AppendRune(out, r)
			i += n
		default:
			out = append(out, c)
		}
	}
	return out
}

// unicodeEscape resolves what follows \u, and a second escape where the two
// make a surrogate pair. It returns how many bytes were used.
func unicodeEscape(s []byte) (rune, int) {
	if len(s) < 4 {
		return utf8.RuneError, len(s)
	}
	r := hex4(s[:4])
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if len(s) >= 10 && s[4] == '\\' && s[5] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(s[6:10])); pair != utf8.RuneError {
			return pair, 10
		}
	}
	return utf8.RuneError, 4
}

// AppendQuoted appends text as a JSON string, escaping no more than JSON asks
// for. Bytes that are not UTF-8 become U+FFFD.
func AppendQuoted(dst, text []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	plain := plainPrefix(text)
	dst = append(dst, text[:plain]...)
	for i := plain; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
		i++
	}
	return append(dst, '"')
}

// AppendCanonical appends v without white space between its tokens and with
// its strings escaped in one way, so that values equal but for their spelling
// have equal texts. Numbers keep their digits and members their order.
func (v Value) AppendCanonical(dst []byte) []byte {
	if v.Canonical() {
		return append(dst, v.Raw...)
	}
	for i := 0; i < len(v.Raw); {
		switch c := v.Raw[i]; c {
		case ' ', '\t', '\r', '\n':
			i++
		case '"':
			end := i + 1
			for v.Raw[end] != '"' {
				if v.Raw[end] == '\\' {
					end++
				}
				end++
			}
			dst = AppendQuoted(dst, unquote(v.Raw[i+1:end]))
			i = end + 1
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}
