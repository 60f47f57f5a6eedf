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

// shortest is how long a secret is at least to be looked for in a message. What is
// shorter is in it by chance, such as an a.
const shortest = 4

// maxSearched bounds the search: secrets times bytes of the message, far more than those
// of a call that means it.
const maxSearched = 64 << 20

// withoutSecrets is an error message without the secrets of the request, which an
// upstream may quote when it refuses them.
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

// requestSecrets are the texts of a request that its record does not show, and the
// ways in which a message may write them; longer ones first, which may hold others.
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
		body := bodyOf(c.x.Header, c.x.Request)
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

// spellings are the other ways to write a text: escaped as in JSON and in a URL, and
// the bytes behind base64.
func spellings(text string) []string {
	quoted, _ := json.Marshal(text) // a text is always JSON
	ways := []string{string(quoted[1 : len(quoted)-1]), url.QueryEscape(text), url.PathEscape(text), strings.TrimSpace(text)}
	if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
		ways = append(ways, string(plain))
	}
	return ways
}

// secretHeader reports whether a header of a request has a secret in it.
func (s speller) secretHeader(name string) bool {
	lower := strings.ToLower(name)
	switch lower {
	case "authorization", "x-amz-security-token", "x-amz-s3session-token", "x-amz-mfa":
		return true
	}
	// Go spells the header of SageMaker, which the model has, in another way.
	return strings.Contains(lower, "customer-key") || lower == "x-amzn-sagemaker-custom-attributes" || strings.HasSuffix(lower, "-encryption-context") ||
		s.op.Sensitive(operation.Input, name) || s.op.Sensitive(operation.Input, lower)
}

// gather adds all texts of a value, and the names in it, which may be the user's.
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

// masked reports whether what is shown of a value hides it.
func masked(shown tree) bool {
	if values, ok := shown.(list); ok {
		return len(values) > 0 && masked(values[0])
	}
	return shown == hidden || shown == removed || shown == starred
}
