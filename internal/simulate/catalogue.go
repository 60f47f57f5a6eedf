package simulate

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// data is everything the simulation knows about AWS and about attackers:
//
//	catalogue/SERVICE.json  API calls of a service
//	personas/NAME.json      who makes which calls, and when
//	routines/NAME.json      recurring scenarios of normal operation
//	attacks/NAME.json       attack scenarios
//	world/*.json            kinds of identities, ways of access, resources, places
//
//go:embed catalogue personas routines attacks world
var data embed.FS

// call is an API call, or another kind of record, with its templates.
type call struct {
	source      string // ec2.amazonaws.com
	name        string // RunInstances
	action      string // ec2:RunInstances
	version     string // eventVersion
	apiVersion  string
	eventType   string
	category    string
	global      bool // recorded in us-east-1 only
	readOnly    bool
	shortID     bool // request IDs in the style of S3
	noRequestID bool
	host        template
	request     template
	response    template
	additional  template
	resources   template
	details     template
	errors      []callError
	denied      callError
	compiler    *compiler // compiles a scenario's bodies for this call
}

// callError is a way a call can fail.
type callError struct {
	code    template
	message template
	rate    float64
}

// serviceFile is the JSON of catalogue/SERVICE.json.
type serviceFile struct {
	Source       string     `json:"source"`
	Host         string     `json:"host"`         // default: SERVICE.${region}.amazonaws.com
	EventVersion string     `json:"eventVersion"` // default 1.11
	APIVersion   string     `json:"apiVersion"`
	Global       bool       `json:"global"`
	ShortID      bool       `json:"shortID"`
	Denied       *errorFile `json:"denied"`
	Calls        []callFile `json:"calls"`
}

type callFile struct {
	Name       string          `json:"name"`
	ReadOnly   *bool           `json:"readOnly"` // default: derived from the verb in the name
	Global     *bool           `json:"global"`
	Category   string          `json:"category"` // default Management
	Type       string          `json:"type"`     // default AwsApiCall
	Host       string          `json:"host"`
	Request    json.RawMessage `json:"request"`
	Response   json.RawMessage `json:"response"`
	Additional json.RawMessage `json:"additional"`
	Resources  json.RawMessage `json:"resources"`
	Details    json.RawMessage `json:"details"`
	Errors     []errorFile     `json:"errors"`
}

type errorFile struct {
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Rate    float64 `json:"rate"`
}

// standardDenial is the error message of most services for a denied call.
func standardDenial() *errorFile {
	return &errorFile{
		Code:    "AccessDenied",
		Message: "User: ${myArn} is not authorized to perform: ${action} because no identity-based policy allows the ${action} action",
	}
}

// catalogue finds calls by SERVICE:Name, the service being the name of its file.
type catalogue map[string]*call

func (c catalogue) call(name string) (*call, error) {
	if found, ok := c[name]; ok {
		return found, nil
	}
	return nil, fmt.Errorf("find API call %q: not in the catalogue", name)
}

func loadCatalogue(files fs.FS, words vocabulary) (catalogue, error) {
	all := catalogue{}
	err := eachFile(files, "catalogue", func(service string, b []byte) error {
		var f serviceFile
		if err := decodeStrict(b, &f); err != nil {
			return err
		}
		for _, cf := range f.Calls {
			c, err := newCall(service, &f, &cf, words)
			if err != nil {
				return fmt.Errorf("call %q: %w", cf.Name, err)
			}
			all[service+":"+cf.Name] = c
		}
		return nil
	})
	return all, err
}

func newCall(service string, f *serviceFile, cf *callFile, words vocabulary) (*call, error) {
	c := &call{
		source: f.Source, name: cf.Name, version: or(f.EventVersion, "1.11"), apiVersion: f.APIVersion,
		action:    strings.TrimSuffix(f.Source, ".amazonaws.com") + ":" + cf.Name,
		eventType: or(cf.Type, "AwsApiCall"), category: or(cf.Category, "Management"),
		global: f.Global, shortID: f.ShortID, readOnly: isRead(cf.Name),
		compiler: newCompiler(words),
	}
	c.noRequestID = c.eventType == "AwsConsoleSignIn"
	if cf.Global != nil {
		c.global = *cf.Global
	}
	if cf.ReadOnly != nil {
		c.readOnly = *cf.ReadOnly
	}
	host := or(cf.Host, f.Host, service+".${region}.amazonaws.com")
	var err error
	if c.host, err = c.compiler.compileText(host); err != nil {
		return nil, err
	}
	return c, c.compileBodies(f, cf)
}

func (c *call) compileBodies(f *serviceFile, cf *callFile) error {
	for _, body := range []struct {
		to  *template
		raw json.RawMessage
	}{
		{&c.request, cf.Request}, {&c.response, cf.Response}, {&c.additional, cf.Additional},
		{&c.resources, cf.Resources}, {&c.details, cf.Details},
	} {
		var err error
		if *body.to, err = c.compiler.compile(body.raw); err != nil {
			return err
		}
	}
	denied := f.Denied
	if denied == nil {
		denied = standardDenial()
	}
	var err error
	if c.denied, err = c.compileError(*denied); err != nil {
		return err
	}
	for _, ef := range cf.Errors {
		e, err := c.compileError(ef)
		if err != nil {
			return err
		}
		c.errors = append(c.errors, e)
	}
	return nil
}

// compileError compiles texts that are JSON strings without their quotes.
func (c *call) compileError(ef errorFile) (callError, error) {
	code, err := c.compiler.compileText(escape(ef.Code))
	if err != nil {
		return callError{}, err
	}
	message, err := c.compiler.compileText(escape(ef.Message))
	return callError{code, message, ef.Rate}, err
}

// escape escapes text for the inside of a JSON string.
func escape(text string) string {
	quoted, _ := json.Marshal(text) // a string always marshals
	return string(quoted[1 : len(quoted)-1])
}

// isRead guesses from the name whether a call only reads. AWS sets readOnly by hand;
// the guess nearly always agrees.
func isRead(name string) bool {
	for _, verb := range []string{"Get", "List", "Describe", "Head", "Lookup", "Search", "BatchGet", "Query", "Scan", "Filter", "Simulate", "Check"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

func or(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// eachFile calls visit for the JSON files of a folder, ordered by name.
func eachFile(files fs.FS, folder string, visit func(name string, b []byte) error) error {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return fmt.Errorf("read simulation data: %w", err)
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		b, err := fs.ReadFile(files, path.Join(folder, e.Name()))
		if err != nil {
			return fmt.Errorf("read simulation data: %w", err)
		}
		if err := visit(name, b); err != nil {
			return fmt.Errorf("load %s/%s: %w", folder, e.Name(), err)
		}
	}
	return nil
}

// decodeStrict rejects unknown fields, because a misspelt one would be ignored.
func decodeStrict(b []byte, to any) error {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	return d.Decode(to)
}
