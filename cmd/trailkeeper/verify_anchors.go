package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/internal/anchor"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// signingOptions are about the signatures of checkpoints.
type signingOptions struct {
	key       string   // file with the private key that signs
	newKey    string   // file for a new one
	verifiers []string // public keys, or files with one
}

func (o *signingOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.key, "anchor-key", "", "file with the private key that signs the checkpoint of --anchor")
	f.StringVar(&o.newKey, "new-anchor-key", "", "new file for a private key that is made now, and signs the checkpoint of --anchor")
	o.addVerifierFlag(f)
}

func (o *signingOptions) addVerifierFlag(f *pflag.FlagSet) {
	f.StringArrayVar(&o.verifiers, "anchor-verifier", nil, "public key, or file with one, that must have signed each checkpoint; may be repeated")
}

// check checks the flags; reading says that the anchors are those of a bundle.
func (o *signingOptions) check(anchored, reading bool) error {
	switch {
	case o.key != "" && o.newKey != "":
		return errors.New("--anchor-key and --new-anchor-key exclude each other")
	case (o.key != "" || o.newKey != "") && !anchored:
		return errors.New("--anchor-key and --new-anchor-key need --anchor")
	case len(o.verifiers) > 0 && !anchored && !reading:
		return errors.New("--anchor-verifier needs --anchor")
	}
	if _, err := os.Lstat(o.newKey); o.newKey != "" && err == nil {
		return fmt.Errorf("--new-anchor-key %q exists", o.newKey)
	}
	return nil
}

// keys returns the public keys of --anchor-verifier. No error shows what was given:
// it may be a private key.
func (o *signingOptions) keys() (keys []anchor.Verifier, err error) {
	for _, text := range o.verifiers {
		key, err := anchor.ParseVerifier(text)
		if err != nil {
			content, unread := os.ReadFile(text)
			if unread == nil {
				key, err = anchor.ParseVerifier(string(content))
			}
		}
		if err != nil {
			return nil, outcome.WithHint(fmt.Errorf("read --anchor-verifier: %w", err), "give the public key that --new-anchor-key printed, or a file with it")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// openAnchors opens the anchor log and reads the checkpoints that it must
// continue.
func (o *verifyOptions) openAnchors() (err error) {
	keys, err := o.signing.keys()
	if err != nil {
		return outcome.CouldNotLook(err)
	}
	for _, path := range o.known {
		c, err := readCheckpoint(path, keys)
		if err != nil {
			return err
		}
		o.check.Checkpoints = append(o.check.Checkpoints, c)
	}
	if len(keys) > 0 {
		if _, err := readCheckpoint(filepath.Join(o.anchor, "checkpoint"), keys); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	o.check.Anchors, err = anchor.Open(o.anchor)
	if _, forked := errors.AsType[*anchor.ForkError](err); forked {
		return outcome.BadEvidence(fmt.Errorf("open anchor log %q: %w", o.anchor, err))
	}
	if err != nil {
		return outcome.CouldNotLook(err)
	}
	if err := o.signAnchors(); err != nil {
		return errors.Join(err, o.check.Anchors.Close())
	}
	return nil
}

func readCheckpoint(path string, keys []anchor.Verifier) (c anchor.Checkpoint, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return c, outcome.CouldNotLook(fmt.Errorf("read checkpoint: %w", err))
	}
	if len(keys) == 0 {
		c, err = anchor.ParseCheckpoint(text)
	} else {
		c, err = anchor.ParseSigned(text, keys)
	}
	if _, forged := errors.AsType[*anchor.SignatureError](err); forged {
		return c, outcome.BadEvidence(fmt.Errorf("read checkpoint %q: %w", path, err))
	}
	if err != nil {
		return c, outcome.CouldNotLook(fmt.Errorf("read checkpoint %q: %w", path, err))
	}
	return c, nil
}

// signAnchors makes the log sign its checkpoint from now on.
func (o *verifyOptions) signAnchors() error {
	if o.signing.key == "" {
		return nil
	}
	signer, err := anchor.ReadSigner(o.signing.key)
	if err != nil {
		return outcome.CouldNotLook(err)
	}
	err = o.check.Anchors.Sign(signer)
	if _, forged := errors.AsType[*anchor.SignatureError](err); forged {
		return outcome.BadEvidence(err)
	}
	if err != nil {
		return outcome.CouldNotLook(outcome.WithHint(err, "--new-anchor-key makes a key for a log, once you know that nobody changed it"))
	}
	return nil
}

// newAnchorKey makes a key for the log, if one is asked for.
func (o *verifyOptions) newAnchorKey(stderr io.Writer) error {
	if o.signing.newKey == "" {
		return nil
	}
	verifier, err := o.check.Anchors.NewKey(o.signing.newKey)
	if err != nil {
		return outcome.CouldNotLook(err)
	}
	fmt.Fprintf(stderr, "the key that signs checkpoints is in %s, keep it where the log is not; --anchor-verifier is\n%s\n", o.signing.newKey, verifier)
	return nil
}

// addAnchors adds the heads of the chains to the anchor log.
func (o *verifyOptions) addAnchors(sum *verify.Summary, stderr io.Writer) error {
	log := o.check.Anchors
	if log == nil || o.fixed || sum.Others[verify.Tampered] > 0 {
		return nil // a log that does not continue its checkpoints is not continued
	}
	if err := o.newAnchorKey(stderr); err != nil {
		return err
	}
	if log.Unsigned() {
		fmt.Fprintln(stderr, "note: the checkpoint was signed, and is not any more; --anchor-key signs it")
	}
	added, err := log.Append(sum.Heads)
	if err != nil {
		return outcome.CouldNotLook(err)
	}
	fmt.Fprintf(stderr, "anchored %d new heads of %d; keep a copy of %s elsewhere\n", added, log.Checkpoint().Size, log.Path())
	return nil
}
