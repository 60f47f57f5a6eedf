package loadtest

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/logfile"
	"github.com/cerpac/trailkeeper/unpack"
)

const (
	namePrefix = "call-"
	nameDigits = 9
)

func name(number int) string { return fmt.Sprintf("%s%0*d", namePrefix, nameDigits, number) }

// numberIn returns the number of the call of a record; ok is false for other records.
func numberIn(r *event.Record) (number int, ok bool) {
	parameters := string(r.Get(event.RequestParameters).Raw)
	_, after, found := strings.Cut(parameters, `"`+namePrefix)
	if !found || len(after) < nameDigits {
		return 0, false
	}
	number, err := strconv.Atoi(after[:nameDigits])
	return number, err == nil
}

// Tally counts the records of each call, by number.
type Tally []int

func (t Tally) add(r *event.Record) error {
	number, ok := numberIn(r)
	if !ok {
		return nil
	}
	if number >= len(t) {
		return fmt.Errorf("%s was recorded but never made", name(number))
	}
	t[number]++
	return nil
}

// Err reports calls that were not recorded exactly once.
func (t Tally) Err() error {
	lost, twice, example := 0, 0, ""
	for number, times := range t {
		switch {
		case times == 0:
			lost++
		case times > 1:
			twice++
		default:
			continue
		}
		example = name(number)
	}
	if example == "" {
		return nil
	}
	return fmt.Errorf("of %d calls %d were lost and %d recorded more than once, such as %s", len(t), lost, twice, example)
}

// InJournal counts the calls in a closed journal.
func InJournal(dir string, calls int) (t Tally, err error) {
	j, err := journal.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = j.Close() }() // only read from
	t = make(Tally, calls)
	var r event.Record
	return t, j.Read(1, func(e journal.Entry) error {
		if _, err := r.Decode(e.Record); err != nil {
			return err
		}
		return t.add(&r)
	})
}

// Delivered counts the calls in the log files in an Upstream's folder.
func Delivered(dir string, calls int) (Tally, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	t := make(Tally, calls)
	var reader logfile.Reader
	for _, file := range files {
		if err := t.readFile(&reader, filepath.Join(dir, file.Name())); err != nil {
			return nil, fmt.Errorf("read log file %q: %w", file.Name(), err)
		}
	}
	return t, nil
}

func (t Tally) readFile(reader *logfile.Reader, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	visit := logfile.Visitor{
		Record: func(_ int64, r *event.Record) error { return t.add(r) },
		Reject: func(offset int64, _ []byte, cause string) error {
			return fmt.Errorf("record at byte %d: %s", offset, cause)
		},
	}
	var packed unpack.Walker
	return packed.Walk(context.Background(), file, func(_ string, text io.Reader) error { return reader.Read(context.Background(), text, visit) })
}
