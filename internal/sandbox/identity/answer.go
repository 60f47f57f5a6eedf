package identity

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"strings"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// maxAnswer exceeds the size of any answer with credentials, in bytes.
const maxAnswer = 1 << 20

// parameters returns the parameters of a request of the query protocol.
func parameters(x *exchange.Exchange) map[string]string {
	values := map[string]string{}
	text := x.URL.RawQuery
	if x.Request.Whole && len(x.Request.Bytes) < maxAnswer {
		text += "&" + string(x.Request.Bytes)
	}
	form, _ := url.ParseQuery(text) // of a malformed form, the valid part
	for name := range form {
		values[name] = form.Get(name)
	}
	return values
}

// leaves returns the texts of an XML answer, or of a JSON answer if the client asked
// for JSON, by the last two names of their path.
func leaves(body []byte) map[string]string {
	found := map[string]string{}
	if len(body) > maxAnswer {
		return found
	}
	if body = bytes.TrimSpace(body); bytes.HasPrefix(body, []byte("{")) {
		var tree map[string]any
		if json.Unmarshal(body, &tree) == nil {
			jsonLeaves("", tree, found)
		}
		return found
	}
	var names []string
	var text strings.Builder
	for decoder := xml.NewDecoder(bytes.NewReader(body)); ; {
		token, err := decoder.Token()
		if err != nil {
			return found
		}
		switch token := token.(type) {
		case xml.StartElement:
			names = append(names, token.Name.Local)
			text.Reset()
		case xml.CharData:
			text.Write(token)
		case xml.EndElement:
			if n := len(names); n >= 2 && text.Len() > 0 {
				found[names[n-2]+"."+names[n-1]] = text.String()
			}
			names = names[:len(names)-1]
			text.Reset()
		}
	}
}

func jsonLeaves(parent string, tree map[string]any, found map[string]string) {
	for name, value := range tree {
		switch value := value.(type) {
		case string:
			found[parent+"."+name] = value
		case map[string]any:
			jsonLeaves(name, value, found)
		}
	}
}
