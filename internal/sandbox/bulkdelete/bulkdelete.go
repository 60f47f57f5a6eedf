// Package bulkdelete parses requests and answers of S3's DeleteObjects.
//
// Requests are parsed strictly: if two parsers could read different keys from one, it
// is an error.
package bulkdelete

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxKeys and MaxBody limit a request: the number of keys that S3 accepts, and the
// length of the body in bytes.
const (
	MaxKeys = 1000
	MaxBody = 2 << 20
)

// Object is an object to delete. Version is "" if the request names none.
type Object struct{ Key, Version string }

// Parse parses the document of a request.
func Parse(document []byte) ([]Object, error) {
	p := parser{xml.NewDecoder(bytes.NewReader(document))}
	var objects []Object
	err := p.root("Delete", func(name string) error {
		if name != "Object" {
			return p.other(name, "Object", "Quiet")
		}
		if len(objects) == MaxKeys {
			return fmt.Errorf("more than %d keys", MaxKeys)
		}
		object, err := p.object()
		objects = append(objects, object)
		return err
	})
	if err == nil && len(objects) == 0 {
		err = errors.New("no keys")
	}
	if err != nil {
		return nil, fmt.Errorf("read deletion of objects: %w", err)
	}
	return objects, nil
}

type parser struct{ *xml.Decoder }

// root parses the only element of the document.
func (p parser) root(name string, child func(name string) error) error {
	for {
		token, err := p.Token()
		if errors.Is(err, io.EOF) {
			return errors.New("no document")
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if _, directive := token.(xml.Directive); directive {
			return errors.New("it declares a document type")
		}
		if !ok {
			continue
		}
		if start.Name.Local != name {
			return fmt.Errorf("the document is %q, not %q", start.Name.Local, name)
		}
		if err := p.children(child); err != nil {
			return err
		}
		return p.end()
	}
}

// end accepts only white space and comments.
func (p parser) end() error {
	for {
		token, err := p.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, ok := token.(xml.StartElement); ok {
			return errors.New("more than one document")
		}
	}
}

// children calls child for each element up to the end of the open one. child must
// consume its element.
func (p parser) children(child func(name string) error) error {
	for {
		token, err := p.Token()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if err := child(token.Name.Local); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

func (p parser) object() (o Object, err error) {
	seen := map[string]bool{}
	err = p.children(func(name string) error {
		if name != "Key" && name != "VersionId" {
			return p.other(name, "Key", "VersionId")
		}
		if seen[name] {
			return fmt.Errorf("an object with two of %q", name)
		}
		seen[name] = true
		text, err := p.text()
		if name == "Key" {
			o.Key = text
		} else {
			o.Version = text
		}
		return err
	})
	if err == nil && o.Key == "" {
		err = errors.New("an object without a key")
	}
	return o, err
}

// text returns the text of an element without child elements.
func (p parser) text() (string, error) {
	var b strings.Builder
	for {
		token, err := p.Token()
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.CharData:
			b.Write(token)
		case xml.EndElement:
			return b.String(), nil
		default: // some parsers end the text here
			return "", errors.New("a key with markup in it")
		}
	}
}

// other skips an element that is none of names, not even in another case, because some
// parsers ignore case.
func (p parser) other(name string, names ...string) error {
	for _, known := range names {
		if name != known && strings.EqualFold(name, known) {
			return fmt.Errorf("an element %q, which differs only in case from %q", name, known)
		}
	}
	return p.Skip()
}
