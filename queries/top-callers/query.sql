SELECT CASE principal_kind WHEN 'role' THEN coalesce(session_issuer_arn, principal) ELSE principal END AS caller,
       principal_kind,
       count(*) AS calls,
       count(*) FILTER (WHERE changed) AS changes,
       count(*) FILTER (WHERE failed) AS errors,
       count(DISTINCT source_ip_address) AS addresses,
       max(event_time) AS last_call
FROM events
GROUP BY caller, principal_kind
ORDER BY calls DESC, caller, principal_kind
LIMIT $limit
