SELECT event_time,
       principal,
       event_name,
       coalesce(request_parameters->>'$.bucketName', request_parameters->>'$.name', request_parameters->>'$.trailName') AS target,
       source_ip_address,
       error_code
FROM events
WHERE (event_source = 'cloudtrail.amazonaws.com' AND read_only IS DISTINCT FROM true)
   OR (event_source = 's3.amazonaws.com'
       AND (event_name IN ('CreateBucket', 'DeleteBucket')
            OR regexp_matches(event_name, '^(Put|Delete)(Bucket|AccountPublicAccessBlock|ObjectLock)')))
ORDER BY event_time DESC, event_id
