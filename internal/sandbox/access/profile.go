package access

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/config"
)

// HasProfile reports whether the AWS CLI's files have a profile that gives keys. The
// environment tells where the files are.
func HasProfile(ctx context.Context, name string, getenv func(string) string) bool {
	profile, err := config.LoadSharedConfigProfile(ctx, name, func(o *config.LoadSharedConfigOptions) {
		for variable, files := range map[string]*[]string{
			"AWS_SHARED_CREDENTIALS_FILE": &o.CredentialsFiles, "AWS_CONFIG_FILE": &o.ConfigFiles,
		} {
			if path := getenv(variable); path != "" {
				*files = []string{path}
			}
		}
	})
	return err == nil && (profile.Credentials.HasKeys() || profile.RoleARN != "" || profile.CredentialProcess != "" ||
		profile.SSOSessionName != "" || profile.SSOStartURL != "")
}
