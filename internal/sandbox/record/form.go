package record

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxPairs is the maximum number of parameters in a form. Longer forms take too long
// to decode.
const maxPairs = 5000

// decodeForm decodes parameters of the query protocol, such as
// Tags.member.1.Key=Team, to nested objects. Indexes are still member names.
func decodeForm(texts ...string) object {
	members := object{}
	for _, text := range texts {
		if strings.Count(text, "&") > maxPairs {
			return tooMany(len(text))
		}
		for pair := range strings.SplitSeq(text, "&") {
			name, value, _ := strings.Cut(pair, "=")
			name, err := url.QueryUnescape(name)
			if err != nil || name == "" || unspoken(name) || strings.Count(name, ".") > maxDepth {
				continue
			}
			if value, err = url.QueryUnescape(value); err == nil {
				members.place(strings.Split(name, "."), value)
			}
		}
	}
	return members
}

// unspoken reports whether a parameter belongs to the request, not to the operation.
func unspoken(name string) bool {
	switch name {
	case "Action", "Version", "AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp", "SecurityToken":
		return true
	}
	return len(name) > 6 && strings.EqualFold(name[:6], "X-Amz-")
}

// place sets the value at a path.
func (o *object) place(path []string, value string) {
	if len(path) == 1 {
		o.set(path[0], value)
		return
	}
	inner, _ := o.get(path[0]).(object)
	inner.place(path[1:], value)
	o.set(path[0], inner)
}

// elements returns the values of an object whose names are all indexes, by index.
func (o object) elements() (list, bool) {
	if len(o) == 0 {
		return nil, false
	}
	for _, m := range o {
		if _, err := strconv.ParseUint(m.name, 10, 32); err != nil {
			return nil, false
		}
	}
	sorted := slices.Clone(o)
	slices.SortStableFunc(sorted, func(a, b member) int {
		x, _ := strconv.Atoi(a.name)
		y, _ := strconv.Atoi(b.name)
		return x - y
	})
	values := make(list, len(sorted))
	for i, m := range sorted {
		values[i] = m.value
	}
	return values, true
}

// unflatten restores lists and maps from their flat forms in the query protocol:
// Names.member.1, Names.Name.1, Name.1, Attributes.entry.1.key.
func unflatten(form object) object {
	for i := range form {
		form[i].value = unflattened(form[i].value)
	}
	return form
}

func unflattened(t tree) tree {
	members, ok := t.(object)
	if !ok {
		return t
	}
	values, isList := members.elements()
	if !isList && len(members) == 1 {
		if inner, ok := members[0].value.(object); ok {
			if values, isList = inner.elements(); isList && members[0].name == "entry" {
				return entries(values)
			}
		}
	}
	if isList {
		for i := range values {
			values[i] = unflattened(values[i])
		}
		return values
	}
	for i := range members {
		members[i].value = unflattened(members[i].value)
	}
	return members
}

// entries returns a map from its list of keys and values.
func entries(values list) tree {
	members := object{}
	for _, value := range values {
		entry, _ := value.(object)
		key, found := entry.get("key").(string)
		if !found {
			key = entry.text("Name")
		}
		held := entry.get("value")
		if held == nil {
			held = entry.get("Value")
		}
		members.set(key, unflattened(held))
	}
	return members
}
