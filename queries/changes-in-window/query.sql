SELECT event_time,
       coalesce(identity_arn, identity_invoked_by, identity_principal_id, identity_type) AS principal,
       event_source,
       event_name,
       aws_region,
       account_id,
       source_ip_address,
       request_parameters
FROM events
WHERE read_only = false
  AND error_code IS NULL
  AND (response_elements->>'$.ConsoleLogin') IS DISTINCT FROM 'Failure'
ORDER BY event_time, event_id
