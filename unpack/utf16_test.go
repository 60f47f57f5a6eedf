package unpack

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// texts returns what a walk finds in src, by member, and the first fault.
func texts(t testing.TB, src io.Reader) (map[string]string, error) {
	t.Helper()
	found := map[string]string{}
	var first error
	var w Walker
	err := w.Walk(context.Background(), src, func(member string, text io.Reader) error {
		b, err := io.ReadAll(text)
		found[member] = string(b)
		if first == nil {
			first = err
		}
		return nil
	})
	if first == nil {
		first = err
	}
	return found, first
}

func encoded(order binary.AppendByteOrder, text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

func TestUTF16(t *testing.T) {
	long := `[{"a":"` + strings.Repeat("ø\u20ac\U0001f600x", 30000) + `"}]`
	for _, text := range []string{"\ufeff", "\ufeff{}", "[{\"a\":1}]", "\ufeff" + long, long, "eventName,eventTime\r\n", "\ufeff{}\ufeff{}"} {
		for name, order := range map[string]binary.AppendByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
			in := encoded(order, text)
			for how, src := range map[string]io.Reader{"at once": strings.NewReader(in), "by bytes": iotest.OneByteReader(strings.NewReader(in))} {
				if got, err := texts(t, src); err != nil || got[""] != text {
					t.Errorf("%.20q, %s endian, %s: %.80q, %v", text, name, how, got[""], err)
				}
			}
		}
	}
}

func TestUTF16Faults(t *testing.T) {
	good := encoded(binary.LittleEndian, "\ufeff{}")
	got, err := texts(t, strings.NewReader(good+"x"))
	var fault *FaultError
	if !errors.As(err, &fault) || fault.Cause != "truncated UTF-16 text" || fault.Offset != int64(len("\ufeff{}")) || got[""] != "\ufeff{}" {
		t.Errorf("odd length: %q, %v", got, err)
	}
	// Half of a pair never becomes a character that was not there.
	for _, half := range []string{"\x3d\xd8", "\x00\xde"} {
		for _, after := range []string{"", "x\x00"} {
			got, err := texts(t, strings.NewReader(good+half+after))
			if want := "\ufeff{}"; err != nil || !strings.HasPrefix(got[""], want) || bytes.ContainsRune([]byte(got[""]), 0xfffd) && strings.ToValidUTF8(got[""], "") == got[""] {
				t.Errorf("half a pair: %q, %v", got, err)
			}
		}
	}
}

// Text that is not UTF-16 is left as it is.
func TestNotUTF16(t *testing.T) {
	for _, text := range []string{"", "{", "{}", "[]", "\xef\xbb\xbf{}", "{\x00", "\xc3\xb8\xc3\xb8"} {
		if got, err := texts(t, strings.NewReader(text)); err != nil || got[""] != text {
			t.Errorf("%q: %q, %v", text, got[""], err)
		}
	}
}
