package record

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

func TestResourcesOfDataEvents(t *testing.T) {
	const table, stream = "AWS::DynamoDB::Table", "AWS::Kinesis::Stream"
	const remote = "arn:aws:dynamodb:us-east-1:210987654321:table/Far"
	iterator := base64.StdEncoding.EncodeToString([]byte("orders:shardId-0:1"))
	for _, test := range []struct {
		service, name, kind, request string
		want                         string // the ARNs without what is before the name
	}{
		{"dynamodb", "GetItem", table, `{"TableName":"A","Key":{"Id":{"S":"1"}}}`, "table/A"},
		{"dynamodb", "BatchGetItem", table, `{"RequestItems":{"A":{"Keys":[]},"` + remote + `":{}}}`, "table/A table/Far"},
		{"dynamodb", "BatchWriteItem", table, `{"RequestItems":{"A":[],"B":[]}}`, "table/A table/B"},
		{"dynamodb", "TransactGetItems", table, `{"TransactItems":[{"Get":{"TableName":"A"}},{"Get":{"TableName":"A"}},{"Get":{"TableName":"B"}}]}`, "table/A table/B"},
		{"dynamodb", "TransactWriteItems", table, `{"TransactItems":[{"Put":{"TableName":"A"}},{"ConditionCheck":{"TableName":"B"}},{"Update":{"TableName":"C"}},{"Delete":{"TableName":"D"}}]}`,
			"table/A table/B table/C table/D"},
		{"dynamodb", "ExecuteStatement", table, `{"Statement":"SELECT \"from\", x FROM \"A\".\"Index\" WHERE y = 'FROM B'"}`, "table/A"},
		{"dynamodb", "ExecuteStatement", table, `{"Statement":"/* FROM C */ update A set x = 1"}`, "table/A"},
		{"dynamodb", "ExecuteStatement", table, `{"Statement":"INSERT INTO \"my.table\" VALUE {'a': 'b'}"}`, "table/my.table"},
		{"dynamodb", "ExecuteStatement", table, `{"Statement":"nonsense"}`, ""},
		{"dynamodb", "BatchExecuteStatement", table, `{"Statements":[{"Statement":"DELETE FROM A WHERE x=1"},{"Statement":"SELECT * FROM B"}]}`, "table/A table/B"},
		{"dynamodb", "ExecuteTransaction", table, `{"TransactStatements":[{"Statement":"EXISTS(SELECT * FROM \"A\" WHERE x=1)"}]}`, "table/A"},
		{"kinesis", "PutRecord", stream, `{"StreamName":"orders","Data":"eA=="}`, "stream/orders"},
		{"kinesis", "PutRecords", stream, `{"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/orders","Records":[]}`, "stream/orders"},
		{"kinesis", "GetRecords", stream, `{"ShardIterator":"` + iterator + `"}`, "stream/orders"},
		{"kinesis", "GetRecords", stream, `{"ShardIterator":"AAAA"}`, ""},
	} {
		x, op := ask(operation.Operation{Service: test.service, Name: test.name, Protocol: operation.JSON}, test.request, 200, `{"Attributes":{"A":{"S":"`+marker+`"}}}`)
		op.Category, op.ResourceType = operation.Data, test.kind
		record, text := composed(t, x, op)
		var got []string
		resources, _ := record["resources"].([]any)
		for _, resource := range resources {
			r := resource.(map[string]any)
			arn := strings.SplitN(r["ARN"].(string), ":", 6)
			if r["type"] != test.kind || r["accountId"] != arn[4] {
				t.Errorf("%s: %v", test.name, r)
			}
			got = append(got, arn[5])
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s %s: %q, want %q", test.name, test.request, got, test.want)
		}
		if test.service == "dynamodb" && (record["responseElements"] != nil || strings.Contains(text, marker)) {
			t.Errorf("%s: an answer with items is recorded: %s", test.name, text)
		}
	}
}

// TestResourcesOfRefusedCalls: trails get what was tried, too.
func TestResourcesOfRefusedCalls(t *testing.T) {
	for _, test := range []struct{ service, name, kind, request, want string }{
		{"dynamodb", "GetItem", "AWS::DynamoDB::Table", `{"TableName":"A"}`, "arn:aws:dynamodb:us-east-1:123456789012:table/A"},
		{"kinesis", "PutRecord", "AWS::Kinesis::Stream", `{"StreamName":"A"}`, "arn:aws:kinesis:us-east-1:123456789012:stream/A"},
	} {
		x, op := ask(operation.Operation{Service: test.service, Name: test.name, Protocol: operation.JSON}, test.request, 400, `{"__type":"AccessDeniedException"}`)
		op.Category, op.ResourceType = operation.Data, test.kind
		if record, text := composed(t, x, op); record["requestParameters"] != nil || !strings.Contains(text, test.want) {
			t.Errorf("%s: %s", test.name, text)
		}
	}
}

func TestKeyOfItem(t *testing.T) {
	x, op := ask(operation.Operation{Service: "dynamodb", Name: "DeleteItem", Protocol: operation.JSON},
		`{"TableName":"A","Key":{"Artist":{"S":"one"},"year":{"N":"2001"}}}`, 200, `{}`)
	op.Category = operation.Data
	record, _ := composed(t, x, op)
	if got := asJSON(t, record["requestParameters"]); got != `{"key":{"Artist":"one","year":"2001"},"tableName":"A"}` {
		t.Error(got)
	}
}
