package verify

import (
	"path"
	"strings"

	"github.com/cerpac/trailkeeper/archive"
)

// place relates the keys of a bucket to those of the archive at hand, which may
// be a copy of the bucket or of a part of it: a key that begins with remote there
// begins with local here. In a flat copy only the names are left of the keys.
type place struct {
	bucket, remote, local string
	flat                  bool
}

// locate returns the place of a digest that says it was delivered as object in
// bucket. ok is false if it is not where it says: all of CloudTrail's folders and
// the name must be the same, and only what is before them may differ.
func locate(o archive.Object, bucket, object string) (p place, ok bool) {
	tail := strings.TrimPrefix(strings.TrimPrefix(o.Key, o.Info.Prefix), "/")
	if o.Info.Flat {
		tail = commonTail(o.Key, object)
	}
	remote, ok := strings.CutSuffix(object, tail)
	if !ok || tail == "" || remote != "" && !strings.HasSuffix(remote, "/") {
		return place{}, false
	}
	return place{bucket, remote, strings.TrimSuffix(o.Key, tail), !strings.Contains(tail, "/")}, true
}

// commonTail returns the path components that two keys have in common at their
// end.
func commonTail(a, b string) string {
	end := len(a)
	for {
		i := strings.LastIndexByte(a[:end], '/')
		if !strings.HasSuffix(b, a[i+1:]) || len(b) > len(a)-i-1 && b[len(b)-(len(a)-i-1)-1] != '/' {
			return strings.TrimPrefix(a[end:], "/")
		}
		if i < 0 {
			return a
		}
		end = i
	}
}

// key returns the key here of an object in the bucket.
func (p place) key(object string) (string, bool) {
	if p.flat {
		return p.local + path.Base(object), true
	}
	rest, ok := strings.CutPrefix(object, p.remote)
	return p.local + rest, ok
}
