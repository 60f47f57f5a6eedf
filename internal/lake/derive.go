package lake

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/cerpac/trailkeeper/event"
)

// A list is held in memory as the lengths and the texts of its items, in turn.
// So lists are values of a textColumn, and equal lists are kept once.

// appendItem appends an item to a list.
func appendItem(list []byte, item string) []byte {
	return append(binary.AppendUvarint(list, uint64(len(item))), item...)
}

// eachItem calls f for each item of a list.
func eachItem(list []byte, f func(item []byte)) {
	for len(list) > 0 {
		length, n := binary.Uvarint(list)
		end := n + int(length)
		f(list[n:end:end])
		list = list[end:]
	}
}

// appendDistinct appends what of says of each resource, once, to a list.
func appendDistinct(list []byte, resources []event.Resource, of func(*event.Resource) string) []byte {
	var few [16]string
	known, more := few[:0], map[string]bool(nil)
	for i := range resources {
		item := of(&resources[i])
		if item == "" || slices.Contains(known, item) || more[item] {
			continue
		}
		if len(known) < len(few) {
			known = append(known, item)
		} else if more == nil {
			more = map[string]bool{item: true}
		} else {
			more[item] = true
		}
		list = appendItem(list, item)
	}
	return list
}

func appendNames(list []byte, resources []event.Resource) []byte {
	return appendDistinct(list, resources, func(r *event.Resource) string { return r.Name })
}

func appendTypes(list []byte, resources []event.Resource) []byte {
	return appendDistinct(list, resources, func(r *event.Resource) string { return r.Type })
}

// orNull returns a text, or nil for an empty one.
func orNull(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}

// derived completes the row with what package event says of the record. Actors
// occur in many records, so their names are cached by their codes.
func (e *encoder) derived() {
	b := e.block
	row := len(b.text[colUserIdentity].codes) - 1
	of := b.actor(row)
	for _, column := range [...]int{colPrincipalKind, colUsername} {
		b.text[column].codes = append(b.text[column].codes, b.people[of.identity].codes[column-firstDerived])
	}
	code, known := b.actors[of]
	if !known {
		var who event.Identity
		who.DecodeText(b.text[colUserIdentity].value(of.identity))
		if name := orNull(who.Principal(e.record.Text(event.AWSRegion)).Name); name != nil {
			code = b.text[colPrincipal].code(name)
		}
		b.actors[of] = code
	}
	b.text[colPrincipal].codes = append(b.text[colPrincipal].codes, code)
	b.bools[boolFailed] = append(b.bools[boolFailed], boolCell(e.record.Failed(), true))
	resources := e.record.Resources()
	b.scratch = appendNames(b.scratch[:0], resources)
	b.lists[listResourceNames].add(b.scratch)
	b.scratch = appendTypes(b.scratch[:0], resources)
	b.lists[listResourceTypes].add(b.scratch)
}

// facts are the derived values of one record.
type facts struct {
	text         [numText][]byte // those of derivedTexts
	failed       int8
	names, types []byte
}

// derivedTexts returns the text columns that package event derives.
func derivedTexts() [3]int { return [...]int{colPrincipal, colPrincipalKind, colUsername} }

func factsOf(r *event.Record) (f facts) {
	var who event.Identity
	who.Decode(r.Get(event.UserIdentity))
	principal := who.Principal(r.Text(event.AWSRegion))
	f.text[colPrincipal] = orNull(principal.Name)
	f.text[colPrincipalKind] = []byte(principal.Kind)
	f.text[colUsername] = orNull(who.Username())
	f.failed = boolCell(r.Failed(), true)
	resources := r.Resources()
	f.names, f.types = appendNames([]byte{}, resources), appendTypes([]byte{}, resources)
	return f
}

// differs returns the name of a derived column of a row that has another value,
// or "".
func (f *facts) differs(row *Row) string {
	for _, column := range derivedTexts() {
		if !sameText(f.text[column], row.text[column]) {
			return textColumns()[column].Name
		}
	}
	if f.failed != row.bools[boolFailed] {
		return boolColumns()[boolFailed].Name
	}
	for i, want := range [...][]byte{listResourceNames: f.names, listResourceTypes: f.types} {
		if !sameText(want, row.lists[i]) {
			return listColumns()[i].Name
		}
	}
	return ""
}

// sameText compares texts of which nil is NULL.
func sameText(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// derive fills the derived columns of a block that was read from a part of an
// older schema.
func (b *Block) derive(ctx context.Context) error {
	made := NewBlock(nil)
	var text []byte
	var rec event.Record
	for i := range b.Rows() {
		if i%readBatch == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		row := b.row(i)
		var err error
		if text, err = row.AppendJSON(text[:0]); err != nil {
			return err
		}
		if n, err := rec.Decode(text); err != nil || n != len(text) {
			return row.damaged(errors.New("the row gives back what is no JSON object"))
		}
		f := factsOf(&rec)
		for _, column := range derivedTexts() {
			made.text[column].addOrNull(f.text[column])
		}
		made.bools[boolFailed] = append(made.bools[boolFailed], f.failed)
		made.lists[listResourceNames].add(f.names)
		made.lists[listResourceTypes].add(f.types)
	}
	for _, column := range derivedTexts() {
		b.text[column] = made.text[column]
	}
	b.bools[boolFailed], b.lists = made.bools[boolFailed], made.lists
	b.measure()
	return nil
}
