package duckdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SQLError reports a mistake in the SQL text, as opposed to a failure to run
// it.
type SQLError struct {
	SQL      string // the text as given
	Position int    // byte offset into SQL where the mistake is, -1 when unknown
	Message  string // the engine's message, one line
	Hint     string // what to try instead, or ""
}

// Error returns the position and the mistake, with the line of the SQL and a
// caret below the position.
func (e *SQLError) Error() string {
	line, column, text := e.place()
	if line == 0 {
		return "run query: " + e.Message
	}
	excerpt, caret := excerptAround(text, column)
	margin := fmt.Sprintf("  %d | ", line)
	return fmt.Sprintf("run query: line %d, column %d: %s\n%s%s\n%s^", line, column+1, e.Message,
		margin, excerpt, strings.Repeat(" ", len(margin)+caret))
}

// place returns the line (from 1), the column in runes (from 0) and the text of
// the line; line 0 when the position is unknown.
func (e *SQLError) place() (line, column int, text string) {
	if e.Position < 0 || e.Position > len(e.SQL) {
		return 0, 0, ""
	}
	// The end of the input is shown after its last word, not on an empty line.
	before := e.SQL[:e.Position]
	if strings.TrimSpace(e.SQL[e.Position:]) == "" {
		before = strings.TrimRight(before, " \t\r\n")
	}
	start := strings.LastIndexByte(before, '\n') + 1
	text, _, _ = strings.Cut(e.SQL[start:], "\n")
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]), text
}

const excerptWidth = 100

// excerptAround shortens a long line to the part around a column and returns
// the position of that column in it. Tabs and control characters become spaces,
// so that the caret stays below its column.
func excerptAround(text string, column int) (excerpt string, caret int) {
	runes := []rune(text)
	for i, r := range runes {
		if r < 0x20 || (r >= 0x7f && r <= 0x9f) {
			runes[i] = ' '
		}
	}
	start := 0
	if column > excerptWidth-20 {
		start = column - excerptWidth/2
	}
	end := min(len(runes), start+excerptWidth)
	excerpt, caret = strings.TrimRight(string(runes[start:end]), " "), column-start
	if start > 0 {
		excerpt, caret = "..."+excerpt, caret+3
	}
	if end < len(runes) {
		excerpt += "..."
	}
	return excerpt, caret
}

// engineError is DuckDB's error in its errors_as_json form.
type engineError struct {
	Type       string `json:"exception_type"`
	Message    string `json:"exception_message"`
	Position   string `json:"position"`
	Subtype    string `json:"error_subtype"`
	Candidates string `json:"candidates"`
	EntryType  string `json:"type"`
}

// notTheSQL are the kinds of error that are not caused by the SQL.
var notTheSQL = [...]string{"IO", "Out of Memory", "Fatal", "INTERNAL", "Internal", "HTTP", "Connection", "INTERRUPT"}

// parseError turns the engine's error text into an SQLError, or into a plain
// error when the SQL is not the cause. offset is added to the position.
func parseError(text, sql string, offset int) error {
	var e engineError
	_, object, found := strings.Cut(text, "{")
	if !found || json.Unmarshal([]byte("{"+object), &e) != nil {
		return errors.New("run query: " + firstLine(text))
	}
	message := strings.TrimPrefix(firstLine(e.Message), "Error: ")
	if limit, ok := limitOf(e.Type, message); ok {
		return fmt.Errorf("run query: %w", limit)
	}
	if slices.Contains(notTheSQL[:], e.Type) {
		return fmt.Errorf("run query: %s: %s", strings.ToLower(e.Type), message)
	}
	if strings.Contains(message, "/part-") && strings.Contains(message, ".parquet") {
		// SQL cannot name files, so the file in the message is a part.
		return fmt.Errorf("run query: a part of the lake cannot be read: %s", message)
	}
	position, err := strconv.Atoi(e.Position)
	if err != nil || position+offset > len(sql) {
		position = -1
	} else {
		position += offset
	}
	return &SQLError{SQL: sql, Position: position, Message: message, Hint: e.hint()}
}

// hint suggests what the user may have meant.
func (e engineError) hint() string {
	switch {
	case e.Subtype == "MISSING_ENTRY" && e.EntryType == "Table":
		return "the views are events and cloudtrail_logs; SHOW TABLES lists them, DESCRIBE events tells the columns"
	case e.Subtype == "COLUMN_NOT_FOUND" && e.Candidates != "":
		return "the nearest columns are " + strings.Join(firstFew(e.Candidates, 3), ", ")
	case e.Subtype == "MISSING_ENTRY" && e.Candidates != "":
		return "did you mean " + firstFew(e.Candidates, 1)[0] + "?"
	case e.Subtype == "NO_MATCHING_FUNCTION" && e.Candidates != "":
		return "it takes " + strings.Join(firstFew(strings.ReplaceAll(e.Candidates, ") -> ", ")->"), 3), "; ")
	}
	return ""
}

func firstFew(list string, n int) []string {
	names := strings.Split(list, ",")
	return names[:min(n, len(names))]
}
