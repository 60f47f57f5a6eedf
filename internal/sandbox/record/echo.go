package record

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// shortest is the minimum length of a secret that is searched for in a message.
// Shorter ones occur by chance.
const shortest = 4

// maxSearched bounds the search: secrets times bytes of the message. It is far more
// than any legitimate call has.
const maxSearched = 64 << 20

// withoutSecrets removes the secrets of the request from an error message. An upstream
// may quote the values it refuses.
func (c *call) withoutSecrets(message string) string {
	if message == "" {
		return ""
	}
	var pairs []string
	secrets := c.requestSecrets()
	if len(secrets)*len(message) > maxSearched {
		return hidden
	}
	for _, secret := range secrets {
		if strings.Contains(message, secret) {
			pairs = append(pairs, secret, hidden)
		}
	}
	return strings.NewReplacer(pairs...).Replace(message)
}

// requestSecrets returns the texts of a request that its record hides, in all
// encodings that a message may use. Longer ones are first, as they may contain others.
func (c *call) requestSecrets() []string {
	var found []string
	dry := *c
	dry.secrets = &found
	dry.requestParameters("")
	for name, values := range c.x.Header {
		if s := (speller{op: c.op}); s.secretHeader(name) {
			found = append(found, values...)
		}
	}
	if c.op.SensitiveBody(operation.Input) {
		body := bodyOf(c.x.Request)
		found = append(found, string(body))
		gather(decodeJSON(body), &found)
	}
	var secrets []string
	for _, text := range found {
		for _, written := range append(spellings(text), text) {
			if len(written) >= shortest && written != "true" && written != "false" {
				secrets = append(secrets, written)
			}
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(secrets)
}

// spellings returns other encodings of a text: escaped for JSON and for URLs, trimmed,
// and decoded from base64.
func spellings(text string) []string {
	quoted, _ := json.Marshal(text) // strings always marshal
	ways := []string{string(quoted[1 : len(quoted)-1]), url.QueryEscape(text), url.PathEscape(text), strings.TrimSpace(text)}
	if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
		ways = append(ways, string(plain))
	}
	return ways
}

// secretHeader reports whether a request header contains a secret.
func (s speller) secretHeader(name string) bool {
	lower := strings.ToLower(name)
	switch lower {
	case "authorization", "x-amz-security-token", "x-amz-s3session-token", "x-amz-mfa":
		return true
	}
	// The model has SageMaker's header too, but in another case than net/http.
	return strings.Contains(lower, "customer-key") || lower == "x-amzn-sagemaker-custom-attributes" || strings.HasSuffix(lower, "-encryption-context") ||
		s.op.Sensitive(operation.Input, name) || s.op.Sensitive(operation.Input, lower)
}

// gather adds all texts of a value, and its member names, which may be user data.
func gather(t tree, found *[]string) {
	switch t := t.(type) {
	case string:
		*found = append(*found, t)
	case number:
		*found = append(*found, string(t))
	case list:
		for _, value := range t {
			gather(value, found)
		}
	case object:
		for _, m := range t {
			*found = append(*found, m.name)
			gather(m.value, found)
		}
	}
}

// masked reports whether the shown value is a placeholder for a hidden one.
func masked(shown tree) bool {
	if values, ok := shown.(list); ok {
		return len(values) > 0 && masked(values[0])
	}
	return shown == hidden || shown == removed || shown == starred
}
