SELECT event_time,
       principal,
       event_name,
       coalesce(request_parameters->>'$.userName', request_parameters->>'$.roleName', request_parameters->>'$.groupName') AS target,
       coalesce(request_parameters->>'$.policyArn', request_parameters->>'$.policyName') AS policy,
       source_ip_address,
       error_code
FROM events
WHERE event_source = 'iam.amazonaws.com'
  AND (event_name IN ('CreatePolicy', 'DeletePolicy', 'CreatePolicyVersion', 'DeletePolicyVersion',
                      'SetDefaultPolicyVersion', 'UpdateAssumeRolePolicy')
       OR regexp_matches(event_name, '^(Put|Delete|Attach|Detach)(User|Role|Group)Policy$')
       OR regexp_matches(event_name, '^(Put|Delete)(User|Role)PermissionsBoundary$'))
ORDER BY event_time DESC, event_id
