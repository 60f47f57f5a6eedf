package record

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/identity"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

var update = flag.Bool("update", false, "write the records that were composed")

const marker = "MARKER-hunter2-S3CRET"

var arrived = time.Date(2026, 11, 2, 15, 4, 5, 123456789, time.UTC)

// saved is a call that an SDK made to moto_server, and the record of it. A file
// holds those of a service, each as three files of the archive.
type saved struct {
	name   string // such as iam/CreateUser
	x      *exchange.Exchange
	record []byte
}

func load(t testing.TB) []saved {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all []saved
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, file := range archive.Files {
			name, isRequest := strings.CutSuffix(file.Name, " request")
			if !isRequest {
				continue
			}
			call := saved{name: serviceOf(path) + "/" + name, x: parse(t, file.Data, archive.Files[i+1].Data)}
			if i+2 < len(archive.Files) && archive.Files[i+2].Name == name+" record" {
				call.record = archive.Files[i+2].Data
			}
			all = append(all, call)
		}
	}
	if len(all) < 100 {
		t.Fatalf("only %d calls in testdata", len(all))
	}
	return all
}

func serviceOf(path string) string { return strings.TrimSuffix(filepath.Base(path), ".txtar") }

// rewrite puts new records, by the names of their calls, beside the calls.
func rewrite(t *testing.T, records map[string][]byte) {
	paths, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var files []txtar.File
		for _, file := range archive.Files {
			name, what, _ := strings.Cut(file.Name, " ")
			if what != "record" {
				files = append(files, file)
			}
			if what == "response" {
				files = append(files, txtar.File{Name: name + " record", Data: records[serviceOf(path)+"/"+name]})
			}
		}
		archive.Files = files
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// parse reads the exchange. Requests and answers are as they were on the wire, but
// for line ends and a line end that closes the file.
func parse(t testing.TB, asked, answered []byte) *exchange.Exchange {
	request, err := http.ReadRequest(wire(asked))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(wire(answered), request)
	if err != nil {
		t.Fatal(err)
	}
	return &exchange.Exchange{
		Arrived: arrived, Method: request.Method, URL: request.URL, Host: request.Host, Header: request.Header,
		RemoteIP: "203.0.113.7", Request: read(t, request.Body),
		Status: response.StatusCode, ResponseHeader: response.Header, Response: read(t, response.Body),
	}
}

func wire(text []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(text)) }

func read(t testing.TB, body io.Reader) exchange.Body {
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return exchange.Body{Bytes: text, Size: int64(len(text)), Whole: true}
}

func compose(t testing.TB, x *exchange.Exchange) (operation.Operation, journal.Entry) {
	op := operation.Identify(x)
	people, err := identity.Open(identity.Config{
		File: filepath.Join(t.TempDir(), "identities"), Account: "123456789012", Now: func() time.Time { return arrived },
	})
	if err != nil {
		t.Fatal(err)
	}
	entry, err := Compose(x, op, people.Of(context.Background(), op, x))
	if err != nil {
		t.Fatal(err)
	}
	return op, entry
}

func TestRecordsOfRealCalls(t *testing.T) {
	id := regexp.MustCompile(`"eventID": "[0-9a-f-]{36}"`)
	records := map[string][]byte{}
	for _, call := range load(t) {
		_, entry := compose(t, call.x)
		var indented bytes.Buffer
		if err := json.Indent(&indented, entry.Record, "", "  "); err != nil {
			t.Fatal(err)
		}
		got := append(id.ReplaceAll(indented.Bytes(), []byte(`"eventID": "..."`)), '\n')
		records[call.name] = got
		if bytes.Contains(got, []byte(marker)) {
			t.Errorf("%s: a secret is in the record", call.name)
		}
		if diff := cmp.Diff(string(call.record), string(got)); diff != "" && !*update {
			t.Errorf("%s (-want +got):\n%s", call.name, diff)
		}
	}
	if *update {
		rewrite(t, records)
	}
}
