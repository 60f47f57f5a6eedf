SELECT event_time,
       principal,
       event_name,
       coalesce(request_parameters->>'$.userName', response_elements->>'$.user.userName', response_elements->>'$.accessKey.userName') AS for_user,
       response_elements->>'$.accessKey.accessKeyId' AS access_key_id,
       source_ip_address,
       error_code
FROM events
WHERE event_source = 'iam.amazonaws.com'
  AND event_name IN ('CreateUser', 'CreateAccessKey', 'UpdateAccessKey', 'CreateLoginProfile', 'UpdateLoginProfile',
                     'CreateServiceSpecificCredential', 'UploadSigningCertificate', 'UploadSSHPublicKey',
                     'CreateVirtualMFADevice', 'DeactivateMFADevice')
ORDER BY event_time DESC, event_id
