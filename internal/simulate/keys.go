package simulate

import (
	"cmp"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/digest"
)

// keyLife is how long a signing key is used: CloudTrail's own keys seem to be valid for
// 30 days.
const keyLife = 30 * 86400

// keyRing generates the keys that sign digests: each Region has its own, replaced every
// keyLife. It is safe for concurrent use.
type keyRing struct {
	seed  uint64
	sieve []uint64
	mu    sync.Mutex
	made  map[keyName]func() (*signingKey, error)
}

type keyName struct {
	region string
	period int64
}

type signingKey struct {
	private *rsa.PrivateKey
	public  digest.PublicKey
}

func newKeyRing(seed uint64) *keyRing {
	return &keyRing{
		seed: derive(seed, "signing keys"), sieve: primesBelow(1 << 14),
		made: map[keyName]func() (*signingKey, error){},
	}
}

// key returns the key that signs in region at a time.
func (k *keyRing) key(region string, at int64) (*signingKey, error) {
	name := keyName{region, at / keyLife}
	k.mu.Lock()
	once, ok := k.made[name]
	if !ok {
		once = sync.OnceValues(func() (*signingKey, error) { return k.newKey(name) })
		k.made[name] = once
	}
	k.mu.Unlock()
	return once()
}

// newKey generates the same key from the same seed, which rsa.GenerateKey deliberately
// does not.
func (k *keyRing) newKey(name keyName) (*signingKey, error) {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], deriveN(derive(k.seed, name.region), name.period))
	random := rand.NewChaCha8(sha256.Sum256(seed[:]))
	private, err := rsaFromPrimes(prime(random, k.sieve), prime(random, k.sieve))
	if err != nil {
		return nil, fmt.Errorf("make signing key of %s: %w", name.region, err)
	}
	der := x509.MarshalPKCS1PublicKey(&private.PublicKey)
	return &signingKey{private, digest.PublicKey{
		Value:             der,
		ValidityStartTime: digest.Time{Time: time.Unix(name.period*keyLife, 0).UTC()},
		ValidityEndTime:   digest.Time{Time: time.Unix((name.period+1)*keyLife, 0).UTC()},
		Fingerprint:       digest.Fingerprint(der),
	}}, nil
}

// prime returns a prime of 1024 bits that suits the exponent. Its two highest bits are
// set, so that a product of two has 2048 bits. It searches upwards from a random
// number; sieve holds small primes that exclude most candidates cheaply.
func prime(random *rand.ChaCha8, sieve []uint64) *big.Int {
	var raw [128]byte
	_, _ = random.Read(raw[:]) // never fails
	raw[0] |= 0xc0
	raw[127] |= 1
	from := new(big.Int).SetBytes(raw[:])
	remainders := make([]uint64, len(sieve))
	for i, p := range sieve {
		remainders[i] = new(big.Int).Mod(from, new(big.Int).SetUint64(p)).Uint64()
	}
	exponent := big.NewInt(publicExponent)
	for step := uint64(0); ; step += 2 {
		if divisible(remainders, sieve, step) {
			continue
		}
		p := new(big.Int).Add(from, new(big.Int).SetUint64(step))
		below := new(big.Int).Sub(p, big.NewInt(1))
		if p.ProbablyPrime(4) && new(big.Int).Mod(below, exponent).Sign() != 0 {
			return p
		}
	}
}

// divisible reports whether one of the primes divides a number, given the
// remainders of the number less step.
func divisible(remainders, primes []uint64, step uint64) bool {
	for i, p := range primes {
		if (remainders[i]+step)%p == 0 {
			return true
		}
	}
	return false
}

// primesBelow lists the odd primes below n.
func primesBelow(n int) []uint64 {
	composite := make([]bool, n)
	var primes []uint64
	for i := 3; i < n; i += 2 {
		if composite[i] {
			continue
		}
		primes = append(primes, uint64(i))
		for j := i * i; j < n; j += i {
			composite[j] = true
		}
	}
	return primes
}

const publicExponent = 65537

func rsaFromPrimes(p, q *big.Int) (*rsa.PrivateKey, error) {
	one := big.NewInt(1)
	totient := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: publicExponent},
		D:         new(big.Int).ModInverse(big.NewInt(publicExponent), totient),
		Primes:    []*big.Int{p, q},
	}
	key.Precompute()
	return key, key.Validate()
}

// list returns the public keys of all signing keys used, by Region and time.
func (k *keyRing) list() []digest.PublicKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	names := slices.SortedFunc(maps.Keys(k.made), func(a, b keyName) int {
		return cmp.Or(cmp.Compare(a.region, b.region), cmp.Compare(a.period, b.period))
	})
	var keys []digest.PublicKey
	for _, name := range names {
		if key, err := k.made[name](); err == nil {
			keys = append(keys, key.public)
		}
	}
	return keys
}
