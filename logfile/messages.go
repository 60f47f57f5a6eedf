package logfile

import (
	"bytes"

	"github.com/cerpac/trailkeeper/event"
)

// cloudTrailForms lists the formats of CloudTrail's own API and files.
func cloudTrailForms() []form {
	return []form{
		{"digestS3Object", isDigest},
		{"digestStartTime", isDigest},
		{"CloudTrailEvent", stringOrObject}, // lookup-events
		{"eventJson", stringOrObject},       // a row of CloudTrail Lake
		{"s3ObjectKey", func(o *event.Record, _ event.Value) (wrapped, bool) {
			return wrapped{kind: noEvent, why: "CloudTrail notification, which names log files and holds no events"}, member(o, "s3Bucket").Present()
		}},
	}
}

func isDigest(*event.Record, event.Value) (wrapped, bool) {
	return wrapped{kind: foreign, why: "digest file"}, true
}

// messageForms lists the formats in which services pass events on.
func messageForms() []form {
	return []form{
		{"detail-type", eventBridge},
		{"Message", notification},
		{"Sns", func(_ *event.Record, v event.Value) (wrapped, bool) { // an event of Lambda's
			text := memberOf(v, "Message")
			return wrapped{kind: inString, value: text}, text.IsString()
		}},
		{"Body", queueMessage("MessageId", "ReceiptHandle", "MD5OfBody")},
		{"body", queueMessage("messageId", "receiptHandle", "md5OfBody")},
		{"kinesis", func(_ *event.Record, v event.Value) (wrapped, bool) {
			data := memberOf(v, "data")
			return wrapped{kind: inBase64, value: data}, data.IsString()
		}},
		{"Data", streamRecord("PartitionKey", "SequenceNumber")},
		{"data", streamRecord("recordId", "partitionKey")},
		{"awslogs", func(_ *event.Record, v event.Value) (wrapped, bool) {
			data := memberOf(v, "data")
			return wrapped{kind: inBase64, value: data}, data.IsString()
		}},
		{"Event", func(_ *event.Record, v event.Value) (wrapped, bool) {
			text, _ := v.Text()
			return wrapped{kind: noEvent, why: "S3 test notification"}, string(text) == "s3:TestEvent"
		}},
	}
}

// eventBridge returns the detail of an EventBridge event. Events of other services have
// the same envelope.
func eventBridge(o *event.Record, kind event.Value) (wrapped, bool) {
	detail := member(o, "detail")
	text, _ := kind.Text()
	if !bytes.Contains(text, []byte("CloudTrail")) && !memberOf(detail, "eventVersion").Present() {
		return wrapped{kind: noEvent, why: "EventBridge event of another detail type"}, true
	}
	return wrapped{kind: inObject, value: detail}, isObject(detail)
}

// notification returns the message of an SNS notification.
func notification(o *event.Record, v event.Value) (wrapped, bool) {
	kind, _ := member(o, "Type").Text()
	switch string(kind) {
	case "Notification":
		return wrapped{kind: inString, value: v}, v.IsString()
	case "SubscriptionConfirmation", "UnsubscribeConfirmation":
		return wrapped{kind: noEvent, why: "SNS subscription message"}, true
	}
	return wrapped{}, false
}

// plainMessage returns why a message that is not JSON holds no event, or "".
func plainMessage(text []byte) string {
	if bytes.HasPrefix(text, []byte("CloudTrail validation message")) {
		return "CloudTrail validation message"
	}
	return ""
}

// queueMessage returns a function that returns the body of an SQS message, which has
// one of the other members.
func queueMessage(others ...string) func(*event.Record, event.Value) (wrapped, bool) {
	return func(o *event.Record, v event.Value) (wrapped, bool) {
		return wrapped{kind: inString, value: v}, v.IsString() && hasOne(o, others)
	}
}

// streamRecord returns a function that returns the data of a Kinesis or Firehose
// record, which has one of the other members or none.
func streamRecord(others ...string) func(*event.Record, event.Value) (wrapped, bool) {
	return func(o *event.Record, v event.Value) (wrapped, bool) {
		return wrapped{kind: inBase64, value: v}, v.IsString() && (hasOne(o, others) || len(o.Other()) == 1)
	}
}

// stringOrObject returns a member that is an event, as an object or as its text.
func stringOrObject(_ *event.Record, v event.Value) (wrapped, bool) {
	if v.IsString() {
		return wrapped{kind: inString, value: v}, true
	}
	return wrapped{kind: inObject, value: v}, isObject(v)
}

func isObject(v event.Value) bool { return len(v.Raw) > 0 && v.Raw[0] == '{' }
func isArray(v event.Value) bool  { return len(v.Raw) > 0 && v.Raw[0] == '[' }

// member returns a member of an object that CloudTrail does not document.
func member(o *event.Record, name string) event.Value {
	for _, m := range o.Other() {
		if m.Name == name {
			return m.Value
		}
	}
	return event.Value{}
}

func hasOne(o *event.Record, names []string) bool {
	for _, name := range names {
		if member(o, name).Present() {
			return true
		}
	}
	return false
}

// memberOf returns a member of an object value, the last of that name.
func memberOf(v event.Value, name string) (found event.Value) {
	v.Members(func(n []byte, v event.Value) {
		if string(n) == name {
			found = v
		}
	})
	return found
}
