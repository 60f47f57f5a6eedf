package lake

import (
	"errors"
	"fmt"

	"github.com/cerpac/trailkeeper/event"
)

// derivedProof derives the derived columns of a block again, from the columns
// that hold the record.
type derivedProof struct {
	block  *Block
	people map[uint32]*provenPerson // by code of the column user_identity
	actors map[actor]string         // principals

	text []byte
	list []byte
	rec  event.Record
}

// provenPerson is what follows from one userIdentity.
type provenPerson struct {
	identity       event.Identity
	kind, username string
}

func newDerivedProof(b *Block) *derivedProof {
	return &derivedProof{block: b, people: map[uint32]*provenPerson{}, actors: map[actor]string{}}
}

// prove returns an error if a derived column of a row has another value.
func (d *derivedProof) prove(row int) error {
	b := d.block
	person, principal := d.actor(row)
	for _, c := range [...]struct {
		column int
		want   string
	}{{colPrincipal, principal}, {colPrincipalKind, person.kind}, {colUsername, person.username}} {
		if got := b.text[c.column].get(row); (got == nil) != (c.want == "") || string(got) != c.want {
			return differsDerived(textColumns()[c.column].Name)
		}
	}
	failed, err := d.failed(row)
	if err != nil {
		return err
	}
	if b.bools[boolFailed][row] != boolCell(failed, true) {
		return differsDerived(boolColumns()[boolFailed].Name)
	}
	value := func(column int) event.Value { return event.Value{Raw: b.text[column].get(row)} }
	resources := event.ResourcesOf(b.text[colEventSource].get(row), value(colResources), value(colRequest), value(colResponse))
	for i, appendTo := range [...]func([]byte, []event.Resource) []byte{listResourceNames: appendNames, listResourceTypes: appendTypes} {
		d.list = appendTo(d.list[:0], resources)
		if got := b.lists[i].get(row); got == nil || string(got) != string(d.list) {
			return differsDerived(listColumns()[i].Name)
		}
	}
	return nil
}

func differsDerived(column string) error {
	return fmt.Errorf("column %s is not what follows from the record", column)
}

// actor returns who acted in the event of a row, and the principal's name.
func (d *derivedProof) actor(row int) (*provenPerson, string) {
	b := d.block
	of := b.actor(row)
	person := d.people[of.identity]
	if person == nil {
		person = &provenPerson{}
		person.identity.DecodeText(b.text[colUserIdentity].value(of.identity))
		person.kind, person.username = string(person.identity.Principal(nil).Kind), person.identity.Username()
		d.people[of.identity] = person
	}
	principal, known := d.actors[of]
	if !known {
		principal = person.identity.Principal(b.text[colAWSRegion].value(of.region)).Name
		d.actors[of] = principal
	}
	return person, principal
}

// failed reports whether the event of a row failed. A call without an error and
// without members that columns do not hold has not; of all others, and of
// sign-ins, the record is put together.
func (d *derivedProof) failed(row int) (bool, error) {
	b := d.block
	null := func(column int) bool { return b.text[column].codes[row] == 0 }
	if null(colErrorCode) && null(colErrorMessage) && null(colExtra) &&
		string(b.text[colEventSource].get(row)) != "signin.amazonaws.com" && string(b.text[colEventType].get(row)) != "AwsConsoleSignIn" {
		return false, nil
	}
	r := b.row(row)
	var err error
	if d.text, err = r.AppendJSON(d.text[:0]); err != nil {
		return false, err
	}
	if n, err := d.rec.Decode(d.text); err != nil || n != len(d.text) {
		return false, errors.New("the row gives back what is no JSON object")
	}
	return d.rec.Failed(), nil
}
