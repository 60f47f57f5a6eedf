SELECT event_time,
       coalesce(identity_arn, identity_invoked_by, identity_principal_id, identity_type) AS principal,
       event_source,
       event_name,
       read_only,
       source_ip_address,
       error_code
FROM events
WHERE contains(request_parameters::VARCHAR, $resource)
   OR contains(response_elements::VARCHAR, $resource)
   OR contains(resources::VARCHAR, $resource)
ORDER BY event_time DESC, event_id
