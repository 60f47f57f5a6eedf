package duckdb

import (
	"slices"
	"strings"
)

// identityFields are the fields of useridentity in cloudtrail_logs and the
// columns they come from.
var identityFields = [...]struct{ name, column string }{
	{"type", "identity_type"},
	{"principalid", "identity_principal_id"},
	{"arn", "identity_arn"},
	{"accountid", "identity_account_id"},
	{"invokedby", "identity_invoked_by"},
	{"accesskeyid", "identity_access_key_id"},
	{"username", "identity_user_name"},
}

const identityColumn = "useridentity"

// identityStruct makes useridentity of the columns behind the wanted fields;
// the others are NULL. nil wants all.
func identityStruct(wanted []string) string {
	var fields []string
	for _, f := range identityFields {
		column := f.column
		if wanted != nil && !slices.Contains(wanted, f.name) {
			column = "NULL::VARCHAR"
		}
		fields = append(fields, `"`+f.name+`" := `+column)
	}
	return "struct_pack(" + strings.Join(fields, ", ") + ")"
}

// identityUse looks at how a statement uses useridentity. DuckDB reads all
// seven columns of a struct that a view makes, even for one field, which can
// take three times as long as the column itself. For a statement that names
// single fields only, the view can be made of just those.
type identityUse struct {
	fields []string
	tables []string // names and aliases of tables; such a name alone is a whole row
	names  []string // columns given by one name
	whole  bool     // the struct, or something that may hold it, is used as a whole
}

// fieldsOnly returns the fields of useridentity that the statement names, or
// nil when it uses none or may use others.
func fieldsOnly(tree any) []string {
	var use identityUse
	use.visit(tree)
	if use.whole || slices.ContainsFunc(use.names, func(name string) bool { return slices.Contains(use.tables, name) }) {
		return nil
	}
	return use.fields
}

func (u *identityUse) visit(node any) {
	switch n := node.(type) {
	case string:
		// The name in any other place, such as USING (useridentity).
		u.whole = u.whole || strings.EqualFold(n, identityColumn)
	case []any:
		for _, child := range n {
			u.visit(child)
		}
	case map[string]any:
		u.object(n)
	}
}

func (u *identityUse) object(n map[string]any) {
	switch n["class"] {
	case "COLUMN_REF":
		u.reference(n["column_names"])
		u.visit(n["alias"])
		return
	case "STAR", "POSITIONAL_REFERENCE":
		u.whole = true
	}
	switch n["type"] {
	case "SHOW_REF", "PIVOT":
		u.whole = true
	}
	renamed, _ := n["column_name_alias"].([]any)
	if len(renamed) > 0 || n["ref_type"] == "NATURAL" {
		u.whole = true
	}
	if _, isTable := n["sample"]; isTable {
		for _, key := range []string{"alias", "table_name"} {
			if name, _ := n[key].(string); name != "" {
				u.tables = append(u.tables, strings.ToLower(name))
			}
		}
	}
	for _, child := range n {
		u.visit(child)
	}
}

// reference takes the parts of a column name, such as
// cloudtrail_logs.useridentity.arn.
func (u *identityUse) reference(parts any) {
	list, _ := parts.([]any)
	names := make([]string, len(list))
	for i, part := range list {
		name, _ := part.(string)
		names[i] = strings.ToLower(name)
	}
	if len(names) == 1 {
		u.names = append(u.names, names[0])
	}
	at := slices.Index(names, identityColumn)
	switch {
	case at < 0:
	case at == len(names)-1:
		u.whole = true
	default:
		u.fields = append(u.fields, names[at+1])
	}
}
