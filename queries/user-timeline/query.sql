SELECT event_time,
       event_source,
       event_name,
       aws_region,
       source_ip_address,
       user_agent,
       error_code,
       request_parameters
FROM events
WHERE identity_user_name = $user
   OR session_issuer_user_name = $user
   OR identity_arn = $user
   OR session_issuer_arn = $user
   OR identity_principal_id = $user
   OR ends_with(identity_arn, '/' || $user)
ORDER BY event_time, event_id
