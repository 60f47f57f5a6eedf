SELECT event_time,
       principal,
       event_source,
       event_name,
       error_code,
       error_message,
       source_ip_address
FROM events
WHERE failed
  AND ($service = '' OR event_source = $service)
ORDER BY event_time DESC, event_id
