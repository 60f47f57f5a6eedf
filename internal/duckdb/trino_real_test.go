package duckdb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/result"
)

// TestTrinoAgrees asks the questions of testdata/athena.txt of a real Trino,
// whose catalog awsdatacatalog is of the memory connector. A question that is
// marked as different must be.
func TestTrinoAgrees(t *testing.T) {
	address := os.Getenv("TRAILKEEPER_TRINO")
	if address == "" {
		t.Skip("SKIPPED REAL SERVICE: TRAILKEEPER_TRINO names no Trino to compare answers with")
	}
	server := &realTrino{t.Context(), strings.TrimRight(address, "/") + "/v1/statement"}
	for _, sql := range []string{"DROP TABLE IF EXISTS cloudtrail_logs", copyOfLake(t)} {
		if _, err := server.ask(sql); err != nil {
			t.Fatalf("%v\n%.2000s", err, sql)
		}
	}
	for _, q := range athenaQuestions(t) {
		got, err := server.ask(q.sql)
		switch same := err == nil && sameRows(got, q.rows); {
		case q.differs != "" && same:
			t.Errorf("marked as different, but Trino answers the same\n%s", q.sql)
		case q.differs == "" && !same:
			t.Errorf("%s\nTrino: %v\n%s\nwant\n%s", q.sql, err, strings.Join(got, "\n"), strings.Join(q.rows, "\n"))
		}
	}
}

// copyOfLake makes the table of the lake of [athenaEvents] in Trino.
func copyOfLake(t *testing.T) string {
	t.Helper()
	db := open(t, Options{Parts: athenaEvents(t)})
	rows, err := db.Query(t.Context(), engine.Statement{Dialect: engine.Trino, SQL: `SELECT * FROM cloudtrail_logs WHERE "$path" IS NOT NULL`})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var fields, values []string
	for _, column := range rows.Columns() {
		fields = append(fields, `"`+column.Name+`" `+trinoType(column.Type))
	}
	for row, err := rows.Next(); err == nil; row, err = rows.Next() {
		event := result.Struct{}
		for i, value := range row {
			event = append(event, result.Field{Name: rows.Columns()[i].Name, Value: value})
		}
		values = append(values, quote(string(result.AppendJSON(nil, event))))
	}
	if len(values) != 15 {
		t.Fatalf("%d events, want 15", len(values))
	}
	return "CREATE TABLE cloudtrail_logs AS SELECT CAST(json_parse(event) AS ROW(" + strings.Join(fields, ", ") + ")).* FROM (VALUES " +
		strings.Join(values, ", ") + ") AS t(event)"
}

// trinoType writes a type of cloudtrail_logs as Trino does.
func trinoType(name string) string {
	if element, list := strings.CutSuffix(name, "[]"); list {
		return "ARRAY(" + trinoType(element) + ")"
	}
	return strings.ReplaceAll(name, "STRUCT(", "ROW(")
}

// realTrino is a Trino to which statements are posted.
type realTrino struct {
	ctx     context.Context //nolint:containedctx // that of the test
	address string
}

type trinoAnswer struct {
	NextURI string
	Columns []struct{ Name, Type string }
	Data    [][]any
	Error   *struct{ Message string }
}

// ask returns the rows of an answer as testdata/athena.txt has them.
func (s *realTrino) ask(sql string) (lines []string, err error) {
	answer, err := s.call(http.MethodPost, s.address, sql)
	for err == nil {
		if answer.Error != nil {
			return nil, fmt.Errorf("%s", answer.Error.Message)
		}
		for _, row := range answer.Data {
			for i, value := range row {
				row[i] = fromTrino(answer.Columns[i].Type, value)
			}
			lines = append(lines, "-> "+show(row))
		}
		if answer.NextURI == "" {
			return lines, nil
		}
		answer, err = s.call(http.MethodGet, answer.NextURI, "")
	}
	return nil, err
}

func (s *realTrino) call(method, address, body string) (answer trinoAnswer, err error) {
	request, err := http.NewRequestWithContext(s.ctx, method, address, strings.NewReader(body))
	if err != nil {
		return answer, err
	}
	for name, value := range map[string]string{"User": "trailkeeper", "Catalog": "awsdatacatalog", "Schema": "default", "Time-Zone": "UTC"} {
		request.Header.Set("X-Trino-"+name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("%s", response.Status)
	}
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	return answer, decoder.Decode(&answer)
}

// fromTrino returns a value of Trino's JSON as the engine returns its like.
func fromTrino(kind string, value any) any {
	switch v := value.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil && (kind == "double" || kind == "real") {
			return f
		}
		return result.Literal(v)
	case string:
		if strings.HasPrefix(kind, "timestamp") {
			return trinoTime(v)
		}
	case []any, map[string]any:
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(v); err == nil {
			return result.JSON(strings.TrimSpace(text.String()))
		}
	}
	return value
}

// trinoTime reads "2026-03-01 17:00:00.000 Asia/Tokyo", or without a zone.
func trinoTime(value string) any {
	fields := append(strings.Fields(value), "UTC")
	if len(fields) < 3 {
		return value
	}
	clock := fields[0] + " " + fields[1]
	if at, err := time.Parse("2006-01-02 15:04:05-07:00", clock+fields[2]); err == nil {
		return result.Timestamp{Time: at}
	}
	zone, err := time.LoadLocation(fields[2])
	if err != nil {
		return value
	}
	at, err := time.ParseInLocation(time.DateTime, clock, zone)
	if err != nil {
		return value
	}
	return result.Timestamp{Time: at}
}
