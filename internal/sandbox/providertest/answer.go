package providertest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
)

// answer is an answer, or one that is wanted. In a wanted one ${*} stands for any text,
// and ${name} for a text that is the same wherever the name is; a value that is "${*}"
// stands for any value. The members JSON and XML are trees as encoding/json has them,
// without the ids of requests; an element of XML is an object with its name, whose value
// is the text or the list of elements in it.
type answer struct {
	Status int
	Header map[string]string // those that matter
	JSON   any
	XML    any
	Text   string
}

// decode makes an answer of what an endpoint sent.
func decode(from *http.Response, text []byte) (a answer, err error) {
	a = answer{Status: from.StatusCode, Header: map[string]string{}}
	for name := range from.Header {
		a.Header[name] = from.Header.Get(name)
	}
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0:
	case from.Header.Get("Content-Type") == "application/cbor":
		var value any
		mode, err := cbor.DecOptions{DefaultMapType: reflect.TypeFor[map[string]any]()}.DecMode()
		if err != nil {
			return a, err
		}
		if err := mode.Unmarshal(text, &value); err != nil {
			return a, fmt.Errorf("read CBOR: %w", err)
		}
		if text, err = json.Marshal(value); err != nil {
			return a, err
		}
		return a, json.Unmarshal(text, &a.JSON)
	case text[0] == '<':
		a.XML, err = tree(xml.NewDecoder(bytes.NewReader(text)))
		return a, err
	default:
		if json.Unmarshal(text, &a.JSON) != nil {
			a.Text = string(text)
		}
	}
	return a, nil
}

// tree reads the next element with all that is in it.
func tree(d *xml.Decoder) (any, error) {
	for {
		token, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read XML: %w", err)
		}
		if begin, ok := token.(xml.StartElement); ok {
			return element(d, begin.Name.Local)
		}
	}
}

func element(d *xml.Decoder, name string) (any, error) {
	var inside []any
	var text strings.Builder
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("read XML: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			child, err := element(d, token.Name.Local)
			if err != nil {
				return nil, err
			}
			inside = append(inside, child)
		case xml.CharData:
			text.Write(token)
		case xml.EndElement:
			if inside != nil {
				return map[string]any{name: inside}, nil
			}
			return map[string]any{name: text.String()}, nil
		}
	}
}

// elements returns the members that are texts of the elements of that name in the
// outermost one.
func (a answer) elements(name string) (list []map[string]string) {
	root, _ := a.XML.(map[string]any)
	for _, inside := range root {
		children, _ := inside.([]any)
		for _, child := range children {
			members, ok := child.(map[string]any)[name].([]any)
			if !ok {
				continue
			}
			texts := map[string]string{}
			for _, member := range members {
				for name, value := range member.(map[string]any) {
					texts[name], _ = value.(string)
				}
			}
			list = append(list, texts)
		}
	}
	return list
}

// code returns the error code of an answer, "" if it has none.
func (a answer) code() string {
	text, err := json.Marshal([]any{a.JSON, a.XML})
	if err != nil {
		return ""
	}
	found := regexp.MustCompile(`"(?:__type|Code|code)":"(?:[^"#]*#)?([A-Za-z.]+)"`).FindSubmatch(text)
	if found == nil {
		return ""
	}
	return string(found[1])
}

// values are what names stand for.
type values map[string]string

func placeholder() *regexp.Regexp { return regexp.MustCompile(`\$\{([a-z0-9]+|\*)\}`) }

// fill puts in what the names in a text stand for. A name that stands for nothing is
// left, so that the call fails.
func (v values) fill(text string) string {
	return placeholder().ReplaceAllStringFunc(text, func(name string) string {
		if value, ok := v[name[2:len(name)-1]]; ok {
			return value
		}
		return name
	})
}

// match returns how an answer is not as wanted, or nil. Names that stand for nothing
// yet stand for what is in this answer from then on.
func (v values) match(want, got answer) error {
	learned := maps.Clone(v)
	got.JSON, got.XML = withoutIDs(got.JSON), withoutIDs(got.XML)
	got.JSON, got.XML = learned.rename(want.JSON, got.JSON), learned.rename(want.XML, got.XML)
	got.Text = learned.renameText(want.Text, got.Text)
	maps.DeleteFunc(got.Header, func(name, _ string) bool { _, wanted := want.Header[name]; return !wanted })
	if want.Header == nil {
		want.Header = map[string]string{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return errors.New("the answer is not as wanted (-) but (+):\n" + diff)
	}
	maps.Copy(v, learned)
	return nil
}

// withoutIDs removes the ids of requests, and what is empty then.
func withoutIDs(v any) any {
	switch v := v.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, member := range v {
			if name != "RequestId" && name != "HostId" {
				kept[name] = withoutIDs(member)
			}
		}
		return kept
	case []any:
		kept := []any{}
		for _, element := range v {
			if m, ok := withoutIDs(element).(map[string]any); !ok || len(m) > 0 {
				kept = append(kept, withoutIDs(element))
			}
		}
		return kept
	}
	return v
}

// rename puts the placeholders of a wanted value into one that matches them.
func (v values) rename(want, got any) any {
	switch want := want.(type) {
	case string:
		if want == "${*}" && got != nil {
			return want
		}
		if text, ok := got.(string); ok {
			return v.renameText(want, text)
		}
	case []any:
		if list, ok := got.([]any); ok && len(list) == len(want) {
			renamed := slices.Clone(list)
			for i := range renamed {
				renamed[i] = v.rename(want[i], renamed[i])
			}
			return renamed
		}
	case map[string]any:
		if object, ok := got.(map[string]any); ok {
			renamed := maps.Clone(object)
			for name, member := range want {
				if value, has := renamed[name]; has {
					renamed[name] = v.rename(member, value)
				}
			}
			return renamed
		}
	}
	return got
}

func (v values) renameText(want, got string) string {
	if !strings.Contains(want, "${") {
		return got
	}
	var names []string
	var pattern strings.Builder
	last := 0
	for _, at := range placeholder().FindAllStringSubmatchIndex(want, -1) {
		name := want[at[2]:at[3]]
		pattern.WriteString(regexp.QuoteMeta(want[last:at[0]]))
		last = at[1]
		value, known := v[name]
		switch {
		case name == "*":
			pattern.WriteString("(?s:.*)")
		case known:
			pattern.WriteString(regexp.QuoteMeta(value))
		default:
			names = append(names, name)
			pattern.WriteString("([A-Za-z0-9-]+)")
		}
	}
	pattern.WriteString(regexp.QuoteMeta(want[last:]))
	found := regexp.MustCompile("^" + pattern.String() + "$").FindStringSubmatch(got)
	if found == nil {
		return got
	}
	for i, name := range names {
		if known, ok := v[name]; ok && known != found[i+1] {
			return got
		}
		v[name] = found[i+1]
	}
	return want
}
