package duckdb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// eventColumns are the columns of the events view before the partition columns,
// in order: those of a part except explicit_nulls, which is internal.
var eventColumns = [...]string{
	"event_time", "event_id", "event_version", "event_source", "event_name", "aws_region", "account_id",
	"source_ip_address", "user_agent", "error_code", "error_message", "read_only",
	"identity_type", "identity_principal_id", "identity_arn", "identity_account_id",
	"identity_access_key_id", "identity_user_name", "identity_invoked_by",
	"session_issuer_type", "session_issuer_arn", "session_issuer_user_name", "session_source_identity", "session_mfa_authenticated",
	"request_parameters", "response_elements", "additional_event_data", "resources", "user_identity",
	"event_type", "event_category", "management_event", "api_version", "request_id", "shared_event_id", "recipient_account_id",
	"vpc_endpoint_id", "vpc_endpoint_account_id", "session_credential_from_console",
	"service_event_details", "addendum", "edge_device_details", "tls_details", "insight_details", "event_context",
	"log_file", "extra",
}

// laterColumns are the columns of the events view that were added to it last,
// in order.
var laterColumns = [...]string{"username", "resource_names", "resource_types", "log_offset", "log_file_sha256", "digest", "verified_at"}

// athenaView defines cloudtrail_logs over lake.records, which calls no function
// that a translated statement may hide: the columns and types of
// the tables that AWS documents for Athena. Nested values are parsed only when
// they are used. JSON keys are case sensitive in from_json, hence the cast of
// the whole value to the names of the table.
func athenaView(use athenaUse) string {
	path := ""
	if use.path {
		path = `, log_file AS "$path"`
	}
	return "VIEW cloudtrail_logs AS SELECT event_version AS eventversion, " +
		identityStruct(use.identity) + " AS " + identityColumn + "," + athenaColumns + path + " FROM lake.records"
}

// athenaUse lists what a statement uses of cloudtrail_logs besides its columns.
type athenaUse struct {
	identity []string // the fields of useridentity, the others are NULL; nil means all
	path     bool     // the column "$path", which SELECT * does not show
}

const athenaColumns = `
	strftime(event_time, '%Y-%m-%dT%H:%M:%SZ') AS eventtime,
	event_source AS eventsource,
	event_name AS eventname,
	aws_region AS awsregion,
	source_ip_address AS sourceipaddress,
	user_agent AS useragent,
	error_code AS errorcode,
	error_message AS errormessage,
	request_parameters AS requestparameters,
	response_elements AS responseelements,
	additional_event_data AS additionaleventdata,
	request_id AS requestid,
	event_id AS eventid,
	from_json(resources, '[{"ARN":"VARCHAR","accountId":"VARCHAR","type":"VARCHAR"}]')
		::STRUCT(arn VARCHAR, accountid VARCHAR, "type" VARCHAR)[] AS resources,
	event_type AS eventtype,
	api_version AS apiversion,
	CASE read_only WHEN true THEN 'true' WHEN false THEN 'false' END AS readonly,
	recipient_account_id AS recipientaccountid,
	service_event_details AS serviceeventdetails,
	shared_event_id AS sharedeventid,
	vpc_endpoint_id AS vpcendpointid,
	vpc_endpoint_account_id AS vpcendpointaccountid,
	event_category AS eventcategory,
	from_json(addendum, '{"reason":"VARCHAR","updatedFields":"VARCHAR","originalRequestID":"VARCHAR","originalEventID":"VARCHAR"}')
		::STRUCT(reason VARCHAR, updatedfields VARCHAR, originalrequestid VARCHAR, originaleventid VARCHAR) AS addendum,
	session_credential_from_console AS sessioncredentialfromconsole,
	edge_device_details AS edgedevicedetails,
	from_json(tls_details, '{"tlsVersion":"VARCHAR","cipherSuite":"VARCHAR","clientProvidedHostHeader":"VARCHAR"}')
		::STRUCT(tlsversion VARCHAR, ciphersuite VARCHAR, clientprovidedhostheader VARCHAR) AS tlsdetails,
	aws_region AS region,
	year,
	month,
	day,
	year || '/' || month || '/' || day AS "timestamp"`

// view is a view over the parts.
type view struct {
	name   string
	define func(Options) string // its definition, for CREATE
}

// views returns the views of a database. One comes after those that it reads.
func views() []view {
	return []view{
		{recordsView, func(opts Options) string {
			return "VIEW lake.records AS " + perSchema(opts, func(g group) string {
				return "SELECT " + recordColumns() + ", year, month, day FROM " + g.source
			})
		}},
		{"lake.rows", func(opts Options) string {
			return "VIEW lake.rows AS " + perSchema(opts, func(g group) string {
				return "SELECT " + storedColumns() + ", year, month, day FROM " + g.searchable(g.source)
			})
		}},
		{"lake.derived", func(opts Options) string {
			return "VIEW lake.derived AS " + perSchema(opts, func(g group) string {
				return "SELECT " + storedColumns() + ", " + strings.Join(derivedColumns[:], ", ") + ", year, month, day FROM " + g.derived(g.searchable(g.source))
			})
		}},
		{"events", func(opts Options) string {
			return "VIEW events AS " + perSchema(opts, func(g group) string {
				return "SELECT " + typedColumns() + " FROM " + g.derived(g.searchable(g.source))
			})
		}},
		{logsView, func(Options) string { return athenaView(athenaUse{}) }},
	}
}

// recordsView is what logsView, the view cloudtrail_logs, reads.
const (
	recordsView = "lake.records"
	logsView    = "cloudtrail_logs"
)

// group is the source of the parts of one schema.
type group struct {
	source string
	schema int
}

// perSchema joins what is selected of the parts of each schema. The engine
// pushes conditions into every part of a UNION ALL, and so prunes each.
func perSchema(opts Options, selected func(group) string) string {
	bySchema := map[int][]string{}
	for _, p := range opts.Parts {
		schema := max(p.Schema, 1)
		bySchema[schema] = append(bySchema[schema], p.Path)
	}
	where := window(opts.Since, opts.Until)
	if len(bySchema) == 0 {
		return selected(group{emptySource(lake.Columns()), lake.Schema})
	}
	var list []string
	for _, schema := range slices.Sorted(maps.Keys(bySchema)) {
		list = append(list, selected(group{partsSource(bySchema[schema], schema, where), schema}))
	}
	return strings.Join(list, " UNION ALL ")
}

// typedColumns lists the columns of the events view. Casts to the type a
// column already has are dropped by the engine, so a part whose JSON columns
// are annotated as JSON is not parsed again.
func typedColumns() string {
	kinds := map[string]lake.Kind{}
	for _, c := range lake.Columns() {
		kinds[c.Name] = c.Kind
	}
	var b strings.Builder
	for _, name := range eventColumns {
		if kind := kinds[name]; kind == lake.JSON || kind == lake.Timestamp {
			fmt.Fprintf(&b, "%s::%s AS %s, ", name, kind, name)
		} else {
			b.WriteString(name + ", ")
		}
	}
	for _, name := range derivedColumns {
		b.WriteString(name + ", ")
	}
	b.WriteString("year, month, day, event_date")
	for _, name := range laterColumns {
		b.WriteString(", " + name)
	}
	return b.String()
}

const eventDate = "make_date(year::INTEGER, month::INTEGER, day::INTEGER)"

// storedColumns lists the columns of a part as lake.Row reads them, and those
// that are searched by.
func storedColumns() string { return recordColumns() + ", " + strings.Join(laterColumns[:], ", ") }

// recordColumns lists the columns of a part as lake.Row reads them.
func recordColumns() string {
	var list []string
	for _, c := range lake.RecordColumns() {
		if c.Kind == lake.JSON {
			list = append(list, c.Name+"::VARCHAR AS "+c.Name)
		} else {
			list = append(list, c.Name)
		}
	}
	return strings.Join(list, ", ")
}

// partsSource has the columns of a schema, those of the partition, and the day
// that follows from them. A function of partition columns alone prunes whole
// files, if nothing is between it and the files: a condition that could fail, as
// a cast does, is not pushed down further.
func partsSource(parts []string, schema int, where string) string {
	names := ""
	for _, c := range lake.Columns() {
		if c.Since <= schema {
			names += c.Name + ", "
		}
	}
	return "(SELECT " + names + "year, month, day, " + eventDate + " AS event_date FROM read_parquet(" + quoteList(parts) + ", hive_partitioning = true, " +
		"hive_types = {'year': VARCHAR, 'month': VARCHAR, 'day': VARCHAR})" + where + ")"
}

// emptySource has columns of a part and no rows, so that a lake without
// events gives empty results rather than an error.
func emptySource(columns []lake.Column) string {
	var nulls []string
	for _, c := range columns {
		nulls = append(nulls, fmt.Sprintf("NULL::%s AS %s", c.Kind, c.Name))
	}
	for _, name := range []string{"year", "month", "day"} {
		nulls = append(nulls, "NULL::VARCHAR AS "+name)
	}
	nulls = append(nulls, "NULL::DATE AS event_date")
	return "(SELECT " + strings.Join(nulls, ", ") + " WHERE false)"
}

// window restricts to since <= event_time < until; a zero time is no bound. The
// partition columns are restricted too, so that files of other days are not
// opened.
func window(since, until time.Time) string {
	const day, moment = "2006-01-02", "2006-01-02 15:04:05.999999"
	var conditions []string
	if !since.IsZero() {
		since = since.UTC()
		conditions = append(conditions, eventDate+" >= DATE "+quote(since.Format(day)),
			"event_time >= TIMESTAMP "+quote(since.Format(moment)))
	}
	if !until.IsZero() {
		until = until.UTC()
		conditions = append(conditions, eventDate+" <= DATE "+quote(until.Format(day)),
			"event_time < TIMESTAMP "+quote(until.Format(moment)))
	}
	if conditions == nil {
		return ""
	}
	return " WHERE " + strings.Join(conditions, " AND ")
}
