package record

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// scalarsText lists the members that are booleans, numbers or times in the models of
// services whose protocol has only texts (botocore 1.43.11). Members of several
// types, such as Value, are not in it.
//
//go:embed scalars.txt
var scalarsText string

var scalars = sync.OnceValue(func() map[string]string {
	kinds := map[string]string{}
	kind := ""
	for line := range strings.Lines(scalarsText) {
		if name, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), " "); ok {
			kinds[name] = kind
		} else {
			kind = strings.TrimSpace(line)
		}
	}
	return kinds
})

// speller converts the names and values of an API to those of CloudTrail.
type speller struct {
	op operation.Operation
	// words says that the protocol has only texts, so that types must be derived from
	// names.
	words bool
	// asIs keeps names and values, except secrets.
	asIs bool
	// answer says that the values are those of an answer.
	answer bool
	// secrets, unless nil, collects the hidden texts.
	secrets *[]string
	// millis writes times as EC2's older operations do.
	millis bool
}

func (s speller) side() operation.Side {
	if s.answer {
		return operation.Output
	}
	return operation.Input
}

// spell converts the value at a path to CloudTrail's format.
func (s speller) spell(t tree, path ...string) tree {
	name := ""
	if len(path) > 0 {
		name = path[len(path)-1]
	}
	switch t := t.(type) {
	case object:
		if len(path) > 0 && s.op.MapMember(path...) {
			return s.entries(t, path)
		}
		return s.members(t, path)
	case list:
		for i := range t {
			if element, ok := t[i].(object); ok {
				t[i] = s.members(element, path)
			} else {
				t[i] = s.spell(t[i], path...)
			}
		}
		return t
	case string:
		if s.words && !s.asIs {
			return s.word(lowerFirst(name), t)
		}
	case number:
		if s.asIs {
			return t
		}
		if seconds, err := strconv.ParseFloat(string(t), 64); err == nil && namesTime(name) && seconds > 1e8 && seconds < 1e10 {
			return date(time.UnixMilli(int64(seconds * 1000)))
		}
	}
	return t
}

func (s speller) members(o object, path []string) tree {
	spelled := o[:0]
	for _, m := range o {
		value, keep := s.shown(m.name, m.value, path)
		if !keep || value == nil { // SDKs do not send absent members
			continue
		}
		name := m.name
		if !s.asIs && !capitalized(s.op.EventSource) {
			name = lowerFirst(name)
		}
		spelled = append(spelled, member{name, s.spell(value, append(path, m.name)...)})
	}
	return spelled.unique()
}

// entries converts the entries of a map. Its keys are user data and say nothing about
// types. It may also be a structure: the model uses some names for both.
func (s speller) entries(o object, path []string) tree {
	for i, m := range o {
		switch {
		case !inTags(path) && hasText(m.value) && (namesSecret(m.name) && isLeaf(m.value) || s.op.Sensitive(s.side(), m.name, path...)):
			if s.secrets != nil {
				gather(m.value, s.secrets)
			}
			o[i].value = hidden
		case !isLeaf(m.value):
			o[i].value = s.spell(m.value, append(path, m.name)...)
		}
	}
	return o
}

// capitalized reports whether a service's records keep the API's capital letters.
func capitalized(source string) bool {
	switch source {
	case "account.amazonaws.com", "cloudshell.amazonaws.com", "detective.amazonaws.com",
		"devops-guru.amazonaws.com", "resource-explorer-2.amazonaws.com", "securityhub.amazonaws.com":
		return true
	}
	return false
}

// word converts a text to the type that its name implies.
func (s speller) word(name, text string) tree {
	switch kind := scalars()[name]; {
	case kind == "boolean" && (text == "true" || text == "false"):
		return text == "true"
	case kind == "number" && isNumber(text):
		return number(text)
	case kind == "time" || namesTime(name):
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return text
		}
		if s.millis {
			return number(strconv.FormatInt(at.UnixMilli(), 10))
		}
		return date(at)
	}
	return text
}

func namesTime(name string) bool {
	for _, end := range []string{"Date", "Time", "At", "Timestamp", "Expiration", "After", "Before", "date", "time", "timestamp", "expiration"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// date formats a time as in most services' records.
func date(t time.Time) string { return t.UTC().Format("Jan 2, 2006 3:04:05 PM") }
