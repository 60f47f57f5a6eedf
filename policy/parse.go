package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Parse parses a document. Its error gives line and column.
//
// Unknown and repeated members are errors: a reader that ignored them could misread the
// policy.
func Parse(text []byte) (Document, error) {
	r := &reader{dec: json.NewDecoder(bytes.NewReader(text)), text: text}
	r.dec.UseNumber()
	d, err := r.document()
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return Document{}, fmt.Errorf("parse policy: line %d, column %d: %w", r.line(), r.column(), err)
	}
	return d, nil
}

// reader reads the tokens of a JSON text and keeps track of the position.
type reader struct {
	dec  *json.Decoder
	text []byte
	at   int // offset of the last token
}

func (r *reader) line() int   { return 1 + bytes.Count(r.text[:r.at], []byte("\n")) }
func (r *reader) column() int { return r.at - bytes.LastIndexByte(r.text[:r.at], '\n') }

func (r *reader) next() (json.Token, error) {
	r.at = int(r.dec.InputOffset())
	for r.at < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text[r.at]) >= 0 {
		r.at++
	}
	token, err := r.dec.Token()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the text ends early")
	}
	return token, err
}

func (r *reader) end() error {
	r.at = int(r.dec.InputOffset())
	if rest := bytes.TrimLeft(r.text[r.at:], " \t\r\n"); len(rest) > 0 {
		r.at = len(r.text) - len(rest)
		return errors.New("there is text after the policy")
	}
	return nil
}

// object calls member for each member of an object whose "{" was read; member reads the
// value. Names that fold makes equal count as repeated.
func (r *reader) object(fold func(string) string, member func(name string) error) error {
	seen := map[string]bool{}
	for {
		token, err := r.next()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return nil // "}"
		}
		if seen[fold(name)] {
			return fmt.Errorf("%q is repeated", name)
		}
		seen[fold(name)] = true
		if err := member(name); err != nil {
			return err
		}
	}
}

func exact(name string) string { return name }

// open reads the "{" before an object.
func (r *reader) open(what string) error {
	token, err := r.next()
	if err == nil && token != json.Delim('{') {
		err = fmt.Errorf("%s is not an object", what)
	}
	return err
}

func (r *reader) string(what string, target *string) error {
	token, err := r.next()
	if err != nil {
		return err
	}
	text, ok := token.(string)
	if !ok {
		return fmt.Errorf("%s is not a string", what)
	}
	*target = text
	return nil
}

// values reads a scalar or an array of scalars.
func (r *reader) values(what string, target *Values) error {
	token, err := r.next()
	if err != nil {
		return err
	}
	if token != json.Delim('[') {
		*target = Values{""}
		return scalar(what, token, &(*target)[0])
	}
	*target = Values{}
	for {
		token, err := r.next()
		if err != nil {
			return err
		}
		if token == json.Delim(']') {
			return nil
		}
		var value string
		if err := scalar(what, token, &value); err != nil {
			return err
		}
		*target = append(*target, value)
	}
}

// scalar stores the text of a token. Conditions may have numbers and booleans.
func scalar(what string, token json.Token, target *string) error {
	switch token := token.(type) {
	case string:
		*target = token
	case json.Number:
		*target = token.String()
	case bool:
		*target = fmt.Sprint(token)
	default:
		return fmt.Errorf("%s is neither a string nor an array of strings", what)
	}
	return nil
}

func (r *reader) document() (Document, error) {
	var d Document
	if err := r.open("a policy"); err != nil {
		return d, err
	}
	err := r.object(exact, func(name string) error {
		switch name {
		case "Version":
			if err := r.string(name, &d.Version); err != nil {
				return err
			}
			if d.Version != Version2012 && d.Version != version2008 {
				return fmt.Errorf("unknown version %q", d.Version)
			}
			return nil
		case "Id":
			return r.string(name, &d.ID)
		case "Statement":
			return r.statements(&d.Statements)
		}
		return fmt.Errorf("unknown member %q of a policy", name)
	})
	if err == nil && d.Statements == nil {
		err = errors.New("a policy without Statement")
	}
	return d, err
}

// statements reads one statement or an array of them.
func (r *reader) statements(target *[]Statement) error {
	token, err := r.next()
	if err != nil {
		return err
	}
	many := token == json.Delim('[')
	*target = []Statement{}
	for {
		if many {
			if token, err = r.next(); err != nil {
				return err
			}
			if token == json.Delim(']') {
				return nil
			}
		}
		if token != json.Delim('{') {
			return errors.New("a statement is not an object")
		}
		s, err := r.statement()
		if err != nil {
			return err
		}
		*target = append(*target, s)
		if !many {
			return nil
		}
	}
}

func (r *reader) statement() (Statement, error) {
	var s Statement
	start := r.at
	lists := map[string]*Values{
		"Action": &s.Action, "NotAction": &s.NotAction, "Resource": &s.Resource, "NotResource": &s.NotResource,
	}
	err := r.object(exact, func(name string) error {
		switch name {
		case "Sid":
			return r.string(name, &s.Sid)
		case "Effect":
			return r.string(name, (*string)(&s.Effect))
		case "Principal":
			return r.principals(name, &s.Principal)
		case "NotPrincipal":
			return r.principals(name, &s.NotPrincipal)
		case "Condition":
			return r.conditions(&s.Condition)
		}
		if target := lists[name]; target != nil {
			return r.values(name, target)
		}
		return fmt.Errorf("unknown member %q of a statement", name)
	})
	if err == nil {
		if err = s.check(); err != nil {
			r.at = start
		}
	}
	return s, err
}

// check returns the error with which AWS would refuse the statement, whose members are
// valid.
func (s Statement) check() error {
	switch {
	case s.Effect != Allow && s.Effect != Deny:
		return fmt.Errorf("the Effect of a statement is %q, not Allow or Deny", s.Effect)
	case s.Action != nil && s.NotAction != nil:
		return errors.New("a statement with both Action and NotAction")
	case len(s.Action) == 0 && len(s.NotAction) == 0:
		return errors.New("a statement without Action")
	case s.Resource != nil && s.NotResource != nil:
		return errors.New("a statement with both Resource and NotResource")
	case s.Resource != nil && len(s.Resource) == 0, s.NotResource != nil && len(s.NotResource) == 0:
		return errors.New("a statement whose Resource is empty")
	case s.Principal != nil && s.NotPrincipal != nil:
		return errors.New("a statement with both Principal and NotPrincipal")
	}
	return nil
}

func (r *reader) principals(what string, target *Principals) error {
	token, err := r.next()
	switch {
	case err != nil:
		return err
	case token == everyone:
		*target = Everyone()
		return nil
	case token != json.Delim('{'):
		return fmt.Errorf(`%s is neither "*" nor an object`, what)
	}
	*target = Principals{}
	err = r.object(exact, func(kind string) error {
		switch kind {
		case kindAWS, kindService, kindFederated, kindCanonical:
			var names Values
			if err := r.values(kind, &names); err != nil {
				return err
			}
			(*target)[kind] = names
			return nil
		}
		return fmt.Errorf("unknown kind %q of a principal", kind)
	})
	if err == nil && len(*target) == 0 {
		err = fmt.Errorf("%s is empty", what)
	}
	return err
}

func (r *reader) conditions(target *Conditions) error {
	if err := r.open("Condition"); err != nil {
		return err
	}
	*target = Conditions{}
	return r.object(strings.ToLower, func(name string) error {
		if _, ok := parseOperator(name); !ok {
			return fmt.Errorf("unknown condition operator %q", name)
		}
		if err := r.open(name); err != nil {
			return err
		}
		keys := map[string]Values{}
		(*target)[name] = keys
		return r.object(strings.ToLower, func(key string) error {
			var values Values
			err := r.values(key, &values)
			keys[key] = values
			return err
		})
	})
}
