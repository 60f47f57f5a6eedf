SELECT event_time,
       principal,
       event_source,
       event_name,
       aws_region,
       source_ip_address,
       user_agent,
       error_code,
       failed,
       request_parameters
FROM events
WHERE $user <> '' AND (
       $user IN (identity_user_name, identity_arn, identity_principal_id, identity_access_key_id, identity_invoked_by,
                 session_issuer_user_name, session_issuer_arn, session_source_identity, principal)
       OR ends_with(identity_arn, '/' || $user)
       OR ends_with(identity_principal_id, ':' || $user)
       OR ($user = 'root' AND identity_type = 'Root')
       OR (contains(user_identity::VARCHAR, $user) AND (user_identity->>'$.onBehalfOf.userId') = $user)
       OR (event_source = 'signin.amazonaws.com' AND (additional_event_data->>'$.UserName') = $user))
ORDER BY event_time, event_id
