SELECT source_ip_address,
       event_source,
       event_name,
       count(*) AS calls,
       count(*) FILTER (WHERE failed) AS errors,
       min(event_time) AS first_call,
       max(event_time) AS last_call,
       list_sort(list(DISTINCT aws_region)) AS regions
FROM events
WHERE identity_access_key_id = $key
GROUP BY source_ip_address, event_source, event_name
ORDER BY first_call, source_ip_address, event_source, event_name
