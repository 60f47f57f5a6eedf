SELECT event_time,
       coalesce(identity_arn, identity_invoked_by, identity_principal_id, identity_type) AS principal,
       event_source,
       event_name,
       error_code,
       error_message,
       source_ip_address
FROM events
WHERE error_code IS NOT NULL
  AND ($service = '' OR event_source = $service)
ORDER BY event_time DESC, event_id
