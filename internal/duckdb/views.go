package duckdb

import (
	"fmt"
	"strings"
	"time"
)

// column is one column of a Parquet part that a view shows.
type column struct{ name, sqlType string }

// partColumns are the columns of a part in the order of the events view. A part
// may hold more: explicit_nulls, for instance, is bookkeeping of export.
var partColumns = [...]column{
	{"event_time", "TIMESTAMP"},
	{"event_id", "VARCHAR"},
	{"event_version", "VARCHAR"},
	{"event_source", "VARCHAR"},
	{"event_name", "VARCHAR"},
	{"aws_region", "VARCHAR"},
	{"account_id", "VARCHAR"},
	{"source_ip_address", "VARCHAR"},
	{"user_agent", "VARCHAR"},
	{"error_code", "VARCHAR"},
	{"error_message", "VARCHAR"},
	{"request_id", "VARCHAR"},
	{"event_type", "VARCHAR"},
	{"event_category", "VARCHAR"},
	{"api_version", "VARCHAR"},
	{"recipient_account_id", "VARCHAR"},
	{"shared_event_id", "VARCHAR"},
	{"vpc_endpoint_id", "VARCHAR"},
	{"vpc_endpoint_account_id", "VARCHAR"},
	{"session_credential_from_console", "VARCHAR"},
	{"read_only", "BOOLEAN"},
	{"management_event", "BOOLEAN"},
	{"identity_type", "VARCHAR"},
	{"identity_principal_id", "VARCHAR"},
	{"identity_arn", "VARCHAR"},
	{"identity_account_id", "VARCHAR"},
	{"identity_access_key_id", "VARCHAR"},
	{"identity_user_name", "VARCHAR"},
	{"identity_invoked_by", "VARCHAR"},
	{"session_issuer_type", "VARCHAR"},
	{"session_issuer_arn", "VARCHAR"},
	{"session_issuer_user_name", "VARCHAR"},
	{"session_source_identity", "VARCHAR"},
	{"session_mfa_authenticated", "BOOLEAN"},
	{"user_identity", "JSON"},
	{"request_parameters", "JSON"},
	{"response_elements", "JSON"},
	{"additional_event_data", "JSON"},
	{"resources", "JSON"},
	{"service_event_details", "JSON"},
	{"addendum", "JSON"},
	{"edge_device_details", "JSON"},
	{"tls_details", "JSON"},
	{"insight_details", "JSON"},
	{"event_context", "JSON"},
	{"log_file", "VARCHAR"},
	{"extra", "JSON"},
}

// athenaColumns defines cloudtrail_logs: the columns, order and types of the
// table AWS documents for Athena, so that SQL written for it runs unchanged.
// Casts to VARCHAR and struct_pack cost nothing; resources is parsed only when
// it is asked for. JSON keys are case sensitive in from_json, hence the cast of
// the whole list to the names of the table.
const athenaColumns = `
	event_version AS eventversion,
	struct_pack(
		"type" := identity_type,
		principalid := identity_principal_id,
		arn := identity_arn,
		accountid := identity_account_id,
		invokedby := identity_invoked_by,
		accesskeyid := identity_access_key_id,
		username := identity_user_name
	) AS useridentity,
	strftime(event_time, '%Y-%m-%dT%H:%M:%SZ') AS eventtime,
	event_source AS eventsource,
	event_name AS eventname,
	aws_region AS awsregion,
	source_ip_address AS sourceipaddress,
	user_agent AS useragent,
	error_code AS errorcode,
	error_message AS errormessage,
	request_parameters::VARCHAR AS requestparameters,
	response_elements::VARCHAR AS responseelements,
	additional_event_data::VARCHAR AS additionaleventdata,
	request_id AS requestid,
	event_id AS eventid,
	from_json(resources, '[{"ARN":"VARCHAR","accountId":"VARCHAR","type":"VARCHAR"}]')
		::STRUCT(arn VARCHAR, accountid VARCHAR, "type" VARCHAR)[] AS resources,
	event_type AS eventtype,
	api_version AS apiversion,
	CASE read_only WHEN true THEN 'true' WHEN false THEN 'false' END AS readonly,
	recipient_account_id AS recipientaccountid,
	service_event_details::VARCHAR AS serviceeventdetails,
	shared_event_id AS sharedeventid,
	vpc_endpoint_id AS vpcendpointid,
	aws_region AS region,
	year,
	month,
	day`

// createViews returns the statements that create both views over the parts.
func createViews(opts Options) []string {
	source := partsSource(opts.Parts) + window(opts.Since, opts.Until)
	return []string{
		"CREATE VIEW events AS SELECT " + eventColumns() + " FROM " + source,
		"CREATE VIEW cloudtrail_logs AS SELECT " + athenaColumns + " FROM " + source,
	}
}

// eventColumns lists the columns of the events view. Casts to the type a
// column already has are dropped by the engine, so a part whose JSON columns
// are annotated as JSON is not parsed again.
func eventColumns() string {
	var b strings.Builder
	for _, c := range partColumns {
		if c.sqlType == "VARCHAR" || c.sqlType == "BOOLEAN" {
			b.WriteString(c.name + ", ")
			continue
		}
		fmt.Fprintf(&b, "%s::%s AS %s, ", c.name, c.sqlType, c.name)
	}
	// A function of partition columns alone prunes whole files.
	b.WriteString("year, month, day, make_date(year::INTEGER, month::INTEGER, day::INTEGER) AS event_date")
	return b.String()
}

func partsSource(parts []string) string {
	if len(parts) == 0 {
		return emptySource()
	}
	return "read_parquet(" + quoteList(parts) + ", hive_partitioning = true, " +
		"hive_types = {'year': VARCHAR, 'month': VARCHAR, 'day': VARCHAR})"
}

// emptySource has the columns of a part and no rows, so that a lake without
// events answers every query with nothing rather than with an error.
func emptySource() string {
	nulls := make([]string, 0, len(partColumns)+3)
	for _, c := range partColumns {
		nulls = append(nulls, "NULL::"+c.sqlType+" AS "+c.name)
	}
	for _, name := range []string{"year", "month", "day"} {
		nulls = append(nulls, "NULL::VARCHAR AS "+name)
	}
	return "(SELECT " + strings.Join(nulls, ", ") + " WHERE false)"
}

// window narrows to since <= event_time < until; a zero time is no bound. The
// partition columns are bounded too, so that files of other days are not even
// opened.
func window(since, until time.Time) string {
	const day, moment = "2006-01-02", "2006-01-02 15:04:05.999999"
	const eventDate = "make_date(year::INTEGER, month::INTEGER, day::INTEGER)"
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
