SELECT event_time,
       principal,
       event_source,
       event_name,
       read_only,
       source_ip_address,
       error_code,
       failed
FROM events
WHERE contains(request_parameters::VARCHAR, $resource)
   OR contains(response_elements::VARCHAR, $resource)
   OR contains(resources::VARCHAR, $resource)
ORDER BY event_time DESC, event_id
