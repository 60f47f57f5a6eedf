package logfile_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/logfile"
	"github.com/cerpac/trailkeeper/unpack"
)

// visits is what a reader finds in a text.
func visits(t *testing.T, r *logfile.Reader, src io.Reader) string {
	t.Helper()
	var b strings.Builder
	err := r.Read(t.Context(), src, logfile.Visitor{
		Record: func(at int64, rec *event.Record) error {
			fmt.Fprintf(&b, "record %d %s %s\n", at, rec.Text(event.EventName), rec.Raw())
			return nil
		},
		Reject: func(at int64, text []byte, cause string) error {
			fmt.Fprintf(&b, "reject %d %s %s\n", at, cause, text)
			return nil
		},
		Skip: func(at int64, reason string) { fmt.Fprintf(&b, "skip %d %s\n", at, reason) },
	})
	fmt.Fprintf(&b, "%T %v\n", err, err)
	return b.String()
}

// randomLog is a text in one of the formats, sound or damaged.
func randomLog(random *rand.Rand) []byte {
	var b bytes.Buffer
	record := func() string {
		return fmt.Sprintf(`{"eventVersion":"1.08","eventName":"N%d","eventID":"%016x","requestParameters":{"n":"%s"}}`,
			random.IntN(100), random.Uint64(), strings.Repeat("x", random.IntN(200)))
	}
	format := random.IntN(6)
	n := random.IntN(1 << random.IntN(13))
	for i := range n {
		switch format {
		case 0, 1:
			b.WriteString([]string{`,`, `{"Records":[`}[b2i(i == 0)] + record())
		case 2:
			b.WriteString(record() + "\n")
		case 3:
			fmt.Fprintf(&b, "{\"Message\":%q}\n", record())
		case 4:
			b.WriteString([]string{"", "time,eventJson\n"}[b2i(i == 0)] + `1,"` + strings.ReplaceAll(record(), `"`, `""`) + "\"\n")
		case 5:
			b.WriteString("2024-01-02T03:04:05.000Z " + record() + "\n")
		}
	}
	if format < 2 && n > 0 {
		b.WriteString("]}")
	}
	text := b.Bytes()
	for range random.IntN(4) * random.IntN(2) * min(len(text), 1) {
		text[random.IntN(len(text))] = "\"{}[]\n\\,x\xff"[random.IntN(10)]
	}
	if random.IntN(5) == 0 {
		text = text[:random.IntN(len(text)+1)]
	}
	return text
}

func packedOf(t *testing.T, text []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestInPlace checks that a text that is in memory, and read there, gives what it gives
// as a stream; in random order with the same reader and the same buffers, and without a
// change of the text.
func TestInPlace(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var files unpack.Walker
	var reused logfile.Reader
	inPlace, faults := 0, 0
	for i := range 300 {
		text := randomLog(random)
		want := visits(t, new(logfile.Reader), bytes.NewReader(text))
		faults += strings.Count(want, "Fault")
		if random.IntN(3) == 0 {
			if got := visits(t, &reused, bytes.NewReader(text)); got != want {
				t.Fatalf("text %d, as a stream: %.300s\nwant %.300s", i, got, want)
			}
			continue
		}
		err := files.Walk(t.Context(), bytes.NewBuffer(packedOf(t, text)), func(_ string, src io.Reader) error {
			if _, ok := src.(*unpack.Text); ok {
				inPlace++
			}
			if got := visits(t, &reused, src); got != want {
				return fmt.Errorf("%.300s\nwant %.300s", got, want)
			}
			if got := reused.Bytes(); got != int64(len(text)) {
				return fmt.Errorf("%d bytes, want %d", got, len(text))
			}
			return nil
		})
		if err != nil {
			t.Fatalf("text %d: %v", i, err)
		}
	}
	if inPlace < 100 || faults < 20 {
		t.Errorf("%d texts in memory, %d faults", inPlace, faults)
	}
}
