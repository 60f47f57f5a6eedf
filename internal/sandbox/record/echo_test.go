package record

import (
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// TestMessagesQuoteNoSecret: an upstream may say what it refuses.
func TestMessagesQuoteNoSecret(t *testing.T) {
	const secret = `p"s/w d+ü\n`
	for name, test := range map[string]struct {
		op            operation.Operation
		request       string
		message, want string
	}{
		"plain": {operation.Operation{Service: "secretsmanager", Name: "PutSecretValue", Protocol: operation.JSON},
			`{"SecretId":"shown","SecretString":"hunter22"}`, "hunter22 is no value for shown; not hunter22", hidden + " is no value for shown; not " + hidden},
		"as JSON": {operation.Operation{Service: "secretsmanager", Name: "PutSecretValue", Protocol: operation.JSON},
			`{"SecretString":"p\"s/w d+ü\\n"}`, `in {"SecretString":"p\"s/w d+ü\\n"}`, `in {"SecretString":"` + hidden + `"}`},
		"in a form": {operation.Operation{Service: "iam", Name: "CreateLoginProfile", Protocol: operation.Query},
			"UserName=shown&Password=p%22s%2Fw+d%2B%C3%BC%5Cn", "shown: " + secret + ", p%22s%2Fw+d%2B%C3%BC%5Cn", "shown: " + hidden + ", " + hidden},
		"behind base64": {operation.Operation{Service: "kms", Name: "Encrypt", Protocol: operation.JSON},
			`{"KeyId":"shown","Plaintext":"aHVudGVyMjI="}`, "shown does not take hunter22 (aHVudGVyMjI=)", "shown does not take " + hidden + " (" + hidden + ")"},
		"inside": {operation.Operation{Service: "lambda", Name: "UpdateFunctionConfiguration20150331v2", Protocol: operation.RESTJSON},
			`{"Environment":{"Variables":{"TOKEN":"hunter22"}}}`, "TOKEN=hunter22 refused", hidden + "=" + hidden + " refused"},
		"the user's": {operation.Operation{Service: "dynamodb", Name: "PutItem", Protocol: operation.JSON, Category: operation.Data},
			`{"TableName":"shown","Item":{"id":{"S":"hunter22"}}}`, "no hunter22 in shown", "no " + hidden + " in shown"},
		"too short to tell": {operation.Operation{Service: "secretsmanager", Name: "PutSecretValue", Protocol: operation.JSON},
			`{"SecretString":"a"}`, "a value is missing", "a value is missing"},
	} {
		answer := `{"__type":"ValidationException","message":` + asJSON(t, test.message) + `}`
		x, op := ask(test.op, test.request, 400, answer)
		record, text := composed(t, x, op)
		if record["errorMessage"] != test.want {
			t.Errorf("%s: %v, want %s", name, record["errorMessage"], test.want)
		}
		if strings.Contains(text, "hunter22") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
