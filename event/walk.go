package event

// Members calls f for each member of an object value, in order. It does
// nothing when v is not an object.
func (v Value) Members(f func(name []byte, v Value)) { eachMember(v.Raw, f) }

// First returns the first member of an object with the name, as the JSON
// functions of SQL engines do for repeated names.
func (v Value) First(name string) (found Value) {
	v.members(func(member []byte, value Value) bool {
		if string(member) == name {
			found = value
		}
		return !found.Present()
	})
	return found
}

// Elements calls f for each element of an array value, in order, until f
// returns false. It does nothing when v is not an array.
func (v Value) Elements(f func(v Value) bool) {
	if len(v.Raw) == 0 || v.Raw[0] != '[' {
		return
	}
	s := scanner{data: v.Raw}
	for i := s.space(1); i < len(v.Raw) && v.Raw[i] != ']'; {
		s.flags = 0
		end, err := s.value(i)
		if err != nil || !f(Value{v.Raw[i:end:end], s.flags}) {
			return
		}
		if i = s.space(end); i < len(v.Raw) && v.Raw[i] == ',' {
			i = s.space(i + 1)
		}
	}
}

// eachMember calls f for the members of an object that has been validated as
// part of a record. It does nothing for any other value.
func eachMember(raw []byte, f func(name []byte, v Value)) {
	Value{Raw: raw}.members(func(name []byte, v Value) bool {
		f(name, v)
		return true
	})
}

// members is eachMember until f returns false.
func (v Value) members(f func(name []byte, v Value) bool) {
	raw := v.Raw
	if len(raw) == 0 || raw[0] != '{' {
		return
	}
	s := scanner{data: raw}
	i := s.space(1)
	for i < len(raw) && raw[i] == '"' {
		s.flags = 0
		nameEnd, start, err := s.key(i)
		if err != nil {
			return
		}
		name := s.name(i, nameEnd)
		s.flags = 0
		end, err := s.value(start)
		if err != nil || !f(name, Value{raw[start:end:end], s.flags}) {
			return
		}
		if i = s.space(end); i < len(raw) && raw[i] == ',' {
			i = s.space(i + 1)
		}
	}
}

// Leaves calls f for each string, number, true, false and null in a value at any
// depth, in order, until f returns false. Names of members are not among them. It
// takes time in proportion to the text, however deeply values are nested.
func (v Value) Leaves(f func(v Value) bool) {
	if v.Present() && v.Raw[0] != '{' && v.Raw[0] != '[' {
		f(v)
		return
	}
	s := scanner{data: v.Raw}
	for i := s.space(0); i < len(v.Raw); i = s.space(i) {
		switch v.Raw[i] {
		case '{', '}', '[', ']', ',', ':':
			i++
			continue
		}
		s.flags = 0
		end, err := s.value(i)
		if err != nil {
			return
		}
		leaf := Value{v.Raw[i:end:end], s.flags}
		i = end
		if named := s.space(end); leaf.IsString() && named < len(v.Raw) && v.Raw[named] == ':' {
			continue
		}
		if !f(leaf) {
			return
		}
	}
}
