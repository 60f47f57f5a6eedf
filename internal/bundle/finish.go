package bundle

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"text/template"

	"github.com/cerpac/trailkeeper/digest"
)

//go:embed text/check.sh
var script []byte

//go:embed text/readme.txt
var readme string

// Finish adds the members that are made of the others. Of the keys, those that the
// digests name are added.
func (p *Packer) Finish(info Info, keys []digest.PublicKey) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	info.Format = formatVersion
	fingerprints, err := p.tables()
	if err != nil {
		return err
	}
	text, err := marshalLines(info)
	if err != nil {
		return err
	}
	var words bytes.Buffer
	if err := template.Must(template.New(readmeName).Parse(readme)).Execute(&words, info); err != nil {
		return fmt.Errorf("pack bundle: %w", err)
	}
	return errors.Join(p.keyFiles(keys, fingerprints), p.attributeFiles(), p.unreadFile(),
		p.add(infoName, bytes.NewReader(text)), p.add(readmeName, &words), p.add(scriptName, bytes.NewReader(script)))
}

// Keys returns the public keys of the bundle. They prove as much as the way by which
// the bundle came.
func (b *Bundle) Keys() ([]digest.PublicKey, error) {
	text, ok, err := b.Text(keysName)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("read bundle %q: it has no %s", b.path, keysName)
	}
	list, err := digest.ParsePublicKeyList(text)
	if err != nil {
		return nil, fmt.Errorf("read bundle %q: %w", b.path, err)
	}
	return list, nil
}

func marshalLines(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("pack bundle: %w", err)
	}
	return append(text, '\n'), nil
}

func publicPEM(key *rsa.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("pack bundle: public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}
