package duckdb

import (
	"slices"
	"strings"
)

// identityField is a field of useridentity in cloudtrail_logs with its source.
type identityField struct {
	name, value string // an SQL expression
	sqlType     string
}

func identityFields() []identityField {
	return []identityField{
		{"type", "identity_type", "VARCHAR"},
		{"principalid", "identity_principal_id", "VARCHAR"},
		{"arn", "identity_arn", "VARCHAR"},
		{"accountid", "identity_account_id", "VARCHAR"},
		{"invokedby", "identity_invoked_by", "VARCHAR"},
		{"accesskeyid", "identity_access_key_id", "VARCHAR"},
		{"username", "identity_user_name", "VARCHAR"},
		{"onbehalfof", member("user_identity", "onBehalfOf", onBehalfOfJSON, onBehalfOfType), onBehalfOfType},
		{"sessioncontext", member("user_identity", "sessionContext", sessionContextJSON, sessionContextType), sessionContextType},
	}
}

// The structure of nested fields, with the keys of the JSON and with the names
// of the table. The names differ only in case.
const (
	onBehalfOfJSON     = `{"userId":"VARCHAR","identityStoreArn":"VARCHAR"}`
	onBehalfOfType     = `STRUCT(userid VARCHAR, identitystorearn VARCHAR)`
	sessionContextJSON = `{"attributes":{"mfaAuthenticated":"VARCHAR","creationDate":"VARCHAR"},` +
		`"sessionIssuer":{"type":"VARCHAR","principalId":"VARCHAR","arn":"VARCHAR","accountId":"VARCHAR","userName":"VARCHAR"},` +
		`"ec2RoleDelivery":"VARCHAR","webIdFederationData":{"federatedProvider":"VARCHAR","attributes":"MAP(VARCHAR, VARCHAR)"}}`
	sessionContextType = `STRUCT(attributes STRUCT(mfaauthenticated VARCHAR, creationdate VARCHAR), ` +
		`sessionissuer STRUCT("type" VARCHAR, principalid VARCHAR, arn VARCHAR, accountid VARCHAR, username VARCHAR), ` +
		`ec2roledelivery VARCHAR, webidfederationdata STRUCT(federatedprovider VARCHAR, attributes MAP(VARCHAR, VARCHAR)))`
)

// member builds a struct from a member of a JSON column. A value that is not an
// object gives NULL.
func member(column, key, structure, sqlType string) string {
	path := quote("$." + key)
	return "CASE json_type(" + column + ", " + path + ") WHEN 'OBJECT' THEN from_json(json_extract(" + column + ", " + path + "), " + quote(structure) + ")::" + sqlType + " END"
}

const identityColumn = "useridentity"

// identityStruct builds useridentity from the sources of the wanted fields; the
// other fields are NULL. nil means all fields.
func identityStruct(wanted []string) string {
	var fields []string
	for _, f := range identityFields() {
		value := f.value
		if wanted != nil && !slices.Contains(wanted, f.name) {
			value = "NULL::" + f.sqlType
		}
		fields = append(fields, `"`+f.name+`" := `+value)
	}
	return "struct_pack(" + strings.Join(fields, ", ") + ")"
}

// identityUse finds the fields of useridentity that a statement uses. DuckDB
// reads all columns of a struct in a view, even for one field, which can take
// three times as long as reading the column itself. If a statement names only
// single fields, the view is built from just those.
type identityUse struct {
	fields []string
	tables []string // names and aliases of tables; such a name alone means a whole row
	names  []string // columns referred to by a single name
	whole  bool     // the struct, or something that may hold it, is used as a whole
	path   bool     // "$path" is used
}

// useOf returns the fields of useridentity that the statement names, or nil
// when it uses none or may use others, and whether it names "$path".
func useOf(tree any) athenaUse {
	var use identityUse
	use.visit(tree)
	if use.whole || slices.ContainsFunc(use.names, func(name string) bool { return slices.Contains(use.tables, name) }) {
		use.fields = nil
	}
	return athenaUse{identity: use.fields, path: use.path}
}

func (u *identityUse) visit(node any) {
	switch n := node.(type) {
	case string:
		// The name in any other position, such as USING (useridentity).
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

// reference records the parts of a column name, such as
// cloudtrail_logs.useridentity.arn.
func (u *identityUse) reference(parts any) {
	list, _ := parts.([]any)
	names := make([]string, len(list))
	for i, part := range list {
		name, _ := part.(string)
		names[i] = strings.ToLower(name)
	}
	u.path = u.path || slices.Contains(names, "$path")
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
