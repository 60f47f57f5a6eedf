SELECT event_time,
       coalesce(identity_arn, identity_invoked_by, identity_principal_id, identity_type) AS principal,
       event_name,
       coalesce(request_parameters->>'$.bucketName', request_parameters->>'$.name', request_parameters->>'$.trailName') AS target,
       source_ip_address,
       error_code
FROM events
WHERE (event_source = 'cloudtrail.amazonaws.com' AND read_only = false)
   OR (event_source = 's3.amazonaws.com'
       AND (event_name IN ('CreateBucket', 'DeleteBucket')
            OR regexp_matches(event_name, '^(Put|Delete)(Bucket|AccountPublicAccessBlock|ObjectLock)')))
ORDER BY event_time DESC, event_id
