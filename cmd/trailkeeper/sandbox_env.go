package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// variable is one of the environment; an empty value means that it must not be set.
type variable struct{ name, value string }

// sandboxVariables make the AWS CLI, the SDKs and Terraform call the sandbox. S3
// Control puts the account before the host, which an IP address does not bear.
func sandboxVariables(url, region string) []variable {
	return []variable{
		{"AWS_ENDPOINT_URL", url},
		{"AWS_ENDPOINT_URL_S3_CONTROL", strings.Replace(url, "//127.0.0.1:", "//localhost:", 1)},
		{"AWS_REGION", region},
		{"AWS_DEFAULT_REGION", region},
		{"AWS_ACCESS_KEY_ID", "test"},
		{"AWS_SECRET_ACCESS_KEY", "test"},
		{"AWS_EC2_METADATA_DISABLED", "true"},
		{"AWS_SESSION_TOKEN", ""},
		{"AWS_PROFILE", ""},
	}
}

func newSandboxEnvCommand(s *streams) *cobra.Command {
	url, region := "http://"+sandboxAddress, callerRegion(s.getenv)
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the variables a shell needs to call the sandbox",
		Long: `Print the variables that make the AWS CLI, the SDKs and Terraform call the
sandbox, as a POSIX shell reads them. The credentials are made up: whoever the
sandbox does not know is the root user of its account.`,
		Example: `  eval "$(trailkeeper sandbox env)"
  trailkeeper sandbox env --url http://127.0.0.1:4581 --region eu-west-2`,
		RunE: func(*cobra.Command, []string) error {
			var lines strings.Builder
			for _, v := range sandboxVariables(url, region) {
				if v.value == "" {
					fmt.Fprintf(&lines, "unset %s\n", v.name)
					continue
				}
				fmt.Fprintf(&lines, "export %s=%s\n", v.name, v.value)
			}
			_, err := s.out.Write([]byte(lines.String()))
			return err
		},
	}
	cmd.Flags().StringVar(&url, "url", url, "where the sandbox is")
	cmd.Flags().StringVar(&region, "region", region, "Region to call (default: AWS_REGION, AWS_DEFAULT_REGION or us-east-1)")
	return cmd
}
