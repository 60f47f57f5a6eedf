package logfile

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/sync/semaphore"

	"github.com/cerpac/trailkeeper/event"
)

// visits is what a reading visited: "N" for a record of that eventName,
// "OFFSET: CAUSE" for a rejected piece, and the longest text that was rejected.
func visits(t testing.TB, r *Reader, src io.Reader) (got []string, longest int, err error) {
	t.Helper()
	err = r.Read(t.Context(), src, Visitor{
		Record: func(_ int64, rec *event.Record) error {
			got = append(got, string(rec.Text(event.EventName)))
			return nil
		},
		Reject: func(offset int64, text []byte, cause string) error {
			got = append(got, fmt.Sprintf("%d: %s", offset, cause))
			longest = max(longest, len(text))
			return nil
		},
	})
	return got, longest, err
}

// TestLongValues reads past values that are longer than MaxRecord.
func TestLongValues(t *testing.T) {
	fill := strings.Repeat(`\"{[`, (MaxRecord+4)/4)
	a, b := rec("A"), rec("B")
	long := func(at, size int) string { return fmt.Sprintf("%d: longer than 16 MiB: %d bytes", at, size) }
	for _, c := range []struct{ name, in, want string }{
		{"record", `{"Records":[` + a + `,{"a":"` + fill + `"},` + b + `]}`, "A, " + long(13+len(a), len(fill)+8) + ", B"},
		{"line", a + "\n" + `{"a":["` + fill + `"]}` + "\n" + b, "A, " + long(1+len(a), len(fill)+10) + ", B"},
		{"string", `["` + fill + `",` + b + `]`, long(1, len(fill)+2) + ", B"},
		{"number", `[` + strings.Repeat("1", MaxRecord+1) + ` ,` + b + `]`, long(1, MaxRecord+1) + ", B"},
		{"nested", `[[` + strings.Repeat("{},", MaxRecord) + `{}],` + b + `]`, long(1, 3*MaxRecord+4) + ", B"},
		{"member", `{"Records":[` + a + `],"x":"` + fill + `","Records":[` + b + `]}`, "A, B"},
		{"broken line", a + "\n" + `{"a" "` + fill + "\n" + b, "A, " + long(1+len(a), len(fill)+6) + ", B"},
		{"longest record", `[` + a + `,{"eventName":"L","eventID":"` + strings.Repeat("x", MaxRecord-30) + `"},` + b + `]`, "A, L, B"},
	} {
		var r Reader
		got, longest, err := visits(t, &r, iotest.HalfReader(strings.NewReader(c.in)))
		if joined := strings.Join(got, ", "); err != nil || joined != c.want {
			t.Errorf("%s: visited %.300q, %v, want %q", c.name, joined, err, c.want)
		}
		if longest > keptHead {
			t.Errorf("%s: %d bytes were held for whom they are rejected to", c.name, longest)
		}
	}
}

// TestLongIsShared reads two files with long records at a time: one waits for
// the other.
func TestLongIsShared(t *testing.T) {
	large := semaphore.NewWeighted(1)
	in := `[` + strings.Repeat(`{"eventName":"L","eventID":"`+strings.Repeat("x", 2*keepBuffer)+`"},`+rec("A")+",", 3) + `null]`
	done := make(chan error, 2)
	for range 2 {
		go func() {
			r := Reader{Large: large}
			err := r.Read(t.Context(), strings.NewReader(in), Visitor{
				Record: func(_ int64, rec *event.Record) error {
					if len(rec.Raw()) > keepBuffer && large.TryAcquire(1) {
						return fmt.Errorf("a record of %d bytes is held without asking", len(rec.Raw()))
					}
					return nil
				},
				Reject: func(int64, []byte, string) error { return nil },
			})
			if cap(r.buf) > keepBuffer {
				err = fmt.Errorf("%d bytes are kept for the next file", cap(r.buf))
			}
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if !large.TryAcquire(1) {
		t.Error("a reader that has ended still holds its turn")
	}
}
