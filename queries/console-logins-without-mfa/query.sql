SELECT event_time,
       account_id,
       identity_type,
       coalesce(identity_user_name, identity_arn) AS user_name,
       source_ip_address,
       user_agent
FROM events
WHERE event_name = 'ConsoleLogin'
  AND identity_type IN ('IAMUser', 'Root')
  AND (response_elements->>'$.ConsoleLogin') = 'Success'
  AND (additional_event_data->>'$.MFAUsed') IS DISTINCT FROM 'Yes'
ORDER BY event_time DESC, event_id
