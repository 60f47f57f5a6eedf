package result

import (
	"encoding/base64"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends a value as JSON and returns the extended slice.
//
// Numbers keep every digit, whatever their size. JSON has no NaN or infinity:
// these become the strings "NaN", "Infinity" and "-Infinity". Bytes become
// base64. A map becomes an object whose keys are the text of its keys.
func AppendJSON(dst []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case uint64:
		return strconv.AppendUint(dst, v, 10)
	case *big.Int:
		return v.Append(dst, 10)
	case Decimal:
		return append(dst, v.String()...)
	case float64:
		return appendJSONFloat(dst, v, 64)
	case float32:
		return appendJSONFloat(dst, float64(v), 32)
	case string:
		return AppendJSONString(dst, v)
	case JSON:
		return appendRawJSON(dst, string(v))
	case Literal:
		return AppendJSONString(dst, string(v))
	case []byte:
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), v), '"')
	case Timestamp:
		return append(v.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
	case Date:
		return append(v.AppendFormat(append(dst, '"'), time.DateOnly), '"')
	default:
		return appendNested(dst, value)
	}
}

func appendNested(dst []byte, value any) []byte {
	switch v := value.(type) {
	case []any:
		dst = append(dst, '[')
		for i, element := range v {
			dst = AppendJSON(appendComma(dst, i), element)
		}
		return append(dst, ']')
	case Struct:
		dst = append(dst, '{')
		for i, field := range v {
			dst = append(AppendJSONString(appendComma(dst, i), field.Name), ':')
			dst = AppendJSON(dst, field.Value)
		}
		return append(dst, '}')
	case Map:
		dst = append(dst, '{')
		for i, entry := range v {
			dst = append(AppendJSONString(appendComma(dst, i), Text(entry.Key)), ':')
			dst = AppendJSON(dst, entry.Value)
		}
		return append(dst, '}')
	}
	return AppendJSONString(dst, fmt.Sprint(value))
}

func appendComma(dst []byte, index int) []byte {
	if index > 0 {
		return append(dst, ',')
	}
	return dst
}

func appendJSONFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return AppendJSONString(dst, floatText(f, bits))
	}
	return appendFloat(dst, f, bits)
}

// appendRawJSON appends JSON text on one line, with its numbers and escapes as
// they are. Control characters that JSON would allow as they are in strings are
// escaped.
func appendRawJSON(dst []byte, text string) []byte {
	done := 0 // text[:done] is in dst
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= ' ' && c < 0x7f || c > 0x7f && c != 0xc2 {
			continue
		}
		switch {
		case c < ' ': // between values; not allowed in strings
			dst = append(dst, text[done:i]...)
			done = i + 1
		case c == 0x7f:
			dst = appendUnicode(append(dst, text[done:i]...), rune(c))
			done = i + 1
		case i+1 < len(text) && text[i+1] < 0xa0: // U+0080 to U+009F
			dst = appendUnicode(append(dst, text[done:i]...), rune(text[i+1]))
			done = i + 2
		}
	}
	return append(dst, text[done:]...)
}

// AppendJSONString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD;
// control characters, DEL and the C1 controls are escaped, so that output read
// on a terminal cannot steer it. <, > and & stay as they are.
func AppendJSONString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	done := 0 // s[:done] is in dst
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		if r >= 0xa0 && r != 0x2028 && r != 0x2029 && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		dst = append(dst, s[done:i]...)
		dst = appendEscaped(dst, r)
		i += size
		done = i
	}
	dst = append(dst, s[done:]...)
	return append(dst, '"')
}

func appendEscaped(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\n':
		return append(dst, '\\', 'n')
	case '\t':
		return append(dst, '\\', 't')
	case utf8.RuneError:
		return utf8.AppendRune(dst, r)
	}
	return appendUnicode(dst, r)
}

// appendUnicode appends the escape of a character below U+10000.
func appendUnicode(dst []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[r>>12], digits[r>>8&0xf], digits[r>>4&0xf], digits[r&0xf])
}
