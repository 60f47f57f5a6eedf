package lake

import (
	"bytes"
	"time"

	"github.com/cerpac/trailkeeper/event"
)

// recordMember holds, in extra, the whole text of a record whose strings are
// not all valid Unicode: its columns are as near as they can be.
const recordMember = "$record"

// Source says where a record was found.
type Source struct {
	LogFile string // as it goes to the column log_file
	Account string // the account told by the file's name, or ""
}

// Append adds a record as a row. at is the record's time and id what
// [Identify] made of it. What no column can hold exactly goes to extra, so
// that [Row.AppendJSON] gives back the same JSON value.
func (b *Block) Append(r *event.Record, at time.Time, id Identity, from Source) {
	before := b.textBytes()
	e := encoder{block: b, record: r}
	e.time(at)
	e.strings()
	e.json()
	e.identity(from)
	e.booleans()
	e.rest()
	b.ids = append(b.ids, id)
	b.size += b.textBytes() - before + rowOverhead
}

func (b *Block) textBytes() (n int) {
	for i := range b.text {
		n += len(b.text[i].data)
	}
	return n
}

// encoder spreads one record over the columns.
type encoder struct {
	block  *Block
	record *event.Record
	nulls  uint64
	extra  []byte // the members of extra so far, without its braces
}

// keep adds a member to extra.
func (e *encoder) keep(name string, raw []byte) {
	if e.extra == nil {
		e.extra = append(e.block.scratch[:0], '{')
	} else {
		e.extra = append(e.extra, ',')
	}
	e.extra = event.AppendQuoted(e.extra, []byte(name))
	e.extra = append(e.extra, ':')
	e.extra = append(e.extra, raw...)
}

// keepValue adds a documented member to extra as it is.
func (e *encoder) keepValue(f event.Field, v event.Value) {
	e.keep(f.String(), v.AppendCanonical(nil))
}

func (e *encoder) time(at time.Time) {
	e.block.time = append(e.block.time, at.UnixMicro())
	v := e.record.Get(event.EventTime)
	var plain [32]byte
	switch text, ok := v.Text(); {
	case !v.Present():
	case v.IsNull():
		e.nulls |= 1 << event.EventTime
	case !ok || !bytes.Equal(text, event.AppendTime(plain[:0], at)) || e.record.Get(event.TimeWindow).Present():
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
		default:
			c.data = v.AppendCanonical(c.data)
			c.ends = append(c.ends, uint32(len(c.data)))
		}
	}
}

func (e *encoder) identity(from Source) {
	who := &e.block.who
	who.Decode(e.record.Get(event.UserIdentity))
	account := e.record.Text(event.RecipientAccountID)
	if len(account) == 0 {
		account = []byte(from.Account)
	}
	if len(account) == 0 {
		account = who.AccountID
	}
	if len(account) == 0 {
		account = e.record.Text(event.AccountID)
	}
	for i, value := range [...][]byte{
		colAccount:           account,
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
		switch {
		case i < firstDerived:
		case value == nil:
			e.block.text[i].addNull()
		default:
			e.block.text[i].add(value)
		}
	}
	e.block.text[colLogFile].data = append(e.block.text[colLogFile].data, from.LogFile...)
	e.block.text[colLogFile].ends = append(e.block.text[colLogFile].ends, uint32(len(e.block.text[colLogFile].data)))
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
	mfa := e.block.who.MFAAuthenticated
	e.block.bools[boolMFA] = append(e.block.bools[boolMFA], boolCell(string(mfa) == "true", string(mfa) == "true" || string(mfa) == "false"))
}

// spelled reads a boolean that was written as a string.
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

// rest finishes the row with what is left: members without a column, and the
// whole text of a record that columns cannot hold.
func (e *encoder) rest() {
	for _, f := range [...]event.Field{event.Annotation, event.AccountID, event.AggregatedEventID, event.TimeWindow, event.Summary} {
		if v := e.record.Get(f); v.Present() {
			e.keepValue(f, v)
		}
	}
	whole := !e.record.Sound()
	for _, m := range e.record.Other() {
		whole = whole || m.Name == recordMember
		e.keep(m.Name, m.Value.AppendCanonical(nil))
	}
	if whole {
		e.extra = nil
		e.keep(recordMember, event.AppendQuoted(nil, e.record.Raw()))
	}
	if e.extra == nil {
		e.block.text[colExtra].addNull()
	} else {
		e.block.scratch = append(e.extra, '}')
		e.block.text[colExtra].add(e.block.scratch)
	}
	e.block.nulls = append(e.block.nulls, e.nulls)
}
