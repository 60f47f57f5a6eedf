SELECT event_time,
       principal,
       event_name,
       coalesce(request_parameters->>'$.snapshotId', request_parameters->>'$.imageId',
                request_parameters->>'$.dBSnapshotIdentifier', request_parameters->>'$.dBClusterSnapshotIdentifier') AS shared,
       coalesce(request_parameters->>'$.createVolumePermission.add.items', request_parameters->>'$.launchPermission.add.items',
                request_parameters->>'$.valuesToAdd') AS shared_with,
       source_ip_address,
       error_code
FROM events
WHERE event_name IN ('ModifySnapshotAttribute', 'ModifyImageAttribute', 'ModifyDBSnapshotAttribute', 'ModifyDBClusterSnapshotAttribute')
  AND shared_with IS NOT NULL
ORDER BY event_time DESC, event_id
