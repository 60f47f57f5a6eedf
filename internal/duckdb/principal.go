package duckdb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn/partition"
)

// derived adds to a source the columns of the events view that package event
// derives. Parts of the first schema lack most of them; there they are computed,
// in two steps, as one follows from another. They mean the same as
// event.Record.Principal, Failed and Changed; a test compares them. They cost
// nothing in a statement that does not use them.
func (g group) derived(source string) string {
	if g.schema >= 2 {
		return "(SELECT *, " + changed + " AS changed FROM " + source + ")"
	}
	return "(SELECT *, " + principalName() + " AS principal, " + changed + " AS changed FROM " +
		"(SELECT *, " + principalKind + " AS principal_kind, " + failed + " AS failed FROM " + source + "))"
}

// searchable adds to a source the columns that parts of its schema lack and
// that are not of derived. The resources of an event are too much for SQL:
// the lists are NULL there, as is what was not recorded.
func (g group) searchable(source string) string {
	if g.schema < 2 {
		source = "(SELECT *, " + username + " AS username, NULL::VARCHAR[] AS resource_names, NULL::VARCHAR[] AS resource_types, " +
			"NULL::BIGINT AS log_offset, NULL::VARCHAR AS log_file_sha256, NULL::VARCHAR AS digest FROM " + source + ")"
	}
	if g.schema < 3 {
		source = "(SELECT *, NULL::TIMESTAMP AS verified_at FROM " + source + ")"
	}
	return source
}

// derivedColumns are the names of those columns, in their order in the view.
var derivedColumns = [...]string{"principal", "principal_kind", "failed", "changed"}

// usesDerived reports whether SQL may name a derived column. Binding these
// columns can take longer than a search.
func usesDerived(sql string) bool {
	return slices.ContainsFunc(derivedColumns[:], func(name string) bool { return strings.Contains(sql, name) })
}

// userID is the id of an Identity Center user. It is read only if the type of
// the identity has one.
const userID = `nullif(CASE json_type(user_identity, '$.onBehalfOf.userId') WHEN 'VARCHAR' THEN json_extract_string(user_identity, '$.onBehalfOf.userId') END, '')`

// username is what event.Identity.Username returns. A separator that is not
// there leaves nothing after it.
const username = `nullif(CASE
	WHEN identity_type = 'Root' THEN 'root'
	WHEN identity_type IN ('AssumedRole', 'FederatedUser') THEN coalesce(` + afterLastSlash + `, CASE WHEN contains(identity_principal_id, ':') THEN split_part(identity_principal_id, ':', -1) END)
	WHEN identity_type = 'AWSService' THEN identity_invoked_by
	WHEN identity_type = 'IdentityCenterUser' AND coalesce(identity_user_name, '') = '' THEN ` + userID + `
	WHEN coalesce(identity_user_name, '') <> '' THEN identity_user_name
	WHEN coalesce(identity_arn, '') <> '' THEN ` + afterLastSlash + `
	ELSE identity_invoked_by END, '')`

const afterLastSlash = `nullif(CASE WHEN contains(identity_arn, '/') THEN split_part(identity_arn, '/', -1) END, '')`

const principalKind = `CASE identity_type
	WHEN 'Root' THEN 'root'
	WHEN 'IAMUser' THEN CASE
		WHEN identity_user_name = 'HIDDEN_DUE_TO_SECURITY_REASONS' THEN 'unknown'
		WHEN coalesce(identity_user_name, '') = '' AND coalesce(identity_arn, '') = '' AND coalesce(identity_principal_id, '') = '' THEN 'unknown'
		ELSE 'user' END
	WHEN 'AssumedRole' THEN 'role'
	WHEN 'Role' THEN 'role'
	WHEN 'FederatedUser' THEN 'federated'
	WHEN 'WebIdentityUser' THEN 'web-identity'
	WHEN 'SAMLUser' THEN 'saml'
	WHEN 'IdentityCenterUser' THEN 'identity-center'
	WHEN 'Directory' THEN 'directory'
	WHEN 'AWSAccount' THEN CASE WHEN identity_account_id IN ('anonymous', 'ANONYMOUS_PRINCIPAL') THEN 'anonymous' ELSE 'account' END
	WHEN 'AWSService' THEN 'service'
	ELSE CASE
		WHEN ` + userID + ` IS NOT NULL THEN 'identity-center'
		WHEN contains(identity_arn, ':assumed-role/') OR contains(identity_arn, ':role/') THEN 'role'
		WHEN contains(identity_arn, ':federated-user/') THEN 'federated'
		WHEN contains(identity_arn, ':user/') THEN 'user'
		WHEN ends_with(identity_arn, ':root') THEN 'root'
		WHEN coalesce(identity_arn, '') = '' AND coalesce(identity_user_name, '') = '' AND identity_invoked_by <> '' THEN 'service'
		ELSE 'unknown'
	END
END`

// partitionSQL returns the AWS partition of the Region of an event.
func partitionSQL() string {
	text := "CASE"
	for _, p := range partition.All() {
		text += fmt.Sprintf(" WHEN starts_with(aws_region, '%s') THEN '%s'", p.RegionPrefix, p.ID)
	}
	return text + " ELSE 'aws' END"
}

// principalName returns the first name of a principal that the record has. A
// NULL in a concatenation makes it NULL, so that the next one is used.
func principalName() string {
	iamARN := "'arn:' || " + partitionSQL() + " || ':iam::' || nullif(identity_account_id, '')"
	return `coalesce(
	CASE principal_kind WHEN 'anonymous' THEN 'anonymous' WHEN 'service' THEN nullif(identity_invoked_by, '') WHEN 'identity-center' THEN ` + userID + ` END,
	nullif(identity_arn, ''),
	CASE principal_kind
		WHEN 'root' THEN ` + iamARN + ` || ':root'
		WHEN 'user' THEN ` + iamARN + ` || ':user/' || nullif(identity_user_name, '')
		WHEN 'web-identity' THEN nullif(identity_principal_id, '')
		WHEN 'saml' THEN nullif(identity_principal_id, '')
	END,
	CASE principal_kind WHEN 'root' THEN NULL ELSE ` + qualifiedUserName + ` END,
	` + qualifiedPrincipalID + `,
	nullif(identity_invoked_by, ''),
	nullif(identity_account_id, ''))`
}

// A name is qualified with its account, unless it starts with it.
const (
	qualifiedUserName = `CASE WHEN identity_user_name = '' THEN NULL
		WHEN coalesce(identity_account_id, '') = '' OR starts_with(identity_user_name, identity_account_id) THEN identity_user_name
		ELSE identity_account_id || ':' || identity_user_name END`
	qualifiedPrincipalID = `CASE WHEN identity_principal_id = '' THEN NULL
		WHEN coalesce(identity_account_id, '') = '' OR starts_with(identity_principal_id, identity_account_id) THEN identity_principal_id
		ELSE identity_account_id || ':' || identity_principal_id END`
)

// failed also looks into extra, for lakes written before numeric error codes
// had a column.
const failed = `(coalesce(error_code, '') <> '' OR coalesce(error_message, '') <> ''
	OR (error_code IS NULL AND coalesce(json_exists(extra, '$.errorCode'), false))
	OR (coalesce(event_source = 'signin.amazonaws.com', false) OR coalesce(event_type = 'AwsConsoleSignIn', false))
		AND (coalesce(list_contains(json_extract_string(response_elements, '$.*'), 'Failure'), false)
			OR coalesce(list_contains(json_extract_string(service_event_details, '$.*'), 'Failure'), false)))`

const changed = `(coalesce(event_name, '') <> '' AND read_only IS DISTINCT FROM true AND NOT failed)`

// Principal returns the SQL condition for the events of the actor in a
// placeholder, over the view events and in Records. The name is the principal
// of the view, or another name of the actor in the record: that of the user,
// the role, the session or the source identity, a principal id, a user id, an
// access key or an ARN. It includes every Username that LookupEvents returns.
func (Dialect) Principal(placeholder string) string {
	return strings.ReplaceAll(principalIs, "$name", placeholder)
}

const principalIs = `$name <> '' AND (
       $name IN (identity_user_name, identity_arn, identity_principal_id, identity_access_key_id, identity_invoked_by,
                 session_issuer_user_name, session_issuer_arn, session_source_identity, principal)
       OR ends_with(identity_arn, '/' || $name)
       OR ends_with(identity_principal_id, ':' || $name)
       OR ($name = 'root' AND identity_type = 'Root')
       OR (contains(user_identity::VARCHAR, $name) AND (user_identity->>'$.onBehalfOf.userId') = $name)
       OR (event_source = 'signin.amazonaws.com' AND (additional_event_data->>'$.UserName') = $name))`
