SELECT event_time,
       principal,
       event_source,
       event_name,
       aws_region,
       account_id,
       source_ip_address,
       request_parameters
FROM events
WHERE changed
ORDER BY event_time, event_id
