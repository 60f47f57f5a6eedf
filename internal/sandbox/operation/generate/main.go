// Command generate writes models.txt: of each AWS service, what telling its operations apart takes.
//
//	go run ./internal/sandbox/operation/generate NEW/botocore/data OLD/botocore/data > models.txt
//
// It reads the newest service model of each service that botocore carries
// (github.com/boto/botocore, the data folder of a release). Of several releases
// the newest comes first: routes change, and clients ask by the ones they know.
// Models that share a signing name become one service, because the signature is
// what a request shows. What the models mark as sensitive is kept by operation and
// side, as far as a name is a secret of some only.
package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: generate BOTOCORE_DATA_DIR...")
		os.Exit(2)
	}
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(releases []string, out io.Writer) error {
	var files []string
	for _, data := range releases {
		models, err := newest(data)
		if err != nil {
			return err
		}
		files = append(files, models...)
	}
	services := map[string]*service{}
	for _, file := range files {
		m, err := read(file)
		if err != nil {
			return err
		}
		name := m.Metadata.signs()
		if services[name] == nil {
			services[name] = newService()
		}
		services[name].add(m)
	}
	w := bufio.NewWriter(out)
	w.WriteString("# Facts of botocore's service models (Apache License 2.0), written by generate.\n")
	for _, name := range slices.Sorted(maps.Keys(services)) {
		w.WriteString("service " + name + "\n")
		services[name].write(w)
	}
	return w.Flush()
}

// newest lists the newest model of each service; the folder of a version is
// named for its date.
func newest(data string) ([]string, error) {
	all, err := filepath.Glob(filepath.Join(data, "*", "*", "service-2.json.gz"))
	if err != nil {
		return nil, fmt.Errorf("list %q: %w", data, err)
	}
	byService := map[string]string{}
	for _, file := range all {
		folder := filepath.Dir(filepath.Dir(file))
		byService[folder] = max(byService[folder], file)
	}
	if len(byService) == 0 {
		return nil, fmt.Errorf("list %q: no service models", data)
	}
	return slices.Sorted(maps.Values(byService)), nil
}

func read(file string) (model, error) {
	var m model
	f, err := os.Open(file)
	if err != nil {
		return m, err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return m, fmt.Errorf("read %q: %w", file, err)
	}
	if err := json.NewDecoder(unzipped).Decode(&m); err != nil {
		return m, fmt.Errorf("read %q: %w", file, err)
	}
	return m, nil
}

// model is the part of botocore's service model that is used.
type model struct {
	Metadata   metadata
	Operations map[string]operation
	Shapes     map[string]shape
}

type operation struct {
	HTTP       struct{ Method, RequestURI string }
	Input      reference
	Output     reference
	Deprecated bool
}

type metadata struct {
	APIVersion     string
	EndpointPrefix string
	Protocol       string
	SigningName    string
	TargetPrefix   string
}

type shape struct {
	Type      string
	Sensitive bool
	Flattened bool
	Members   map[string]reference
	Required  []string
	// Payload is the member that is the body of a REST request or answer.
	Payload    string
	Member     reference // of a list
	Key, Value reference // of a map
}

type reference struct {
	Shape        string
	Location     string
	LocationName string
	QueryName    string
	Sensitive    bool
	Flattened    bool
}

// signs is the service name in the scope of a signature.
func (m metadata) signs() string {
	if m.SigningName != "" {
		return m.SigningName
	}
	return m.EndpointPrefix
}

func (m metadata) rest() bool { return strings.HasPrefix(m.Protocol, "rest-") }

// xml reports whether answers are XML; CloudWatch speaks the query protocol to
// clients that do not know CBOR yet.
func (m metadata) xml() bool {
	return m.Protocol == "query" || m.Protocol == "ec2" || m.Protocol == "rest-xml" || m.EndpointPrefix == "monitoring"
}

// service gathers the models with one signing name.
type service struct {
	models             []string
	maps, lists, flats votes
	secrets            secrets
	root               *node
}

func newService() *service {
	return &service{maps: votes{}, secrets: secrets{}, lists: votes{}, flats: votes{}, root: &node{}}
}

// votes counts for each member name how many shapes have it one way, less those
// that have it the other way. A request shows names only, so the majority wins.
type votes map[string]int

func (v votes) cast(name string, yes bool) {
	if yes {
		v[name]++
	} else {
		v[name]--
	}
}

func (v votes) won() []string {
	var names []string
	for name, count := range v {
		if count >= 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s *service) add(m model) {
	line := []string{m.Metadata.EndpointPrefix, m.Metadata.Protocol, m.Metadata.APIVersion, m.Metadata.TargetPrefix}
	if text := strings.TrimSpace(strings.Join(line, " ")); !slices.Contains(s.models, text) {
		s.models = append(s.models, text)
	}
	for _, owner := range m.Shapes {
		for name, ref := range owner.Members {
			s.addMember(m, name, ref)
		}
	}
	for name, o := range m.Operations {
		s.secrets.add(m, name+"<", o.Input)
		s.secrets.add(m, name+">", o.Output)
	}
	if m.Metadata.rest() {
		s.addRoutes(m)
	}
}

func (s *service) addMember(m model, name string, ref reference) {
	target := m.Shapes[ref.Shape]
	if target.Type == "map" || target.Type == "structure" {
		s.maps.cast(name, target.Type == "map")
	}
	if !m.Metadata.xml() {
		return
	}
	if ref.LocationName != "" {
		name = ref.LocationName
	}
	if target.Type == "list" {
		s.flats.cast(name, target.Flattened || ref.Flattened)
	}
	s.lists.cast(name, target.Type == "list")
}

func (s *service) write(w *bufio.Writer) {
	for _, line := range s.models {
		w.WriteString("model " + line + "\n")
	}
	lists := s.lists.won()
	flats := slices.DeleteFunc(s.flats.won(), func(name string) bool { return !slices.Contains(lists, name) })
	for _, members := range []struct {
		what  string
		names []string
	}{{"maps", s.maps.won()}, {"secrets", s.secrets.everywhere()}, {"lists", lists}, {"flats", flats}} {
		if len(members.names) > 0 {
			w.WriteString(members.what + " " + strings.Join(members.names, " ") + "\n")
		}
	}
	s.secrets.write(w)
	s.root.write(w, 0)
}
