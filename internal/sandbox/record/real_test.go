package record

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/logfile"
)

// kinds is what stands at each path of a value, such as
// requestParameters.tags[].key: string. One path may hold several kinds.
type kinds map[string]map[string]bool

func (k kinds) add(path string, value any) {
	kind := "string"
	switch value := value.(type) {
	case nil:
		kind = "null"
	case bool:
		kind = "boolean"
	case float64:
		kind = "number"
	case []any:
		kind = "list"
		for _, element := range value {
			k.add(path+"[]", element)
		}
	case map[string]any:
		kind = "object"
		for name, member := range value {
			k.add(path+"."+name, member)
		}
	}
	if k[path] == nil {
		k[path] = map[string]bool{}
	}
	k[path][kind] = true
}

// realKinds are the kinds of all real records, by event source and name.
func realKinds(t *testing.T) map[string]kinds {
	const dir = "../../../../shared/data"
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED REAL DATA: %v", err)
	}
	all := map[string]kinds{}
	records := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !strings.Contains(entry.Name(), ".json") {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		var reader logfile.Reader
		_ = reader.Read(t.Context(), file, logfile.Visitor{ // a few files of the data are bad on purpose
			Record: func(_ int64, r *event.Record) error {
				records++
				learn(all, r)
				return nil
			},
			Reject: func(int64, []byte, string) error { return nil },
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if records < 3000 {
		t.Fatalf("only %d real records", records)
	}
	return all
}

func learn(all map[string]kinds, r *event.Record) {
	if r.Get(event.ErrorCode).Present() {
		return
	}
	name := string(r.Text(event.EventSource)) + " " + string(r.Text(event.EventName))
	if all[name] == nil {
		all[name] = kinds{}
	}
	for _, field := range []event.Field{event.RequestParameters, event.ResponseElements, event.AdditionalEventData, event.Resources} {
		var value any
		if json.Unmarshal(r.Get(field).Raw, &value) == nil {
			all[name].add(field.String(), value)
		}
	}
}

// unseen are parameters of the saved calls that no real record of the same event
// has, most of them because nobody there used them.
var unseen = map[string]string{
	"ec2/RunInstances requestParameters.subnetId":                                         "used in a call that failed only",
	"ec2/RunInstances requestParameters.userData":                                         "not used",
	"iam/ListUsers requestParameters.maxItems":                                            "not used",
	"kms/CreateKey requestParameters.tags":                                                "not used",
	"lambda/ListFunctions requestParameters.maxItems":                                     "not used",
	"logs/CreateLogGroup requestParameters.tags.Team":                                     "a user's key",
	"s3/CreateBucket-eu requestParameters.CreateBucketConfiguration":                      "not used",
	"s3/GetObject requestParameters.Host":                                                 "shortened by its author",
	"s3/PutObject requestParameters.Host":                                                 "shortened by its author",
	"s3/PutObject requestParameters.x-amz-server-side-encryption":                         "not used",
	"s3/PutObject-ssec requestParameters.Host":                                            "shortened by its author",
	"s3/PutObject-ssec requestParameters.x-amz-server-side-encryption-customer-algorithm": "not used",
	"sts/AssumeRole requestParameters.externalId":                                         "not used",
}

// differences are where our records and real ones of the same event disagree.
var differences = map[string]string{
	"iam/ListUsers requestParameters":        "called without any",
	"lambda/ListFunctions requestParameters": "called without any",
}

func TestRecordsAreLikeRealOnes(t *testing.T) {
	real := realKinds(t)
	compared := 0
	for _, call := range load(t) {
		op, entry := compose(t, call.x)
		name := op.EventSource + " " + op.EventName
		want := real[name]
		if want == nil || call.x.Status >= 400 {
			continue
		}
		compared++
		var r event.Record
		if _, err := r.Decode(entry.Record); err != nil {
			t.Fatal(err)
		}
		got := map[string]kinds{}
		learn(got, &r)
		for path, found := range got[name] {
			checkKinds(t, call.name+" "+path, found, want, path)
		}
	}
	if compared < 60 {
		t.Errorf("compared only %d calls", compared)
	}
}

// checkKinds tells of a path that real records have with other kinds, or of a
// parameter that they do not have where they have others.
func checkKinds(t *testing.T, name string, found map[string]bool, want kinds, path string) {
	if want[path] == nil {
		parent, name := path[:max(strings.LastIndex(path, "."), 0)], strings.TrimSuffix(name, "[]")
		isParameter := strings.HasPrefix(path, event.RequestParameters.String())
		if isParameter && want[parent]["object"] && unseen[name] == "" {
			t.Errorf("%s: not in real records", name)
		}
		return
	}
	for kind := range found {
		if !want[path][kind] && differences[name] == "" {
			t.Errorf("%s: %s; real ones have %v", name, kind, want[path])
		}
	}
}
