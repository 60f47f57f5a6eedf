package record

import (
	"bytes"
	"encoding/xml"
	"strings"
)

// element is an XML element.
type element struct {
	name     string
	space    string // its namespace, if it declares one
	text     string
	children []*element
}

// maxElements exceeds the number of elements in the largest answer that CloudTrail keeps.
const maxElements = 10_000

// decodeXML decodes one document. It returns nil for invalid XML.
func decodeXML(body []byte) *element {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	var open []*element
	for count := 0; count < maxElements; {
		token, err := decoder.Token()
		if err != nil {
			return nil
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(open) == maxDepth {
				return nil
			}
			e := &element{name: token.Name.Local, space: namespace(token)}
			if len(open) > 0 {
				parent := open[len(open)-1]
				parent.children = append(parent.children, e)
			}
			open = append(open, e)
			count++
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(token)
			}
		case xml.EndElement:
			last := open[len(open)-1]
			if len(last.children) > 0 {
				last.text = ""
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return last
			}
		}
	}
	return nil
}

func namespace(start xml.StartElement) string {
	for _, attribute := range start.Attr {
		if attribute.Name.Space == "" && attribute.Name.Local == "xmlns" {
			return attribute.Value
		}
	}
	return ""
}

func (e *element) child(name string) *element {
	if e == nil {
		return nil
	}
	for _, child := range e.children {
		if strings.EqualFold(child.name, name) {
			return child
		}
	}
	return nil
}

// value returns the text of the child with that name, "" if there is none.
func (e *element) value(name string) string {
	if child := e.child(name); child != nil {
		return strings.TrimSpace(child.text)
	}
	return ""
}

// literal converts an element as CloudTrail does without a model: elements become
// members, repeated ones a list, and the types of values are guessed.
func (e *element) literal() tree {
	if len(e.children) == 0 && e.space == "" {
		return guess(e.text)
	}
	members := object{}
	members.addText("xmlns", e.space)
	for _, child := range e.children {
		value := child.literal()
		switch earlier := members.get(child.name).(type) {
		case nil:
			members.add(child.name, value)
		case list:
			members.set(child.name, append(earlier, value))
		default:
			members.set(child.name, list{earlier, value})
		}
	}
	if text := strings.TrimSpace(e.text); text != "" {
		members.add("content", guess(text))
	}
	return members
}

// guess converts a text to the type it looks like.
func guess(text string) tree {
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	if isNumber(text) {
		return number(text)
	}
	return text
}

// isNumber reports whether text is a JSON number without an exponent.
func isNumber(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if len(digits) > 18 || whole == "" || len(whole) > 1 && whole[0] == '0' || point && fraction == "" {
		return false
	}
	return strings.Trim(whole+fraction, "0123456789") == ""
}
