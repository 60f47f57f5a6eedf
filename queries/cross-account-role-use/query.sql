SELECT event_time,
       identity_account_id AS from_account,
       principal,
       request_parameters->>'$.roleArn' AS role,
       request_parameters->>'$.roleSessionName' AS session,
       source_ip_address,
       error_code
FROM events
WHERE event_source = 'sts.amazonaws.com'
  AND starts_with(event_name, 'AssumeRole')
  AND identity_account_id IS NOT NULL
  AND identity_account_id <> split_part(request_parameters->>'$.roleArn', ':', 5)
ORDER BY event_time DESC, event_id
