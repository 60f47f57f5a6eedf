package duckdb

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/result"
)

// athenaEvents is a lake of fifteen events of two days.
func athenaEvents(t *testing.T) []Part {
	t.Helper()
	const columns = "(event_id, clock, event_source, event_name, identity_type, identity_principal_id, identity_arn, identity_user_name, identity_access_key_id, source_ip_address, error_code, request_parameters, response_elements, additional_event_data)"
	const ada = "'IAMUser', 'AIDAADA', 'arn:aws:iam::111122223333:user/ada', 'ada', 'AKIAEXAMPLEADA000001', '203.0.113.5'"
	const mallory = "'IAMUser', 'AIDAMAL', 'arn:aws:iam::111122223333:user/mallory', 'mallory', 'AKIAEXAMPLEMALLORY01', '198.51.100.7'"
	const instance = "'AssumedRole', 'AROAWEB:i-0aa', 'arn:aws:sts::111122223333:assumed-role/web/i-0aa', NULL, 'ASIAEXAMPLEWEB000001', '203.0.113.9'"
	days := []string{`
		('e01', '08:00', 'signin.amazonaws.com', 'ConsoleLogin', ` + ada + `, NULL, NULL, '{"ConsoleLogin":"Success"}', '{"MFAUsed":"Yes"}'),
		('e02', '08:05', 's3.amazonaws.com', 'GetObject', ` + ada + `, NULL, '{"bucketName":"vault","key":"plans/a.txt"}', NULL, '{"SignatureVersion":"SigV4"}'),
		('e03', '08:10', 's3.amazonaws.com', 'PutObject', ` + ada + `, NULL, '{"bucketName":"vault","key":"plans/b.txt","x-amz-acl":"private"}', NULL, '{"SignatureVersion":"SigV4"}'),
		('e04', '09:00', 's3.amazonaws.com', 'ListBuckets', ` + mallory + `, 'AccessDenied', NULL, NULL, NULL),
		('e05', '09:01', 'iam.amazonaws.com', 'ListUsers', ` + mallory + `, 'AccessDenied', NULL, NULL, NULL),
		('e06', '09:30', 'iam.amazonaws.com', 'CreateAccessKey', ` + mallory + `, NULL, '{"userName":"ada"}', '{"accessKey":{"accessKeyId":"AKIAEXAMPLENEW000001"}}', NULL),
		('e07', '10:00', 's3.amazonaws.com', 'GetObject', ` + instance + `, 'AccessDenied', '{"bucketName":"vault","key":"plans/a.txt"}', NULL, '{"SignatureVersion":"SigV2"}')`, `
		('e08', '08:00', 'signin.amazonaws.com', 'ConsoleLogin', ` + mallory + `, NULL, NULL, '{"ConsoleLogin":"Failure"}', '{"MFAUsed":"No"}'),
		('e09', '08:30', 'iam.amazonaws.com', 'AttachRolePolicy', ` + ada + `, NULL, '{"roleName":"web","policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}', NULL, NULL),
		('e10', '08:45', 'iam.amazonaws.com', 'PutRolePolicy', ` + ada + `, NULL, '{"roleName":"web","policyDocument":"%7B%22Version%22%3A%222012-10-17%22%7D"}', NULL, NULL),
		('e11', '11:00', 'ec2.amazonaws.com', 'AuthorizeSecurityGroupIngress', ` + ada + `, NULL, '{"groupId":"sg-1","ipPermissions":{"items":[{"toPort":22},{"toPort":443}]}}', NULL, NULL),
		('e12', '11:30', 'ec2.amazonaws.com', 'StopInstances', ` + ada + `, 'Client.UnauthorizedOperation', '{"instancesSet":{"items":[{"instanceId":"i-0aa"}]}}', NULL, NULL),
		('e13', '12:00', 's3.amazonaws.com', 'GetObject', ` + instance + `, NULL, '{"bucketName":"site","key":"index.html"}', NULL, '{"SignatureVersion":"SigV4"}'),
		('e14', '12:30', 'sts.amazonaws.com', 'AssumeRole', 'AWSService', NULL, NULL, NULL, NULL, 'ec2.amazonaws.com', NULL, '{"roleArn":"arn:aws:iam::111122223333:role/web"}', NULL, NULL),
		('e15', '23:59', 'iam.amazonaws.com', 'DeleteUser', 'Root', '111122223333', 'arn:aws:iam::111122223333:root', NULL, NULL, '203.0.113.5', NULL, '{"userName":"mallory"}', NULL, NULL)`}
	dir := t.TempDir()
	var parts []Part
	for i, rows := range days {
		day := time.Date(2026, 3, 1+i, 0, 0, 0, 0, time.UTC)
		parts = append(parts, writePart(t, dir, day, fmt.Sprintf(`
			SELECT * EXCLUDE (clock), ('%s ' || clock)::TIMESTAMP AS event_time, CASE event_source WHEN 's3.amazonaws.com' THEN 'eu-west-2' ELSE 'us-east-1' END AS aws_region,
				'111122223333' AS account_id, CASE WHEN identity_type <> 'AWSService' THEN '111122223333' END AS identity_account_id,
				CASE WHEN event_id < 'e05' THEN 'console' ELSE 'aws-cli/2' END AS user_agent, CASE WHEN event_source = 's3.amazonaws.com' AND event_name <> 'ListBuckets' THEN 'Data' ELSE 'Management' END AS event_category,
				CASE WHEN error_code = 'AccessDenied' THEN 'not authorized' END AS error_message, 'logs/' || event_id || '.json.gz' AS log_file,
				CASE WHEN event_id = 'e13' THEN 'vpce-1' END AS vpc_endpoint_id, CASE WHEN event_id = 'e13' THEN '111122223333' END AS vpc_endpoint_account_id,
				CASE WHEN event_category = 'Data' THEN '{"tlsVersion":"TLSv1.3"}' END AS tls_details,
				CASE WHEN event_category = 'Data' THEN '[{"ARN":"arn:aws:s3:::' || (request_parameters::JSON->>'$.bucketName') || '","accountId":"111122223333","type":"AWS::S3::Bucket"},{"ARN":"arn:aws:s3:::' || (request_parameters::JSON->>'$.bucketName') || '/' || (request_parameters::JSON->>'$.key') || '","type":"AWS::S3::Object"}]' END AS resources,
				CASE WHEN event_id = 'e11' THEN 'true' END AS session_credential_from_console, CASE WHEN event_id = 'e11' THEN '{"reason":"DELIVERY_DELAY"}' END AS addendum,
				CASE WHEN identity_type = 'AssumedRole' THEN '{"sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/web","userName":"web"},"attributes":{"mfaAuthenticated":"false"}}}'
					WHEN event_id = 'e11' THEN '{"onBehalfOf":{"userId":"u-1"},"sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}' ELSE '{}' END AS user_identity
			FROM (VALUES %s) v%s`, day.Format(time.DateOnly), rows, columns)))
	}
	return parts
}

// athenaQuestion is a question of testdata/athena.txt: a line with its source, one
// that says how Trino's answer differs if it does, the statement, and its rows.
type athenaQuestion struct {
	source, differs, sql string
	rows                 []string
}

func athenaQuestions(t *testing.T) []athenaQuestion {
	t.Helper()
	text, err := os.ReadFile("testdata/athena.txt")
	if err != nil {
		t.Fatal(err)
	}
	var questions []athenaQuestion
	_, blocks, _ := strings.Cut(strings.TrimSpace(string(text)), "\n\n") // the first says what the file is
	for block := range strings.SplitSeq(blocks, "\n\n") {
		lines := strings.Split(block, "\n")
		q := athenaQuestion{source: strings.TrimPrefix(lines[0], "# ")}
		lines = lines[1:]
		if differs, found := strings.CutPrefix(lines[0], "# differs: "); found {
			q.differs, lines = differs, lines[1:]
		}
		q.sql, q.rows = lines[0], lines[1:]
		questions = append(questions, q)
	}
	return questions
}

// sameRows compares rows as sets: many published questions leave the order of
// some to the engine.
func sameRows(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// TestAthena asks the questions of testdata/athena.txt.
func TestAthena(t *testing.T) {
	db := open(t, Options{Parts: athenaEvents(t)})
	public, questions := 0, athenaQuestions(t)
	for _, q := range questions {
		if !strings.HasPrefix(q.source, "own") {
			public++
		}
		rows, err := allIn(db, engine.Trino, q.sql, nil)
		if err != nil {
			t.Errorf("%v\n%s", err, q.sql)
			continue
		}
		var got []string
		for _, row := range rows {
			got = append(got, "-> "+show(row))
		}
		if !sameRows(got, q.rows) {
			t.Errorf("%s\ngot\n%s\nwant\n%s", q.sql, strings.Join(got, "\n"), strings.Join(q.rows, "\n"))
		}
	}
	if len(questions) < 80 || public < 40 {
		t.Errorf("%d questions, %d of them public, want 80 and 40", len(questions), public)
	}
}

// show writes the values of a row.
func show(row []any) string {
	values := make([]string, len(row))
	for i, value := range row {
		if values[i] = result.Text(value); value == nil {
			values[i] = "NULL"
		}
	}
	return strings.Join(values, " | ")
}

// TestTrinoRefuses wants an error, at its place in the original, where an answer
// would be another than Trino's.
func TestTrinoRefuses(t *testing.T) {
	db := open(t, Options{})
	for sql, want := range map[string]string{
		"SELECT 7 / 0":                                                            "Division by zero",
		"SELECT 7 % 0":                                                            "Division by zero",
		"SELECT slice(ARRAY[1], 0, 1)":                                            "slice starts at 1",
		"SELECT typeof(1)":                                                        "function typeof of Trino is not supported",
		"SELECT json_value('{}', 'lax $.a')":                                      "function json_value of Trino is not supported",
		"SELECT json_extract('[1]', '$[-1]')":                                     "JSON path $[-1] is not supported",
		"SELECT CAST(json_parse('{}') AS VARCHAR)":                                "cannot cast a JSON object or array to varchar",
		"SELECT CAST('1.5' AS INTEGER)":                                           "cannot cast 1.5 to integer",
		"SELECT CAST(12345 AS VARCHAR(3))":                                        "longer than varchar(3)",
		"SELECT date_add('hour', 1, DATE '2026-01-01')":                           "date_add adds no hour to a date",
		"SELECT reduce(ARRAY[1], 0, f, s -> s)":                                   "reduce is supported with a step",
		"SELECT IPADDRESS '::1' + 1":                                              "IPADDRESS",
		"SELECT json_extract('{}', '$.a[*]')":                                     "JSON path $.a[*] is not supported",
		"SELECT date_parse('1', '%U')":                                            "date format %U is not supported",
		"SELECT date_parse('1', '%Q')":                                            "date format %Q is not supported",
		"SELECT format_datetime(now(), 'Q')":                                      "date format Q is not supported",
		"SELECT zip('a') FROM cloudtrail_logs":                                    "line 1, column 8: function zip of Trino is not supported",
		"SELECT at_timezone(now(), 'UT' || 'C')":                                  "the zone of at_timezone must be a literal",
		"SELECT now() AT TIME ZONE INTERVAL '2' HOUR":                             "the zone of AT TIME ZONE must be a literal",
		"SELECT now() AT TIME ZONE 'Nowhere/Else'":                                "Nowhere/Else",
		"SELECT now() AT TIME ZONE 'Asia/Tokyo' > now()":                          "a time in a zone can be grouped",
		"SELECT now() AT TIME ZONE 'Asia/Tokyo' + INTERVAL '1' HOUR":              "a time in a zone can be grouped",
		"SELECT now() AT TIME ZONE 'Asia/Tokyo' = now() AT TIME ZONE 'UTC'":       "more than one zone",
		"SELECT date_trunc('day', l) FROM (SELECT now() AT TIME ZONE 'UTC' AS l)": "a time in a zone can be grouped",
		"SELECT CAST(now() AT TIME ZONE 'UTC' AS JSON)":                           "CAST AS JSON is not supported",
		"SELECT CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP WITH TIME ZONE)":       "CAST AS TIMESTAMP WITH TIME ZONE is not supported",
		"SELECT EXTRACT(TIMEZONE_HOUR FROM now() AT TIME ZONE 'UTC')":             "EXTRACT of timezone_hour is not supported",
		"SELECT timezone(now() AT TIME ZONE 'UTC')":                               "function timezone of Trino is not supported",
		"SELECT CAST('x' AS IPADDRESS)":                                           "cannot cast x to IPADDRESS",
		"SELECT CAST('1.2.3.256' AS IPADDRESS)":                                   "256",
		"SELECT CAST('1::2::3' AS IPADDRESS)":                                     "cannot cast 1::2::3 to IPADDRESS",
		"SELECT nope(1) FROM cloudtrail_logs":                                     "line 1, column 8: Scalar Function with name nope does not exist",
		"SELECT 7/2, x FROM default.cloudtrail_logs":                              `line 1, column 13: Referenced column "x" not found`,
		"SELECT zip_with(ARRAY[1], ARRAY[2], (x, y) -> x)":                        "zip_with does not exist",
		"SELECT map_filter(MAP(), (k, v) -> true)":                                "map_filter does not exist",
		"SELECT transform_values(MAP(), (k, v) -> v)":                             "transform_values does not exist",
		"SELECT CAST(json_parse('{\"aB\":1}') AS ROW(ab INTEGER))":                "unknown key",
		"SELECT contains('ab', 'a')":                                              "contains",
		"DROP TABLE cloudtrail_logs":                                              "only statements that read",
		"SELECT * FROM read_text('/etc/passwd')":                                  "read_text is not allowed",
		"INSERT INTO cloudtrail_logs VALUES (1)":                                  "only statements that read",
	} {
		rows, err := allIn(db, engine.Trino, sql, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, rows = %v, want %q\n%s", err, rows, want, sql)
		}
	}
}

// TestDialects lets the views that a statement names decide.
func TestDialects(t *testing.T) {
	db := open(t, Options{Parts: tenDays(t)})
	for sql, want := range map[string]string{
		"SELECT 7/2 FROM events LIMIT 1":                                                "3.5",
		"SELECT 7/2":                                                                    "3.5",
		"SELECT 7/2 FROM cloudtrail_logs LIMIT 1":                                       "3",
		"SELECT 7/2 FROM default.cloudtrail_logs LIMIT 1":                               "3",
		"SELECT 7/2 AS events FROM cloudtrail_logs LIMIT 1":                             "3",
		"WITH events AS (SELECT 1 FROM cloudtrail_logs) SELECT 7/2 FROM events LIMIT 1": "3",
		"SELECT 7/2 FROM events /* cloudtrail_logs */ LIMIT 1":                          "3.5",
	} {
		if got := show(mustAll(t, db, sql)[0]); got != want {
			t.Errorf("%s = %s, want %s", sql, got, want)
		}
	}
	const both = "SELECT 7/2 FROM events, cloudtrail_logs LIMIT 1"
	if _, err := all(db, both, nil); err == nil {
		t.Errorf("%s has an answer", both)
	} else if mistake, ok := errors.AsType[*SQLError](err); !ok || !strings.Contains(mistake.Hint, "--dialect") {
		t.Errorf("error = %v", err)
	}
	for dialect, want := range map[engine.Dialect]string{engine.Trino: "3", engine.DuckDB: "3.5"} {
		if got := show(mustAllIn(t, db, dialect, both)[0]); got != want {
			t.Errorf("%s: %s = %s, want %s", dialect, both, got, want)
		}
	}
}
