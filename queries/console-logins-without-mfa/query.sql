SELECT event_time,
       account_id,
       principal,
       source_ip_address,
       user_agent
FROM events
WHERE event_name = 'ConsoleLogin'
  AND principal_kind IN ('user', 'root')
  AND NOT failed
  AND (additional_event_data->>'$.MFAUsed') IS DISTINCT FROM 'Yes'
ORDER BY event_time DESC, event_id
