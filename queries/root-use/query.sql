SELECT event_time, account_id, event_source, event_name, aws_region, source_ip_address, user_agent, error_code, failed
FROM events
WHERE principal_kind = 'root'
  AND identity_invoked_by IS NULL
  AND event_type IS DISTINCT FROM 'AwsServiceEvent'
ORDER BY event_time DESC, event_id
