package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/internal/sandbox/access"
)

// variable is an environment variable; an empty value unsets it.
type variable struct{ name, value string }

// sandboxVariables make the AWS CLI, the SDKs and Terraform call the sandbox.
// S3 Control puts the account before the host, which does not work with an IP
// address.
func sandboxVariables(url, region string, k keys) []variable {
	variables := []variable{
		{"AWS_ENDPOINT_URL", url},
		{"AWS_ENDPOINT_URL_S3_CONTROL", strings.Replace(url, "//127.0.0.1:", "//localhost:", 1)},
		{"AWS_REGION", region},
		{"AWS_DEFAULT_REGION", region},
		{"AWS_EC2_METADATA_DISABLED", "true"},
	}
	switch {
	case k.pair == nil && k.profile: // keep the shell's own keys
		return variables
	case k.pair == nil:
		return append(variables, variable{"AWS_PROFILE", ""}) // some tools would prefer it
	}
	return append(variables, variable{"AWS_ACCESS_KEY_ID", k.pair.AccessKey}, variable{"AWS_SECRET_ACCESS_KEY", k.pair.Secret},
		variable{"AWS_SESSION_TOKEN", ""}, variable{"AWS_PROFILE", ""})
}

// shellFormat is the format of sandbox env that a POSIX shell reads.
const shellFormat report.Format = "shell"

func newSandboxEnvCommand(s *streams) *cobra.Command {
	var format report.Format
	var state string
	url, region := "http://"+sandboxAddress, callerRegion(s.getenv)
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the variables a shell needs to call the sandbox",
		Long: `Print the variables that make the AWS CLI, the SDKs and Terraform call the
sandbox, for a POSIX shell. In front of moto the credentials are invented: an
unknown key is the root user of the sandbox's account. An S3 server accepts only
its own keys, so yours are kept, and a comment says where they come from. With
--state the credentials are the administrator's. A sandbox in front of an S3 server,
or one that other machines can reach, accepts only those for CloudTrail's API.`,
		Example: `  eval "$(trailkeeper sandbox env)"
  trailkeeper sandbox env --url http://127.0.0.1:4581 --region eu-west-2
  trailkeeper sandbox env --format json | jq -r .set.AWS_ENDPOINT_URL`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			k, err := envKeys(cmd.Context(), state, url, s)
			if err != nil {
				return err
			}
			variables := sandboxVariables(url, region, k)
			if format == report.JSON {
				return report.WriteDocument(s.out, describeVariables(variables, k))
			}
			k.tell(s)
			_, err = io.WriteString(s.out, shellCommands(variables))
			return err
		},
	}
	addFormatFlag(cmd.Flags(), &format, "of the variables", shellFormat, report.JSON)
	cmd.Flags().StringVar(&url, "url", url, "where the sandbox is")
	cmd.Flags().StringVar(&state, "state", "", "state folder of the sandbox, for its administrator's keys")
	cmd.Flags().StringVar(&region, "region", region, "Region to call (default: AWS_REGION, AWS_DEFAULT_REGION or us-east-1)")
	return cmd
}

// envKeys returns the administrator's keys if there is a state folder,
// otherwise the caller's.
func envKeys(ctx context.Context, state, url string, s *streams) (keys, error) {
	if state == "" {
		return callerKeys(ctx, url, s)
	}
	admin, err := access.Read(state)
	if err != nil {
		return keys{}, noAdmin(err)
	}
	return adminKeys(admin), nil
}

// noAdmin adds a hint to the error for keys that cannot be read.
func noAdmin(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		err = outcome.WithHint(err, "a sandbox makes them at its first start, unless it is before moto and only this machine reaches it")
	}
	return outcome.CouldNotLook(err)
}

func shellCommands(variables []variable) string {
	var lines strings.Builder
	for _, v := range variables {
		if v.value == "" {
			fmt.Fprintf(&lines, "unset %s\n", v.name)
			continue
		}
		fmt.Fprintf(&lines, "export %s=%s\n", v.name, v.value)
	}
	return lines.String()
}

// environment is the JSON document of sandbox env.
type environment struct {
	Set   map[string]string `json:"set"`
	Unset []string          `json:"unset"`
	Keys  string            `json:"keys"` // source of the keys
}

func describeVariables(variables []variable, k keys) environment {
	e := environment{Set: map[string]string{}, Unset: []string{}, Keys: k.source}
	for _, v := range variables {
		if v.value == "" {
			e.Unset = append(e.Unset, v.name)
			continue
		}
		e.Set[v.name] = v.value
	}
	return e
}

// shellQuote quotes text as one word for a POSIX shell.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
