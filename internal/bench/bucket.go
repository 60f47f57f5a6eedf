package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/simulate"
)

// bucket serves a simulated archive with the parts of S3's and CloudTrail's API that
// verifying needs. The objects are in memory: reading them is not to be measured.
type bucket struct {
	dir      string
	summary  simulate.Summary
	objects  []bucketObject // sorted by key
	metadata map[string]map[string]string
	content  map[string][]byte
}

type bucketObject struct {
	Key          string
	Size         int64
	LastModified string
	ETag         string
}

func serveBucket(ctx context.Context, stdout io.Writer, dir string) error {
	a := archiveDir{dir: dir}
	if err := a.readSummary(); err != nil {
		return err
	}
	b := &bucket{dir: dir, summary: a.summary, metadata: map[string]map[string]string{}, content: map[string][]byte{}}
	source, err := dirarchive.New(dir)
	if err != nil {
		return err
	}
	err = source.List(ctx, archive.Filter{}, func(o archive.Object) error {
		if o.Info.Account != "" {
			b.objects = append(b.objects, bucketObject{o.Key, o.Size, "2026-01-01T00:00:00.000Z", `"0"`})
		}
		return o.Err
	})
	if err != nil {
		return err
	}
	for _, o := range b.objects {
		if b.content[o.Key], err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(o.Key))); err != nil {
			return err
		}
	}
	slices.SortFunc(b.objects, func(x, y bucketObject) int { return strings.Compare(x.Key, y.Key) })
	file, err := os.Open(filepath.Join(dir, simulate.SideFolder, "object-metadata.jsonl"))
	if err != nil {
		return err
	}
	defer file.Close()
	for lines := json.NewDecoder(file); ; {
		var line simulate.ObjectMetadata
		if err := lines.Decode(&line); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		b.metadata[line.Key] = line.Metadata
	}
	return serve(ctx, stdout, b)
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.HasSuffix(target, ".ListPublicKeys"):
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		http.ServeFile(w, r, filepath.Join(b.dir, simulate.SideFolder, "public-keys.json"))
	case strings.HasSuffix(target, ".DescribeTrails"):
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(map[string]any{"trailList": []any{map[string]any{"Name": b.summary.Trail, "S3BucketName": b.summary.Bucket,
			"HomeRegion": b.summary.Home, "TrailARN": b.summary.Accounts[0].TrailARN}}})
	case query.Has("location"):
		_, _ = fmt.Fprint(w, `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`)
	case key == "" && r.Method == http.MethodGet && (query.Has("list-type") || query.Has("prefix")):
		b.list(w, query.Get("prefix"), query.Get("delimiter"), max(query.Get("start-after"), query.Get("marker"), query.Get("continuation-token")))
	case key == "" && r.Method == http.MethodHead:
	case key == "":
		http.Error(w, "<Error><Code>NoSuchConfiguration</Code></Error>", http.StatusNotFound)
	default:
		b.get(w, key)
	}
}

func (b *bucket) get(w http.ResponseWriter, key string) {
	content, ok := b.content[key]
	if !ok {
		http.Error(w, "<Error><Code>NoSuchKey</Code></Error>", http.StatusNotFound)
		return
	}
	for name, value := range b.metadata[key] {
		w.Header()["x-amz-meta-"+name] = []string{value} // lower case, as S3 writes it
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	w.Header().Set("ETag", `"0"`)
	_, _ = w.Write(content) // an error is the client's to notice
}

// listing is the answer of ListObjects and of ListObjectsV2.
type listing struct {
	XMLName                           xml.Name `xml:"ListBucketResult"`
	IsTruncated                       bool
	NextMarker, NextContinuationToken string
	Contents                          []bucketObject
	CommonPrefixes                    []struct{ Prefix string }
}

func (b *bucket) list(w http.ResponseWriter, prefix, delimiter, after string) {
	var l listing
	begin, _ := slices.BinarySearchFunc(b.objects, max(prefix, after), func(o bucketObject, key string) int { return strings.Compare(o.Key, key) })
	for _, o := range b.objects[begin:] {
		rest, ok := strings.CutPrefix(o.Key, prefix)
		if !ok {
			break
		}
		if o.Key <= after || after != "" && strings.HasSuffix(after, "/") && delimiter != "" && strings.HasPrefix(o.Key, after) {
			continue
		}
		last := o.Key
		if folder, _, ok := strings.Cut(rest, delimiter); ok && delimiter != "" {
			last = prefix + folder + delimiter
			if n := len(l.CommonPrefixes); n > 0 && l.CommonPrefixes[n-1].Prefix == last {
				continue
			}
			l.CommonPrefixes = append(l.CommonPrefixes, struct{ Prefix string }{last})
		} else {
			l.Contents = append(l.Contents, o)
		}
		if len(l.Contents)+len(l.CommonPrefixes) == 1000 {
			l.IsTruncated, l.NextMarker, l.NextContinuationToken = true, last, last
			break
		}
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(l)
}
