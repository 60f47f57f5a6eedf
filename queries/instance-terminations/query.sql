SELECT event_time,
       principal,
       coalesce(done.value->>'$.instanceId', asked.value->>'$.instanceId') AS instance_id,
       done.value->>'$.previousState.name' AS state_before,
       aws_region,
       source_ip_address,
       error_code
FROM events,
     json_each(request_parameters, '$.instancesSet.items') AS asked
     LEFT JOIN json_each(response_elements, '$.instancesSet.items') AS done
       ON (done.value->>'$.instanceId') = (asked.value->>'$.instanceId')
WHERE event_source = 'ec2.amazonaws.com'
  AND event_name = 'TerminateInstances'
ORDER BY event_time DESC, event_id, instance_id
