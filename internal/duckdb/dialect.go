package duckdb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/trino"
)

// translation is a translated statement with its original text.
type translation struct {
	trino.Translation
	original string
}

// translate translates a statement to DuckDB's SQL.
func translate(dialect engine.Dialect, sql string) (translation, error) {
	if dialect == engine.AnyDialect {
		logs, events := trino.Names(sql, "cloudtrail_logs"), trino.Names(sql, "events")
		switch {
		case logs && events:
			return translation{}, &SQLError{SQL: sql, Position: -1, Message: "the statement reads cloudtrail_logs, as SQL of Trino does, and events, as SQL of DuckDB does",
				Hint: "say whose SQL it is: --dialect trino or --dialect duckdb"}
		case logs:
			dialect = engine.Trino
		}
	}
	if dialect != engine.Trino {
		return translation{trino.Translation{SQL: sql}, sql}, nil
	}
	translated, err := trino.Translate(sql)
	if refusal, ok := errors.AsType[*trino.Refusal](err); ok {
		return translation{}, &SQLError{SQL: sql, Position: refusal.Position, Message: refusal.Message}
	}
	if err != nil {
		return translation{}, fmt.Errorf("run query: %w", err)
	}
	return translation{translated, sql}, nil
}

// restore replaces the translated statement in an error by the original.
func (t translation) restore(err error) error {
	mistake, ok := errors.AsType[*SQLError](err)
	if !ok || len(t.Macros()) == 0 && t.original == t.SQL {
		return err
	}
	restored := *mistake
	restored.SQL = t.original
	if restored.Position >= 0 {
		restored.Position = min(t.Position(restored.Position), len(t.original))
	}
	if strings.Contains(restored.Message, "STRUCT("+trino.ZonedFields()[0]) {
		restored.Message = "a time in a zone can be grouped, ordered, taken apart and written, but not compared with or added to others"
		restored.Hint = "leave out AT TIME ZONE there: it is the same moment in every zone"
		return &restored
	}
	if words, failed := trino.Failure(restored.Message); failed {
		restored.Message = words
	}
	restored.Message = strings.NewReplacer("STRUCT("+trino.AddressField+" UHUGEINT)", "IPADDRESS", "trino_", "").Replace(restored.Message)
	return &restored
}
