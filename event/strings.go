package event

import "bytes"

// level is an open object or array. In an array, name is that of its elements.
type level struct {
	open byte
	name []byte
}

// eachString calls f for each string in a container, at any depth, in the order
// of the text, with the name of the member it belongs to. The element of an
// array has the array's name without a final s. It takes time linear in the
// length of the text, which must be part of a decoded record.
func eachString(raw []byte, f func(name []byte, v Value)) {
	if len(raw) == 0 || raw[0] != '{' && raw[0] != '[' {
		return
	}
	s := scanner{data: raw}
	var few [16]level
	open := few[:0]
	var name []byte
	for i := 0; i < len(raw); {
		switch c := raw[i]; c {
		case '{':
			open = append(open, level{open: c})
			i = s.space(i + 1)
		case '[':
			name = bytes.TrimSuffix(name, []byte("s"))
			open = append(open, level{c, name})
			i = s.space(i + 1)
		case '}', ']':
			if open = open[:len(open)-1]; len(open) == 0 {
				return
			}
			name = open[len(open)-1].name
			i = s.space(i + 1)
		case ',':
			i = s.space(i + 1)
		case '"':
			s.flags = 0
			end, err := s.str(i)
			if err != nil {
				return
			}
			next := s.space(end)
			if next < len(raw) && raw[next] == ':' {
				name = s.name(i, end)
				i = s.space(next + 1)
				continue
			}
			f(name, Value{raw[i:end:end], s.flags})
			i = next
		default:
			end, err := s.scalar(i)
			if err != nil {
				return
			}
			i = s.space(end)
		}
	}
}
