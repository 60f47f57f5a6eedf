package access

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/config"
)

// HasProfile reports whether the AWS CLI's files have a profile that gives keys. The
// environment tells where the files are.
func HasProfile(ctx context.Context, name string, getenv func(string) string) bool {
	profile, err := profileNamed(ctx, name, getenv)
	return err == nil && (profile.Credentials.HasKeys() || profile.RoleARN != "" || profile.CredentialProcess != "" ||
		profile.SSOSessionName != "" || profile.SSOStartURL != "")
}

// Own returns the pair of keys that the environment, or else its profile, has in
// plain; nil where there is none, and where a token belongs to it, which cannot be
// checked.
func Own(ctx context.Context, getenv func(string) string) *Admin {
	if key, secret := getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"); key != "" && secret != "" {
		if getenv("AWS_SESSION_TOKEN") != "" {
			return nil
		}
		return &Admin{AccessKey: key, Secret: secret}
	}
	profile, err := profileNamed(ctx, cmp.Or(getenv("AWS_PROFILE"), "default"), getenv)
	if c := profile.Credentials; err == nil && c.HasKeys() && c.SessionToken == "" {
		return &Admin{AccessKey: c.AccessKeyID, Secret: c.SecretAccessKey}
	}
	return nil
}

func profileNamed(ctx context.Context, name string, getenv func(string) string) (config.SharedConfig, error) {
	return config.LoadSharedConfigProfile(ctx, name, func(o *config.LoadSharedConfigOptions) {
		for variable, files := range map[string]*[]string{
			"AWS_SHARED_CREDENTIALS_FILE": &o.CredentialsFiles, "AWS_CONFIG_FILE": &o.ConfigFiles,
		} {
			if path := getenv(variable); path != "" {
				*files = []string{path}
			}
		}
	})
}
