package duckdb

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"
	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/lake"
)

// athenaTable is the table AWS documents for CloudTrail logs in Athena, in
// DuckDB's names of the types.
var athenaTable = [][2]string{
	{"eventversion", "VARCHAR"},
	{"useridentity", `STRUCT("type" VARCHAR, principalid VARCHAR, arn VARCHAR, accountid VARCHAR, invokedby VARCHAR, accesskeyid VARCHAR, username VARCHAR, ` +
		`onbehalfof STRUCT(userid VARCHAR, identitystorearn VARCHAR), ` +
		`sessioncontext STRUCT(attributes STRUCT(mfaauthenticated VARCHAR, creationdate VARCHAR), ` +
		`sessionissuer STRUCT("type" VARCHAR, principalid VARCHAR, arn VARCHAR, accountid VARCHAR, username VARCHAR), ` +
		`ec2roledelivery VARCHAR, webidfederationdata STRUCT(federatedprovider VARCHAR, attributes MAP(VARCHAR, VARCHAR))))`},
	{"eventtime", "VARCHAR"}, {"eventsource", "VARCHAR"}, {"eventname", "VARCHAR"}, {"awsregion", "VARCHAR"},
	{"sourceipaddress", "VARCHAR"}, {"useragent", "VARCHAR"}, {"errorcode", "VARCHAR"}, {"errormessage", "VARCHAR"},
	{"requestparameters", "VARCHAR"}, {"responseelements", "VARCHAR"}, {"additionaleventdata", "VARCHAR"},
	{"requestid", "VARCHAR"}, {"eventid", "VARCHAR"},
	{"resources", `STRUCT(arn VARCHAR, accountid VARCHAR, "type" VARCHAR)[]`},
	{"eventtype", "VARCHAR"}, {"apiversion", "VARCHAR"}, {"readonly", "VARCHAR"}, {"recipientaccountid", "VARCHAR"},
	{"serviceeventdetails", "VARCHAR"}, {"sharedeventid", "VARCHAR"}, {"vpcendpointid", "VARCHAR"},
	{"vpcendpointaccountid", "VARCHAR"}, {"eventcategory", "VARCHAR"},
	{"addendum", "STRUCT(reason VARCHAR, updatedfields VARCHAR, originalrequestid VARCHAR, originaleventid VARCHAR)"},
	{"sessioncredentialfromconsole", "VARCHAR"}, {"edgedevicedetails", "VARCHAR"},
	{"tlsdetails", "STRUCT(tlsversion VARCHAR, ciphersuite VARCHAR, clientprovidedhostheader VARCHAR)"},
	{"region", "VARCHAR"}, {"year", "VARCHAR"}, {"month", "VARCHAR"}, {"day", "VARCHAR"},
	{"timestamp", "VARCHAR"},
}

func describe(t *testing.T, db *DB, view string) [][2]string {
	t.Helper()
	var columns [][2]string
	for _, row := range mustAll(t, db, "DESCRIBE "+view) {
		columns = append(columns, [2]string{row[0].(string), row[1].(string)})
	}
	return columns
}

func TestViewsHaveTheirColumns(t *testing.T) {
	kinds := map[string]string{}
	for _, c := range lake.Columns() {
		kinds[c.Name] = string(c.Kind)
	}
	var events [][2]string
	for _, name := range eventColumns {
		events = append(events, [2]string{name, kinds[name]})
		delete(kinds, name)
	}
	delete(kinds, "explicit_nulls")
	events = append(events, [2]string{"principal", "VARCHAR"}, [2]string{"principal_kind", "VARCHAR"}, [2]string{"failed", "BOOLEAN"}, [2]string{"changed", "BOOLEAN"})
	events = append(events, [2]string{"year", "VARCHAR"}, [2]string{"month", "VARCHAR"}, [2]string{"day", "VARCHAR"}, [2]string{"event_date", "DATE"})
	for _, name := range laterColumns {
		events = append(events, [2]string{name, kinds[name]})
		delete(kinds, name)
	}
	for _, name := range derivedColumns {
		delete(kinds, name)
	}
	if len(kinds) > 0 {
		t.Errorf("columns of a part that events does not show: %v", kinds)
	}

	for name, parts := range map[string][]Part{"empty lake": nil, "ten days": tenDays(t)} {
		t.Run(name, func(t *testing.T) {
			db := open(t, Options{Parts: parts})
			if diff := cmp.Diff(athenaTable, describe(t, db, "cloudtrail_logs")); diff != "" {
				t.Errorf("cloudtrail_logs (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(events, describe(t, db, "events")); diff != "" {
				t.Errorf("events (-want +got)\n%s", diff)
			}
		})
	}
}

func TestViewsGiveTheSameEvents(t *testing.T) {
	db := open(t, Options{Parts: tenDays(t)})
	row := mustAll(t, db, `
		SELECT eventtime, useridentity.username, readonly, resources[1].arn, resources[1]."type",
			requestparameters, region, year, month, day
		FROM cloudtrail_logs WHERE eventid = 'id-3-10'`)[0]
	want := []any{"2026-01-04T12:10:00Z", "alice", "false", "arn:aws:s3:::b", "AWS::S3::Bucket",
		`{"bucketName":"b10","size":12345678901234567890.10}`, "eu-west-2", "2026", "01", "04"}
	if diff := cmp.Diff(want, row); diff != "" {
		t.Errorf("cloudtrail_logs (-want +got)\n%s", diff)
	}
	count := mustAllIn(t, db, engine.DuckDB, `SELECT count(*) FROM events JOIN cloudtrail_logs ON event_id = eventid
		WHERE strftime(event_time, '%Y-%m-%dT%H:%M:%SZ') = eventtime AND event_date = make_date(events.year::INT, events.month::INT, events.day::INT)`)
	if count[0][0] != int64(1000) {
		t.Errorf("joined rows = %v, want 1000", count[0][0])
	}
}

var scanned = regexp.MustCompile(`Total Files Read: (\d+)`)

// filesRead tells how many part files the engine opened for a query.
func filesRead(t *testing.T, db *DB, sql string) string {
	t.Helper()
	plan := fmt.Sprint(mustAll(t, db, "EXPLAIN ANALYZE "+sql))
	match := scanned.FindStringSubmatch(plan)
	if match == nil {
		t.Fatalf("no file count in the plan\n%s", plan)
	}
	return match[1]
}

func TestPartitionPruning(t *testing.T) {
	parts := tenDays(t)
	db := open(t, Options{Parts: parts})
	for sql, want := range map[string]string{
		"SELECT count(*) FROM cloudtrail_logs WHERE year = '2026' AND month = '01' AND day = '03'":                    "1",
		"SELECT eventname FROM cloudtrail_logs WHERE day IN ('03', '04') AND useridentity.username = 'alice'":         "2",
		`SELECT count(*) FROM cloudtrail_logs WHERE "timestamp" >= '2026/01/09'`:                                      "2",
		"SELECT count(*) FROM cloudtrail_logs WHERE year || month || day BETWEEN '20260102' AND '20260104'":           "3",
		"SELECT count(*) FROM events WHERE year = '2026' AND day = '03'":                                              "1",
		"SELECT count(*) FROM events WHERE event_date >= DATE '2026-01-07'":                                           "4",
		"SELECT principal, failed FROM events WHERE event_date >= DATE '2026-01-07' AND changed":                      "4",
		"SELECT max(event_id) FROM events WHERE event_date = '2026-01-07' AND event_time > '2026-01-07 12:30:00'":     "1",
		"SELECT count(*) FROM (SELECT * FROM events) e WHERE e.event_date BETWEEN '2026-01-01' AND DATE '2026-01-02'": "2",
	} {
		if got := filesRead(t, db, sql); got != want {
			t.Errorf("files read = %s, want %s\n%s", got, want, sql)
		}
	}
}

// Without a partition column every file is opened, but the statistics of the
// row groups keep their rows from being read.
func TestTimeFilterReachesTheScan(t *testing.T) {
	db := open(t, Options{Parts: tenDays(t)})
	plan := fmt.Sprint(mustAll(t, db, "EXPLAIN SELECT event_id FROM events WHERE event_time >= TIMESTAMP '2026-01-10 12:30:00'"))
	if !strings.Contains(plan, "Filters:") || strings.Contains(plan, "CAST(event_time") {
		t.Errorf("the filter is not part of the scan\n%s", plan)
	}
}

func TestUnusedColumnsAreNotRead(t *testing.T) {
	db := open(t, Options{Parts: tenDays(t)})
	for _, sql := range []string{
		"SELECT eventname FROM cloudtrail_logs WHERE errorcode IS NULL",
		"SELECT event_name FROM events WHERE error_code IS NULL", // and does not compute principal, failed or changed
	} {
		plan := fmt.Sprint(mustAll(t, db, "EXPLAIN "+sql))
		for _, column := range []string{"identity", "resources", "request_parameters", "response_elements", "event_time", "event_source", "CASE"} {
			if strings.Contains(plan, column) {
				t.Errorf("the plan reads %s\n%s", column, plan)
			}
		}
	}
}

// A statement that names single fields of useridentity reads only their columns,
// and gives the same rows as one that uses the whole struct.
func TestIdentityFields(t *testing.T) {
	db := open(t, Options{Parts: tenDays(t)})
	for sql, want := range map[string][]string{
		"SELECT useridentity.username FROM cloudtrail_logs":                                                                                        {"username"},
		"SELECT c.useridentity.ARN, count(*) FROM cloudtrail_logs c WHERE useridentity.type = 'x' GROUP BY ALL":                                    {"arn", "type"},
		"WITH a AS (SELECT cloudtrail_logs.useridentity.arn AS who FROM cloudtrail_logs) SELECT who, count(*) AS n FROM a GROUP BY who ORDER BY n": {"arn"},
		"SELECT eventname FROM cloudtrail_logs":                                                                                                    nil,
		"SELECT * FROM cloudtrail_logs WHERE useridentity.arn IS NULL":                                                                             nil,
		"FROM cloudtrail_logs ORDER BY useridentity.arn":                                                                                           nil,
		"SELECT useridentity FROM cloudtrail_logs WHERE useridentity.arn IS NOT NULL":                                                              nil,
		"SELECT useridentity.* FROM cloudtrail_logs":                                                                                               nil,
		"SELECT struct_extract(useridentity, 'arn'), useridentity.type FROM cloudtrail_logs":                                                       nil,
		"SELECT c, useridentity.arn FROM cloudtrail_logs c":                                                                                        nil,
		"SELECT cloudtrail_logs, useridentity.arn FROM cloudtrail_logs":                                                                            nil,
		"SELECT b.arn, a FROM cloudtrail_logs t(a, b)":                                                                                             nil,
		"SELECT #2, useridentity.arn FROM cloudtrail_logs":                                                                                         nil,
		"SELECT COLUMNS('user.*'), useridentity.arn FROM cloudtrail_logs":                                                                          nil,
		"SELECT a.useridentity.arn FROM cloudtrail_logs a JOIN cloudtrail_logs b USING (useridentity)":                                             nil,
		"SELECT a.useridentity.arn FROM cloudtrail_logs a NATURAL JOIN cloudtrail_logs b":                                                          nil,
		"DESCRIBE SELECT useridentity.arn FROM cloudtrail_logs":                                                                                    nil,
		"SUMMARIZE SELECT useridentity.arn FROM cloudtrail_logs":                                                                                   nil,
	} {
		conn, err := db.connect()
		if err != nil {
			t.Fatal(err)
		}
		checked, err := check(conn, sql)
		bindings.Disconnect(&conn)
		if err != nil {
			t.Errorf("%v\n%s", err, sql)
			continue
		}
		slices.Sort(checked.athena.identity)
		if diff := cmp.Diff(want, checked.athena.identity); diff != "" {
			t.Errorf("%s (-want +got)\n%s", sql, diff)
		}
	}
	const sql = "SELECT useridentity.username, useridentity.type, count(*) FROM cloudtrail_logs GROUP BY ALL"
	if plan := fmt.Sprint(mustAll(t, db, "EXPLAIN "+sql)); strings.Contains(plan, "identity_arn") || !strings.Contains(plan, "identity_type") {
		t.Errorf("the plan reads other columns than it needs\n%s", plan)
	}
	if diff := cmp.Diff([][]any{{"alice", "IAMUser", int64(1000)}}, mustAll(t, db, sql)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestNestedColumns takes the columns that are parsed from JSON apart.
func TestNestedColumns(t *testing.T) {
	part := writePart(t, t.TempDir(), time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC), `
		SELECT TIMESTAMP '2026-03-04 12:00:00' AS event_time, * FROM (VALUES
			('whole', '{"type":"AssumedRole","onBehalfOf":{"userId":"u-1","identityStoreArn":"arn:store"},"sessionContext":{"attributes":{"mfaAuthenticated":"true","creationDate":"2026-03-04T11:00:00Z"},"sessionIssuer":{"type":"Role","userName":"deploy"},"ec2RoleDelivery":"2.0","webIdFederationData":{"federatedProvider":"idp","attributes":{"sub":"x"}}}}',
				'{"reason":"DELIVERY_DELAY","updatedFields":"f","originalRequestID":"r","originalEventID":"e"}', '{"tlsVersion":"TLSv1.3","cipherSuite":"c","clientProvidedHostHeader":"h"}', 'logs/a.json.gz'),
			('none', '{"type":"IAMUser"}', NULL, NULL, NULL),
			('odd', '{"sessionContext":"text","onBehalfOf":[1]}', NULL, NULL, NULL)) v(event_id, user_identity, addendum, tls_details, log_file)`)
	db := open(t, Options{Parts: []Part{part}})
	got := mustAll(t, db, `SELECT eventid, useridentity.onbehalfof.userid, useridentity.sessioncontext.attributes.mfaauthenticated,
		useridentity.sessioncontext.sessionissuer.username, useridentity.sessioncontext.ec2roledelivery,
		useridentity.sessioncontext.webidfederationdata.attributes['sub'], addendum.originaleventid, tlsdetails.tlsversion, "$path", "timestamp"
		FROM cloudtrail_logs ORDER BY eventid DESC`)
	nothing := []any{nil, nil, nil, nil, nil, nil, nil, nil, "2026/03/04"}
	want := [][]any{
		{"whole", "u-1", "true", "deploy", "2.0", "x", "e", "TLSv1.3", "logs/a.json.gz", "2026/03/04"},
		append([]any{"odd"}, nothing...), append([]any{"none"}, nothing...),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	whole := mustAll(t, db, "SELECT useridentity.sessioncontext IS NULL, useridentity FROM cloudtrail_logs WHERE eventid = 'none'")
	if whole[0][0] != true {
		t.Errorf("sessioncontext of a record without one = %v", whole[0][1])
	}
}

func TestWindow(t *testing.T) {
	parts := tenDays(t)
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 1, day, hour, minute, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		since, until time.Time
		rows         int64
		files        string
	}{
		"everything":     {rows: 1000, files: "10"},
		"since":          {since: at(9, 12, 50), rows: 150, files: "2"},
		"until":          {until: at(2, 12, 10), rows: 110, files: "2"},
		"both":           {since: at(3, 12, 0), until: at(4, 12, 0), rows: 100, files: "2"},
		"other zone":     {since: at(9, 12, 50).In(time.FixedZone("", -11*3600)), rows: 150, files: "2"},
		"half open":      {since: at(3, 12, 0), until: at(3, 12, 1), rows: 1, files: "1"},
		"nothing inside": {since: at(3, 14, 0), until: at(3, 15, 0), rows: 0, files: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, Options{Parts: parts, Since: c.since, Until: c.until})
			for _, view := range []string{"events", "cloudtrail_logs"} {
				if got := mustAll(t, db, "SELECT count(*) FROM "+view)[0][0]; got != c.rows {
					t.Errorf("%s rows = %v, want %d", view, got, c.rows)
				}
				if got := filesRead(t, db, "SELECT count(*) FROM "+view); got != c.files {
					t.Errorf("%s files = %s, want %s", view, got, c.files)
				}
			}
		})
	}
}

// Lakes written before error codes that are numbers had their column keep them
// in extra.
func TestFailedInOldLakes(t *testing.T) {
	part := writePart(t, t.TempDir(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), `
		SELECT TIMESTAMP '2026-01-01 12:00:00' AS event_time, 'RunInstances' AS event_name, *
		FROM (VALUES ('number', NULL, '{"errorCode":403,"apiVersion":2}'), ('object', NULL, '{"errorCode":{}}'),
			('other', NULL, '{"apiVersion":2}'), ('text', 'AccessDenied', NULL), ('none', NULL, NULL), ('empty', '', NULL)) v(event_id, error_code, extra)`)
	db := open(t, Options{Parts: []Part{part}})
	got := mustAll(t, db, "SELECT event_id, failed, changed FROM events ORDER BY event_id")
	want := [][]any{{"empty", false, true}, {"none", false, true}, {"number", true, false}, {"object", true, false}, {"other", false, true}, {"text", true, false}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
