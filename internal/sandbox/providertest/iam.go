package providertest

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// aws_iam_role
// create: CreateRole, again while MalformedPolicyDocument "Invalid principal in
// policy"; read: GetRole, its Arn must be no unique id; ListRolePolicies and
// GetRolePolicy of each; ListAttachedRolePolicies
// update: UpdateAssumeRolePolicy; UpdateRoleDescription; UpdateRole
// delete: ListInstanceProfilesForRole; DeleteRole, again while DeleteConflict
func role(p *provider) resource {
	const trust = `{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"sts:AssumeRole"CONDITION}`
	text := statement(trust, "CONDITION", "")
	changed := statement(trust, "CONDITION", `,"Condition":{"StringEquals":{"aws:SourceArn":"`+p.trailARN()+`"}}`)
	name := aws.String(roleName)
	return resource{
		kind: "aws_iam_role",
		create: func() error {
			return p.retry("the role", func() error {
				_, err := p.iam.CreateRole(p.ctx, &iam.CreateRoleInput{
					RoleName: name, AssumeRolePolicyDocument: &text, Path: aws.String("/"), MaxSessionDuration: aws.Int32(3600),
					PermissionsBoundary: aws.String(p.boundaryARN()),
					Tags:                []types.Tag{{Key: aws.String("Name"), Value: aws.String("trail")}},
				})
				return err
			}, invalidPrincipal)
		},
		read: p.readRole,
		want: state{
			"arn": p.roleARN(), "assume_role_policy": document(text), "description": "", "max_session_duration": int32(3600), "path": "/",
			"permissions_boundary": p.boundaryARN(), "managed_policy_arns": 0, "tags": map[string]string{"Name": "trail"},
		},
		update: func() error {
			_, err := p.iam.UpdateAssumeRolePolicy(p.ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: &changed})
			if err != nil {
				return err
			}
			_, err = p.iam.UpdateRoleDescription(p.ctx, &iam.UpdateRoleDescriptionInput{RoleName: name, Description: aws.String("changed")})
			if err != nil {
				return err
			}
			_, err = p.iam.UpdateRole(p.ctx, &iam.UpdateRoleInput{RoleName: name, MaxSessionDuration: aws.Int32(7200)})
			return err
		},
		change: state{"assume_role_policy": document(changed), "description": "changed", "max_session_duration": int32(7200)},
		remove: func() error {
			_, err := p.iam.ListInstanceProfilesForRole(p.ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: name})
			if err != nil {
				return ignore(err, "NoSuchEntity")
			}
			return p.retry("the end of the role", func() error {
				_, err := p.iam.DeleteRole(p.ctx, &iam.DeleteRoleInput{RoleName: name})
				return ignore(err, "NoSuchEntity")
			}, func(err error) bool { return code(err) == "DeleteConflict" })
		},
	}
}

func invalidPrincipal(err error) bool {
	return code(err) == "MalformedPolicyDocument" && strings.Contains(err.Error(), "Invalid principal in policy")
}

func (p *provider) readRole() (state, error) {
	name := aws.String(roleName)
	got, err := p.iam.GetRole(p.ctx, &iam.GetRoleInput{RoleName: name})
	if err != nil {
		return nil, goneIf(err, "NoSuchEntity")
	}
	trust, err := url.QueryUnescape(*got.Role.AssumeRolePolicyDocument)
	if err != nil {
		return nil, err
	}
	inline := map[string]any{}
	names, err := p.iam.ListRolePolicies(p.ctx, &iam.ListRolePoliciesInput{RoleName: name})
	if err != nil {
		return nil, err
	}
	for _, policy := range names.PolicyNames {
		if inline[policy], err = p.readRolePolicy(policy); err != nil {
			return nil, err
		}
	}
	attached, err := p.iam.ListAttachedRolePolicies(p.ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name})
	if err != nil {
		return nil, err
	}
	read := state{
		"arn": *got.Role.Arn, "assume_role_policy": document(trust), "description": aws.ToString(got.Role.Description),
		"max_session_duration": aws.ToInt32(got.Role.MaxSessionDuration), "path": *got.Role.Path, "permissions_boundary": "",
		"unique_id": *got.Role.RoleId, "create_date": got.Role.CreateDate.String(), "inline_policy": inline,
		"managed_policy_arns": len(attached.AttachedPolicies),
	}
	if boundary := got.Role.PermissionsBoundary; boundary != nil {
		read["permissions_boundary"] = aws.ToString(boundary.PermissionsBoundaryArn)
	}
	tags := map[string]string{}
	for _, tag := range got.Role.Tags {
		tags[*tag.Key] = *tag.Value
	}
	read["tags"] = tags
	return read, nil
}

// aws_iam_role_policy
// create: PutRolePolicy, GetRolePolicy until it is found; read: GetRolePolicy;
// delete: DeleteRolePolicy
func rolePolicy(p *provider) resource {
	text := statement(`{"Sid":"AWSCloudTrailCreateLogStream","Effect":"Allow","Action":["logs:CreateLogStream"],"Resource":["STREAMS"]},
		{"Sid":"AWSCloudTrailPutLogEvents","Effect":"Allow","Action":["logs:PutLogEvents"],"Resource":["STREAMS"]}`,
		"STREAMS", p.logGroupARN()+":log-stream:"+p.account+"_CloudTrail_"+region+"*")
	read := func() (state, error) {
		policy, err := p.readRolePolicy(rolePolicyName)
		if err != nil {
			return nil, err
		}
		return state{"policy": policy}, nil
	}
	return p.found(resource{
		kind: "aws_iam_role_policy",
		create: func() error {
			_, err := p.iam.PutRolePolicy(p.ctx, &iam.PutRolePolicyInput{
				RoleName: aws.String(roleName), PolicyName: aws.String(rolePolicyName), PolicyDocument: &text,
			})
			return err
		},
		read: read,
		want: state{"policy": document(text)},
		remove: func() error {
			_, err := p.iam.DeleteRolePolicy(p.ctx, &iam.DeleteRolePolicyInput{
				RoleName: aws.String(roleName), PolicyName: aws.String(rolePolicyName),
			})
			return ignore(err, "NoSuchEntity")
		},
	})
}

func (p *provider) readRolePolicy(name string) (any, error) {
	got, err := p.iam.GetRolePolicy(p.ctx, &iam.GetRolePolicyInput{RoleName: aws.String(roleName), PolicyName: &name})
	if err != nil {
		return nil, goneIf(err, "NoSuchEntity")
	}
	text, err := url.QueryUnescape(*got.PolicyDocument)
	return document(text), err
}

// aws_iam_service_linked_role
// create: CreateServiceLinkedRole; read: GetRole; delete: DeleteServiceLinkedRole,
// then GetServiceLinkedRoleDeletionStatus until SUCCEEDED
func configRole(p *provider) resource {
	const service = "config.amazonaws.com"
	var name string // as IAM answers it
	return resource{
		kind: "aws_iam_service_linked_role",
		create: func() error {
			out, err := p.iam.CreateServiceLinkedRole(p.ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String(service)})
			if err == nil {
				name = *out.Role.RoleName
			}
			return err
		},
		read: func() (state, error) {
			got, err := p.iam.GetRole(p.ctx, &iam.GetRoleInput{RoleName: &name})
			if err != nil {
				return nil, goneIf(err, "NoSuchEntity")
			}
			return state{
				"arn": *got.Role.Arn, "path": *got.Role.Path, "unique_id": *got.Role.RoleId, "description": aws.ToString(got.Role.Description),
				"tags": len(got.Role.Tags),
			}, nil
		},
		want: state{"path": "/aws-service-role/" + service + "/", "description": "", "tags": 0},
		remove: func() error {
			task, err := p.iam.DeleteServiceLinkedRole(p.ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: &name})
			if err != nil {
				return ignore(err, "NoSuchEntity")
			}
			return p.until("the end of the role", 1, func() (bool, error) {
				out, err := p.iam.GetServiceLinkedRoleDeletionStatus(p.ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task.DeletionTaskId})
				return err == nil && out.Status == types.DeletionTaskStatusTypeSucceeded, err
			})
		},
	}
}
