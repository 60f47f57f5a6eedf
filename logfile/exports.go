package logfile

import "github.com/cerpac/trailkeeper/event"

// logForms are the forms of CloudWatch Logs.
func logForms() []form {
	list := []form{
		{"messageType", func(o *event.Record, v event.Value) (wrapped, bool) {
			text, _ := v.Text()
			if string(text) == "CONTROL_MESSAGE" {
				return wrapped{kind: noEvent, why: "CloudWatch Logs control message"}, true
			}
			return wrapped{kind: inArrays}, isArray(member(o, "logEvents"))
		}},
		{"@message", stringOrObject},
		{"@ptr", func(*event.Record, event.Value) (wrapped, bool) { return insightsRow(), true }},
	}
	for _, name := range []string{"Records", "Events", "events", "logEvents", "Messages", "records", "QueryResultRows", "results", "hits"} {
		list = append(list, form{name, func(_ *event.Record, v event.Value) (wrapped, bool) {
			return wrapped{kind: inArrays}, holdsPieces([]byte(name), v.Raw)
		}})
	}
	return list
}

func insightsRow() wrapped {
	return wrapped{kind: partial, why: "row of a Logs Insights query without the field @message", fix: `add "fields @message" to the query`}
}

// exportForms are the export formats of other tools. The form of a log event's
// message is last, as its member name is the least specific.
func exportForms() []form {
	return []form{
		{"_source", document},
		{"event.original", stringOrObject},
		{"_raw", stringOrObject},
		{"result", func(o *event.Record, v event.Value) (wrapped, bool) { // of Splunk
			if isObject(v) && hasOne(o, []string{"preview", "offset", "lastrow"}) && !memberOf(v, "_raw").Present() {
				return wrapped{kind: partial, why: "Splunk result without the field _raw", fix: `add "| fields _raw" to the search`}, true
			}
			return wrapped{kind: inObject, value: v}, isObject(v)
		}},
		{"event", func(_ *event.Record, v event.Value) (wrapped, bool) { // of Elastic's schema, or of Splunk's collector
			switch original := memberOf(v, "original"); {
			case original.IsString():
				return wrapped{kind: inString, value: original}, true
			case v.IsString():
				text, _ := v.Text()
				return wrapped{kind: inString, value: v}, opensJSON(text)
			}
			return wrapped{kind: inObject, value: v}, memberOf(v, "eventVersion").Present()
		}},
		{"message", func(_ *event.Record, v event.Value) (wrapped, bool) {
			if v.IsString() {
				return wrapped{kind: inString, value: v}, true
			}
			return wrapped{kind: inObject, value: v}, memberOf(v, "eventVersion").Present()
		}},
	}
}

// document returns the source of an Elasticsearch document: the event itself, or a
// member with the original event. The members under aws.cloudtrail, which Elastic's
// integration derives, are not the event.
func document(_ *event.Record, v event.Value) (wrapped, bool) {
	if !isObject(v) {
		return wrapped{}, false
	}
	for _, original := range []event.Value{memberOf(v, "event.original"), memberOf(memberOf(v, "event"), "original")} {
		if original.IsString() {
			return wrapped{kind: inString, value: original}, true
		}
	}
	for _, whole := range []event.Value{memberOf(v, "aws.cloudtrail"), memberOf(memberOf(v, "aws"), "cloudtrail")} {
		if memberOf(whole, "eventVersion").Present() {
			return wrapped{kind: inObject, value: whole}, true
		}
	}
	if memberOf(v, "eventVersion").Present() || memberOf(v, "message").Present() || memberOf(v, "@message").Present() {
		return wrapped{kind: inObject, value: v}, true
	}
	return wrapped{kind: partial, why: "Elasticsearch document without the field event.original", fix: "have the integration preserve the original event, or export the events from their source"}, true
}
