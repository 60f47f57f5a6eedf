SELECT coalesce(session_issuer_arn, identity_arn, identity_invoked_by, identity_principal_id, identity_type) AS principal,
       identity_type,
       count(*) AS calls,
       count(*) FILTER (WHERE read_only = false) AS changes,
       count(error_code) AS errors,
       count(DISTINCT source_ip_address) AS addresses,
       max(event_time) AS last_call
FROM events
GROUP BY principal, identity_type
ORDER BY calls DESC, principal, identity_type
LIMIT $limit
