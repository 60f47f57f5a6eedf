package archive_test

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
)

// stream gives objects delivered at the given seconds, named by stream and place; a
// negative second is an object whose key tells no time.
func stream(name string, seconds ...int) archive.Stream {
	i := 0
	return func() (archive.Object, error) {
		if i == len(seconds) {
			return archive.Object{}, io.EOF
		}
		o := archive.Object{Key: name + strconv.Itoa(i)}
		if seconds[i] >= 0 {
			o.Info.Delivered = time.Unix(int64(seconds[i]), 0)
		}
		i++
		return o, nil
	}
}

func TestMerge(t *testing.T) {
	for _, test := range []struct {
		name    string
		streams []archive.Stream
		want    []string
	}{
		{"nothing", nil, nil},
		{"empty streams", []archive.Stream{stream("a"), stream("b")}, nil},
		{"by time", []archive.Stream{stream("a", 1, 4), stream("b", 2, 3, 5)}, []string{"a0", "b0", "b1", "a1", "b2"}},
		{"ties by stream", []archive.Stream{stream("a", 1, 1), stream("b", 1)}, []string{"a0", "a1", "b0"}},
		{"no time follows its stream", []archive.Stream{stream("a", 3, -1), stream("b", -1, 2, 4)}, []string{"b0", "b1", "a0", "a1", "b2"}},
		{"a stream out of order holds up itself alone", []archive.Stream{stream("a", 5, 1), stream("b", 2, 6)}, []string{"b0", "a0", "a1", "b1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			err := archive.Merge(test.streams, func(o archive.Object) error {
				got = append(got, o.Key)
				return nil
			})
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestMergeByDay(t *testing.T) {
	day := func(d int) archive.Stream {
		objects := []archive.Object{{Key: strconv.Itoa(d), Info: archive.Key{Day: utc(2023, 7, d, 0, 0, 0)}}}
		return func() (archive.Object, error) {
			if len(objects) == 0 {
				return archive.Object{}, io.EOF
			}
			o := objects[0]
			objects = nil
			return o, nil
		}
	}
	var got []string
	err := archive.Merge([]archive.Stream{day(3), day(1), day(2)}, func(o archive.Object) error {
		got = append(got, o.Key)
		return nil
	})
	if want := []string{"1", "2", "3"}; !slices.Equal(got, want) || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestMergeErrors(t *testing.T) {
	broken := errors.New("broken")
	yield := func(archive.Object) error { return nil }
	atOnce := func() (archive.Object, error) { return archive.Object{}, broken }
	if err := archive.Merge([]archive.Stream{stream("a", 1), atOnce}, yield); !errors.Is(err, broken) {
		t.Errorf("broken at once: %v", err)
	}
	n := 0
	later := func() (archive.Object, error) {
		if n++; n > 2 {
			return archive.Object{}, broken
		}
		return archive.Object{}, nil
	}
	if err := archive.Merge([]archive.Stream{later}, yield); !errors.Is(err, broken) {
		t.Errorf("broken later: %v", err)
	}
	if err := archive.Merge([]archive.Stream{stream("a", 1)}, func(archive.Object) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("yield: %v", err)
	}
}
