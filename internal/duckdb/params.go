package duckdb

import (
	"fmt"
	"strings"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// bindParams binds a value to each placeholder of the statement. A placeholder
// without a value is a mistake in the SQL; a value without a placeholder is
// not.
func bindParams(stmt bindings.PreparedStatement, sql string, params map[string]any) error {
	for i := range bindings.NParams(stmt) {
		name := bindings.ParameterName(stmt, i+1)
		value, given := params[name]
		if !given {
			return &SQLError{SQL: sql, Position: placeholder(sql, name), Message: fmt.Sprintf("no value for $%s", name)}
		}
		if bindParam(stmt, i+1, value) == bindings.StateError {
			return &SQLError{SQL: sql, Position: placeholder(sql, name), Message: fmt.Sprintf("$%s cannot take the value %v", name, value)}
		}
	}
	return nil
}

func bindParam(stmt bindings.PreparedStatement, index bindings.IdxT, value any) bindings.State {
	switch v := value.(type) {
	case nil:
		return bindings.BindNull(stmt, index)
	case bool:
		return bindings.BindBoolean(stmt, index, v)
	case int64:
		return bindings.BindInt64(stmt, index, v)
	case float64:
		return bindings.BindDouble(stmt, index, v)
	case time.Time:
		return bindings.BindTimestamp(stmt, index, bindings.NewTimestamp(v.UnixMicro()))
	case string:
		return bindings.BindVarcharLength(stmt, index, v, bindings.IdxT(len(v)))
	}
	return bindings.StateError
}

func placeholder(sql, name string) int { return strings.Index(sql, "$"+name) }
