package logfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/cerpac/trailkeeper/event"
)

// formFile is a file in one of the forms, and what a reading of it visits:
// "event JSON", "skip REASON" and "reject CAUSE", and last "foreign TEXT" of
// the file as a whole.
type formFile struct {
	name string
	in   string
	want []string
}

func formFiles(t testing.TB) (files []formFile) {
	paths, err := filepath.Glob("testdata/forms/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("found no forms: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil || len(archive.Files) != 2 {
			t.Fatalf("%s: %d files, %v", path, len(archive.Files), err)
		}
		f := formFile{name: strings.TrimSuffix(filepath.Base(path), ".txtar"), in: string(archive.Files[0].Data)}
		if want := strings.TrimSpace(string(archive.Files[1].Data)); want != "" {
			f.want = strings.Split(want, "\n")
		}
		files = append(files, f)
	}
	return files
}

// visited returns what a reading visits, as formFile has it.
func visited(read func(Visitor) error) (got []string, err error) {
	err = read(collector(&got))
	if outside, ok := errors.AsType[*ForeignError](err); ok {
		return append(got, "foreign "+outside.Error()), nil
	}
	return got, err
}

// reading returns a function that has one reader read one text after another.
func reading(t *testing.T) func(text string) ([]string, error) {
	var r Reader
	return func(text string) ([]string, error) {
		return visited(func(v Visitor) error { return r.Read(t.Context(), strings.NewReader(text), v) })
	}
}

func collector(got *[]string) Visitor {
	return Visitor{
		Record: func(_ int64, rec *event.Record) error {
			*got = append(*got, "event "+string(rec.Raw()))
			return nil
		},
		Reject: func(_ int64, _ []byte, cause string) error {
			*got = append(*got, "reject "+cause)
			return nil
		},
		Skip: func(_ int64, reason string) { *got = append(*got, "skip "+reason) },
	}
}

// sameVisit reports whether two readings visited the same: events are compared
// as JSON values.
func sameVisit(a, b []string) bool {
	return reflect.DeepEqual(values(a), values(b))
}

func values(list []string) (out []any) {
	for _, line := range list {
		var value any
		if text, ok := strings.CutPrefix(line, "event "); ok && json.Unmarshal([]byte(text), &value) == nil {
			out = append(out, value)
		} else {
			out = append(out, line)
		}
	}
	return out
}

// TestFormFiles checks that the events that come out of each form are those
// that went in, whatever the sizes of the reads, compressed or not, with line
// ends of either kind.
func TestFormFiles(t *testing.T) {
	for _, f := range formFiles(t) {
		t.Run(f.name, func(t *testing.T) {
			visit := reading(t)
			for kind, text := range map[string]string{
				"plain":           f.in,
				"no line end":     strings.TrimSuffix(f.in, "\n"),
				"carriage return": strings.ReplaceAll(f.in, "\n", "\r\n"),
				"byte order mark": byteOrderMark + f.in,
			} {
				if got, err := visit(text); err != nil || !sameVisit(got, f.want) {
					t.Errorf("%s: visited\n%s\n%v, want\n%s", kind, strings.Join(got, "\n"), err, strings.Join(f.want, "\n"))
				}
			}
			var r Reader
			for kind, read := range map[string]func(Visitor) error{
				"byte by byte": func(v Visitor) error { return r.Read(t.Context(), iotest.OneByteReader(strings.NewReader(f.in)), v) },
				"compressed":   func(v Visitor) error { return read(strings.NewReader(zip(t, f.in)), v) },
			} {
				if got, err := visited(read); err != nil || !sameVisit(got, f.want) {
					t.Errorf("%s: visited %q, %v", kind, got, err)
				}
			}
		})
	}
}

// TestDamagedForms puts a character that no form has into each place of each
// form. No event may be lost without a word: what is missing is told by a
// rejected piece or by the outcome of the file.
func TestDamagedForms(t *testing.T) {
	const stride = 11
	for _, f := range formFiles(t) {
		t.Run(f.name, func(t *testing.T) {
			visit := reading(t)
			for at := 0; at < len(f.in); at += stride {
				text := f.in[:at] + "\x01" + f.in[at+1:]
				got, err := visit(text)
				told := err != nil
				events := 0
				for _, line := range got {
					told = told || strings.HasPrefix(line, "foreign ")
					if strings.HasPrefix(line, "event ") {
						events++
						if !isOneOf(line, f.want) {
							t.Errorf("damage at byte %d: an event that was not there: %s", at, line)
						}
					}
				}
				missing := count(f.want, "event ") - events
				if told = told || slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "reject ") && !slices.Contains(f.want, s) }); missing > 0 && !told {
					t.Errorf("damage at byte %d, %q: %d events missing, visited %q", at, text[max(0, at-20):min(len(text), at+20)], missing, got)
				}
			}
		})
	}
}

func isOneOf(line string, list []string) bool {
	for _, other := range list {
		if sameVisit([]string{line}, []string{other}) {
			return true
		}
	}
	return false
}

func count(list []string, prefix string) (n int) {
	for _, line := range list {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// TestCutForms cuts each form at each place. What was whole before the cut is
// visited, and nothing that was not there.
func TestCutForms(t *testing.T) {
	const stride = 13
	for _, f := range formFiles(t) {
		t.Run(f.name, func(t *testing.T) {
			visit := reading(t)
			for at := 1; at < len(f.in); at += stride {
				got, _ := visit(f.in[:at])
				for _, line := range got {
					if strings.HasPrefix(line, "event ") && !isOneOf(line, f.want) {
						t.Errorf("cut at byte %d: an event that was not there: %s", at, line)
					}
				}
			}
		})
	}
}

// TestPieceOffsets checks where pieces are said to be: where they stand in the
// file, and where what is around them stands when that is a string.
func TestPieceOffsets(t *testing.T) {
	quoted := func(s string) string { return string(event.AppendQuoted(nil, []byte(s))) }
	a := rec("A")
	envelope := `{"messageType":"DATA_MESSAGE","owner":"x","logEvents":[ {"message":` + quoted(a) + `}, {"message":"no"}]}`
	for _, c := range []struct{ name, in, pieces string }{
		{"array that is not the first member", envelope, `{"message":`},
		{"array behind an unknown member", `{"x":[1,2],"Events":[ {"CloudTrailEvent":` + quoted(a) + `}]}`, `{"CloudTrailEvent"`},
		{"array in a string", `{"Message":` + quoted(envelope) + `,"Type":"Notification"}`, `{"Message"`},
		{"lines with times", "2026-01-11T00:00:00Z " + a + "\n2026-01-11T00:00:01Z " + a, `{"eventVersion"`},
		{"text of lookup-events", "EVENTS\tASIA\t" + a + "\tx\n", `{"eventVersion"`},
		{"CSV", "x,eventJson\n1,\"" + strings.ReplaceAll(a, `"`, `""`) + "\"\n", `1,"{`},
	} {
		var r Reader
		visit := func(at int64) {
			if !strings.HasPrefix(c.in[at:], c.pieces) {
				t.Errorf("%s: a piece at byte %d, where %.20q stands", c.name, at, c.in[at:])
			}
		}
		err := r.Read(t.Context(), strings.NewReader(c.in), Visitor{
			Record: func(at int64, _ *event.Record) error { visit(at); return nil },
			Reject: func(at int64, _ []byte, _ string) error { visit(at); return nil },
		})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestWrappedTooDeep checks that wrappings within each other end somewhere.
func TestWrappedTooDeep(t *testing.T) {
	text := rec("A")
	for depth := 1; depth <= maxWraps+1; depth++ {
		text = `{"Type":"Notification","Message":` + string(event.AppendQuoted(nil, []byte(text))) + `}`
		got, err := seen(t, strings.NewReader(text))
		want := "[A]"
		if depth > maxWraps {
			want = fmt.Sprintf("[!wrapped more than %d times]", maxWraps)
		}
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("wrapped %d times: %v, %v, want %s", depth, got, err, want)
		}
	}
}

// TestTablesAcrossBuffers reads tables whose rows end where what was read ahead
// does, and anywhere else.
func TestTablesAcrossBuffers(t *testing.T) {
	row := `"` + strings.ReplaceAll(rec("A"), `"`, `""`) + "\"\n"
	for shift := range len(row) {
		text := "eventJson\n" + strings.Repeat("\n", shift) + strings.Repeat(row, firstBuffer/len(row)+2)
		got, err := reading(t)(text)
		if want := firstBuffer/len(row) + 2; err != nil || count(got, "event ") != want {
			t.Fatalf("shifted by %d: %d events, %v, want %d", shift, count(got, "event "), err, want)
		}
	}
}
