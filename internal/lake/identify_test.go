package lake

import (
	"testing"
)

// TestOneEventInSeveralSpellings holds apart what differs in spelling alone and
// what differs.
func TestOneEventInSeveralSpellings(t *testing.T) {
	const plain = `{"eventTime":"2026-01-11T10:00:00Z","eventName":"A","eventID":"3038ebd2-c98a-4c65-9b6e-e22506292313"}`
	want := Identify(decodeRecord(t, []byte(plain)), Source{})
	for _, c := range []struct {
		text       string
		same, body bool
	}{
		{`{ "eventID":"3038EBD2-C98A-4C65-9B6E-E22506292313","eventName":"\u0041", "eventTime":"2026-01-11T10:00:00.000Z"}`, true, true},
		{`{"eventTime":"2026-01-11 10:00:00.000","eventName":"A","eventID":"3038ebd2-C98a-4c65-9b6e-e22506292313"}`, true, true},
		{`{"eventTime":1768125600000,"eventName":"A","eventID":"3038ebd2-c98a-4c65-9b6e-e22506292313"}`, true, true},
		{`{"eventTime":"2026-01-11T11:00:00+01:00","eventName":"A","eventID":"3038ebd2-c98a-4c65-9b6e-e22506292313"}`, true, true},
		{`{"eventTime":"2026-01-11T10:00:00.001Z","eventName":"A","eventID":"3038ebd2-c98a-4c65-9b6e-e22506292313"}`, true, false},
		{`{"eventTime":"2026-01-11T10:00:00Z","eventName":"a","eventID":"3038ebd2-c98a-4c65-9b6e-e22506292313"}`, true, false},
		{`{"eventTime":null,"eventName":"A","eventID":"3038ebd2-c98a-4c65-9b6e-e22506292313"}`, true, false},
		{`{"eventTime":"2026-01-11T10:00:00Z","eventName":"A","eventID":"3038ebd2c98a4c659b6ee22506292313"}`, false, false},
		{`{"eventTime":"2026-01-11T10:00:00Z","eventName":"A","eventId":"3038ebd2-c98a-4c65-9b6e-e22506292313"}`, true, false},
	} {
		got := Identify(decodeRecord(t, []byte(c.text)), Source{})
		if (got.ID == want.ID) != c.same || (got.Hash == want.Hash) != c.body {
			t.Errorf("%s: same id %v, same body %v, want %v, %v", c.text, got.ID == want.ID, got.Hash == want.Hash, c.same, c.body)
		}
	}
}

// TestNumbersShowAsText checks that a number in a column of text is searched as
// text, and given back as a number.
func TestNumbersShowAsText(t *testing.T) {
	const text = `{"eventTime":"2026-01-11T10:00:00Z","errorCode":404,"apiVersion":2.0,"eventName":null}`
	b := NewBlock(nil)
	rec := decodeRecord(t, []byte(text))
	at, _ := rec.Time()
	b.Append(rec, at, Identify(rec, Source{}), Source{})
	for column, want := range map[int]string{colErrorCode: "404", colAPIVersion: "2.0", colEventName: ""} {
		c := &b.text[column]
		if got := string(c.value(c.codes[0])); got != want {
			t.Errorf("column %d holds %q, want %q", column, got, want)
		}
	}
}
