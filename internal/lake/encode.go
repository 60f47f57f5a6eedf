package lake

import (
	"time"

	"github.com/cerpac/trailkeeper/event"
)

// RecordMember is the member of extra that holds the whole text of a record whose
// strings are not all valid Unicode: its columns, and the other members of extra,
// are as near as they can be.
const RecordMember = "$record"

// Source says where a record was found.
type Source struct {
	LogFile string // as it goes to the column log_file
	Account string // the account in the file's name, or ""
	SHA256  string // as it goes to the column log_file_sha256; "" when it is not known
	Offset  int64  // as it goes to the column log_offset; negative when it is not known
	Proof   Proof  // that the log file is as it was delivered; the zero value when there is none
}

// Proof says that a digest vouches for the content of a log file.
type Proof struct {
	Digest string    // as it goes to the column digest
	At     time.Time // when it was checked
}

// encoder spreads one record over the columns.
type encoder struct {
	block  *Block
	record *event.Record
	nulls  uint64
	extra  []byte // the members of extra so far, without its braces
}

// keep adds a member to extra. Extra has its own buffer, as other columns are
// encoded between two of its members.
func (e *encoder) keep(name string, raw []byte) {
	if e.extra == nil {
		e.extra = append(e.block.extra[:0], '{')
	} else {
		e.extra = append(e.extra, ',')
	}
	e.extra = event.AppendQuoted(e.extra, []byte(name))
	e.extra = append(e.extra, ':')
	e.extra = append(e.extra, raw...)
}

// keepValue adds a documented member to extra unchanged.
func (e *encoder) keepValue(f event.Field, v event.Value) {
	e.keep(f.String(), v.AppendCanonical(nil))
}

func (e *encoder) time(at time.Time) {
	e.block.time = append(e.block.time, at.UnixMicro())
	v := e.record.Get(event.EventTime)
	switch text, ok := v.Text(); {
	case !v.Present():
	case v.IsNull():
		e.nulls |= 1 << event.EventTime
	case !ok || !event.PlainTime(text) || e.record.Get(event.TimeWindow).Present():
		e.keepValue(event.EventTime, v)
	}
}

func (e *encoder) strings() {
	for i := range firstJSON {
		f := fieldOf(i)
		v := e.record.Get(f)
		text, ok := v.Text()
		switch {
		case ok:
			e.block.text[i].add(text)
			if i == colEventID && e.record.Get(event.AggregatedEventID).Present() {
				e.keepValue(f, v)
			}
			continue
		case i == colEventID && e.record.ID() != nil:
			e.block.text[i].add(e.record.ID())
		case v.IsNumber():
			e.block.text[i].add(v.Raw) // searched as text; extra has the number
		default:
			e.block.text[i].addNull()
		}
		e.other(f, v)
	}
}

// other handles a member that its column cannot hold.
func (e *encoder) other(f event.Field, v event.Value) {
	switch {
	case v.IsNull():
		e.nulls |= 1 << f
	case v.Present():
		e.keepValue(f, v)
	}
}

func (e *encoder) json() {
	for i := firstJSON; i < firstDerived; i++ {
		f := fieldOf(i)
		c := &e.block.text[i]
		switch v := e.record.Get(f); {
		case !v.Present():
			c.addNull()
		case v.IsNull():
			e.nulls |= 1 << f
			c.addNull()
		case v.Canonical():
			c.add(v.Raw)
		default:
			e.block.scratch = v.AppendCanonical(e.block.scratch[:0])
			c.add(e.block.scratch)
		}
	}
}

// identity fills the columns derived from userIdentity. The same identity
// occurs in many records, so its values are cached by its code.
func (e *encoder) identity(from Source) {
	b := e.block
	users := &b.text[colUserIdentity]
	code := users.codes[len(users.codes)-1]
	for int(code) >= len(b.people) {
		b.people = append(b.people, e.person(uint32(len(b.people))))
	}
	who := &b.people[code]
	account := e.record.Text(event.RecipientAccountID)
	if len(account) == 0 {
		account = []byte(from.Account)
	}
	if len(account) == 0 {
		account = []byte(who.id)
	}
	if len(account) == 0 {
		account = e.record.Text(event.AccountID)
	}
	if account == nil {
		b.text[colAccount].addNull()
	} else {
		b.text[colAccount].add(account)
	}
	for i := colIdentityType; i <= colSourceIdentity; i++ {
		b.text[i].codes = append(b.text[i].codes, who.codes[i-firstDerived])
	}
	b.bools[boolMFA] = append(b.bools[boolMFA], who.mfa)
}

// source fills the columns that say where the record was found.
func (e *encoder) source(from Source) {
	b := e.block
	b.text[colLogFile].add([]byte(from.LogFile))
	b.text[colLogFileHash].addOrNull(orNull(from.SHA256))
	b.text[colDigest].addOrNull(orNull(from.Proof.Digest))
	b.verified = append(b.verified, from.Proof.time())
	b.offsets = append(b.offsets, max(from.Offset, unknownOffset))
}

// unknownOffset stands for the NULL of the column log_offset, and unverified for
// that of verified_at: digests are younger than 1970.
const (
	unknownOffset = -1
	unverified    = -1
)

// time returns the time of a proof in microseconds, or unverified.
func (p Proof) time() int64 {
	if p.Digest == "" {
		return unverified
	}
	return p.At.UnixMicro()
}

// person decodes the identity with a code of the column user_identity.
func (e *encoder) person(code uint32) (p person) {
	var who event.Identity
	who.DecodeText(e.block.text[colUserIdentity].value(code))
	for i, value := range [...][]byte{
		colIdentityType:      who.Type,
		colIdentityPrincipal: who.PrincipalID,
		colIdentityARN:       who.ARN,
		colIdentityAccount:   who.AccountID,
		colIdentityKey:       who.AccessKeyID,
		colIdentityUser:      who.UserName,
		colIdentityInvokedBy: who.InvokedBy,
		colIssuerType:        who.IssuerType,
		colIssuerARN:         who.IssuerARN,
		colIssuerUser:        who.IssuerUserName,
		colSourceIdentity:    who.SourceIdentity,
	} {
		if value != nil {
			p.codes[i-firstDerived] = e.block.text[i].code(value)
		}
	}
	mfa := string(who.MFAAuthenticated)
	p.mfa = boolCell(mfa == "true", mfa == "true" || mfa == "false")
	p.id = string(who.AccountID)
	p.codes[colPrincipalKind-firstDerived] = e.block.text[colPrincipalKind].code([]byte(who.Principal(nil).Kind))
	if name := who.Username(); name != "" {
		p.codes[colUsername-firstDerived] = e.block.text[colUsername].code([]byte(name))
	}
	return p
}

func (e *encoder) booleans() {
	for i, f := range [...]event.Field{boolReadOnly: event.ReadOnly, boolManagement: event.ManagementEvent} {
		v := e.record.Get(f)
		value, ok := v.Bool()
		if !ok {
			e.other(f, v)
			value, ok = spelled(v)
		}
		e.block.bools[i] = append(e.block.bools[i], boolCell(value, ok))
	}
}

// spelled parses a boolean that was written as a string.
func spelled(v event.Value) (value, ok bool) {
	text, _ := v.Text()
	return string(text) == "true", string(text) == "true" || string(text) == "false"
}

func boolCell(value, ok bool) int8 {
	switch {
	case !ok:
		return -1
	case value:
		return 1
	}
	return 0
}

// rest completes the row: members without a column, and the whole text of a
// record that columns cannot hold.
func (e *encoder) rest() {
	for _, f := range [...]event.Field{event.Annotation, event.AccountID, event.AggregatedEventID, event.TimeWindow, event.Summary} {
		if v := e.record.Get(f); v.Present() {
			e.keepValue(f, v)
		}
	}
	whole := !e.record.Sound()
	for _, m := range e.record.Other() {
		if m.Name == RecordMember {
			whole = true
			continue
		}
		e.keep(m.Name, m.Value.AppendCanonical(nil))
	}
	if whole {
		e.keep(RecordMember, event.AppendQuoted(nil, e.record.Raw()))
	}
	if e.extra == nil {
		e.block.text[colExtra].addNull()
	} else {
		e.block.extra = append(e.extra, '}')
		e.block.text[colExtra].add(e.block.extra)
	}
	e.block.nulls = append(e.block.nulls, e.nulls)
}
