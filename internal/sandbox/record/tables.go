package record

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
)

// dynamodbResources returns the tables or the stream of a call. The bodies of batches,
// transactions and statements are not recorded, but the tables are read from them.
func (c *call) dynamodbResources(parameters object) list {
	if c.op.ResourceType == "AWS::DynamoDB::Stream" {
		stream := parameters.text("streamArn")
		if stream == "" { // AWS's iterators begin with the stream's ARN
			stream, _, _ = strings.Cut(parameters.text("shardIterator"), "|")
		}
		if !arn.Begins(stream) {
			return nil
		}
		return c.one(c.op.ResourceType, stream)
	}
	var all list
	for _, table := range c.tables(parameters) {
		all = append(all, c.one("AWS::DynamoDB::Table", c.named("dynamodb", "table/", table))...)
	}
	return all
}

// tables returns the names or ARNs of the tables of a call, without duplicates.
func (c *call) tables(parameters object) []string {
	if name := parameters.text("tableName"); name != "" {
		return []string{name}
	}
	body, _ := decodeJSON(bodyOf(c.x.Request)).(object)
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(body.text("TableName")) // of a refused call, whose parameters are not recorded
	switch c.op.Name {
	case "BatchGetItem", "BatchWriteItem":
		items, _ := body.get("RequestItems").(object)
		for _, m := range items {
			add(m.name)
		}
	case "TransactGetItems", "TransactWriteItems":
		for _, item := range body.objects("TransactItems") {
			for _, m := range item { // Get, Put, Update, Delete or ConditionCheck
				action, _ := m.value.(object)
				add(action.text("TableName"))
			}
		}
	case "ExecuteStatement":
		add(statementTable(body.text("Statement")))
	case "BatchExecuteStatement", "ExecuteTransaction":
		for _, s := range append(body.objects("Statements"), body.objects("TransactStatements")...) {
			add(statementTable(s.text("Statement")))
		}
	}
	return names
}

// objects returns the objects in a member that is a list.
func (o object) objects(name string) []object {
	var all []object
	values, _ := o.get(name).(list)
	for _, value := range values {
		if element, ok := value.(object); ok {
			all = append(all, element)
		}
	}
	return all
}

// statementTable returns the table of a PartiQL statement: the token after UPDATE at
// its start, INTO or FROM.
func statementTable(statement string) string {
	follows := false
	for first := true; ; first = false {
		token, rest := nextToken(statement)
		if token == "" {
			return ""
		}
		if follows {
			return strings.Trim(token, `"`)
		}
		follows = first && strings.EqualFold(token, "UPDATE") || strings.EqualFold(token, "INTO") || strings.EqualFold(token, "FROM")
		statement = rest
	}
}

// nextToken splits off the next word, quoted text with its quotes, or sign. It skips
// blanks and comments. At the end token is "".
func nextToken(text string) (token, rest string) {
	for {
		text = strings.TrimLeft(text, " \t\r\n\f\v")
		switch {
		case strings.HasPrefix(text, "--"):
			_, text, _ = strings.Cut(text, "\n")
			continue
		case strings.HasPrefix(text, "/*"):
			_, text, _ = strings.Cut(text, "*/")
			continue
		case text == "":
			return "", ""
		}
		break
	}
	end := 0
	if quote := text[0]; quote == '"' || quote == '\'' {
		end = len(text)
		if i := strings.IndexByte(text[1:], quote); i >= 0 {
			end = i + 2
		}
		return text[:end], text[end:]
	}
	for end < len(text) && isWord(text[end]) {
		end++
	}
	end = max(end, 1)
	return text[:end], text[end:]
}

// isWord reports whether a byte may be in the name of a table without quotes.
func isWord(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-' || b >= 0x80
}

// plainKey returns the key of an item without attribute types, as CloudTrail does.
func plainKey(t tree) tree {
	parameters, ok := t.(object)
	if !ok {
		return t
	}
	key, _ := parameters.get("key").(object)
	for i, attribute := range key {
		if typed, ok := attribute.value.(object); ok && len(typed) == 1 {
			key[i].value = typed[0].value
		}
	}
	return parameters
}

// kinesisResources returns the stream or the consumer of a data event.
func (c *call) kinesisResources(parameters object) list {
	if c.op.ResourceType == "AWS::Kinesis::StreamConsumer" {
		return c.one(c.op.ResourceType, parameters.text("consumerARN"))
	}
	body, _ := decodeJSON(bodyOf(c.x.Request)).(object) // recorded unless the call was refused
	name := cmp.Or(body.text("StreamARN"), body.text("StreamName"), iteratedStream(body.text("ShardIterator")),
		parameters.text("streamARN"), parameters.text("streamName")) // in CBOR
	return c.one(c.op.ResourceType, c.named("kinesis", "stream/", name))
}

// iteratedStream returns the stream of a shard iterator of moto, which has its name
// before a colon. Iterators of AWS are opaque.
func iteratedStream(iterator string) string {
	text, err := base64.StdEncoding.DecodeString(iterator)
	name, _, found := strings.Cut(string(text), ":")
	if err != nil || !found || strings.ContainsFunc(name, func(r rune) bool { return r != '.' && (r >= 0x80 || !isWord(byte(r))) }) {
		return ""
	}
	return name
}
