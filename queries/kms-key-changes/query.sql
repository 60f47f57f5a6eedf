SELECT event_time,
       principal,
       event_name,
       coalesce(request_parameters->>'$.keyId', response_elements->>'$.keyId') AS key_id,
       response_elements->>'$.deletionDate' AS deletion_date,
       source_ip_address,
       error_code
FROM events
WHERE event_source = 'kms.amazonaws.com'
  AND event_name IN ('ScheduleKeyDeletion', 'CancelKeyDeletion', 'DisableKey', 'EnableKey', 'DisableKeyRotation',
                     'EnableKeyRotation', 'PutKeyPolicy', 'CreateGrant', 'RevokeGrant', 'RetireGrant',
                     'DeleteImportedKeyMaterial', 'DeleteAlias', 'UpdateAlias', 'CreateKey')
ORDER BY event_time DESC, event_id
