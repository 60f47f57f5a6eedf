// Package access reports whether a request is signed with the keys of the sandbox's administrator.
package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/cerpac/trailkeeper/internal/sandbox/spool"
)

// FileName is the administrator's keys in a state folder. It has the format of the
// AWS CLI's shared credentials, so that AWS_SHARED_CREDENTIALS_FILE can name it.
const FileName = "admin-credentials"

// Admin is the one pair of keys with which CloudTrail's API and the control API may
// be called.
type Admin struct {
	AccessKey, Secret string
	// File is where the keys are kept.
	File string
	// Fresh reports whether the keys were made by this call.
	Fresh bool
}

// Open reads the keys in a state folder, and makes them where there are none.
func Open(dir string) (*Admin, error) {
	found, err := Read(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return found, err
	}
	a := &Admin{AccessKey: "TK" + rand.Text()[:18], Secret: (rand.Text() + rand.Text())[:40], File: filepath.Join(dir, FileName), Fresh: true}
	text := fmt.Sprintf("# The administrator of the sandbox, made at its first start.\n[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", a.AccessKey, a.Secret)
	if err := spool.Dir(dir).Write(FileName, []byte(text)); err != nil {
		return nil, fmt.Errorf("keep administrator's keys: %w", err)
	}
	return a, nil
}

// Read reads the keys in a state folder. The error is fs.ErrNotExist when none were
// made there.
func Read(dir string) (*Admin, error) {
	path := filepath.Join(dir, FileName)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read administrator's keys: %w", err)
	}
	// Windows has no such modes.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("read administrator's keys %q: mode %04o lets others at them; it must be 0600", path, mode)
	}
	profile, err := config.LoadSharedConfigProfile(context.Background(), "default", func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{path}, []string{}
	})
	if err != nil {
		return nil, fmt.Errorf("read administrator's keys %q: %w", path, err)
	}
	if !profile.Credentials.HasKeys() {
		return nil, fmt.Errorf("read administrator's keys %q: no pair of keys in it", path)
	}
	return &Admin{AccessKey: profile.Credentials.AccessKeyID, Secret: profile.Credentials.SecretAccessKey, File: path}, nil
}

func (a *Admin) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: a.AccessKey, SecretAccessKey: a.Secret}
}
