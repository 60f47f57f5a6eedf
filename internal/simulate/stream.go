package simulate

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// stream is a small, copyable source of reproducible randomness. Every part of the
// simulation has its own stream, derived from the seed and the part's names, so the
// result does not depend on order or concurrency.
type stream struct{ pcg rand.PCG }

// newStream returns the stream of a key.
func newStream(key uint64) stream {
	return stream{*rand.NewPCG(key, mix(key))}
}

// mix scrambles x so that neighbouring inputs give unrelated outputs
// (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// derive returns the key of a part of what key stands for.
func derive(key uint64, parts ...string) uint64 {
	for _, p := range parts {
		h := uint64(14695981039346656037) // FNV-1a
		for i := range len(p) {
			h = (h ^ uint64(p[i])) * 1099511628211
		}
		key = mix(key ^ h)
	}
	return key
}

// deriveN is derive for numbered parts.
func deriveN(key uint64, parts ...int64) uint64 {
	for _, p := range parts {
		key = mix(key ^ mix(uint64(p)))
	}
	return key
}

func (s *stream) uint64() uint64 { return s.pcg.Uint64() }

// intn is uniform over [0, n), with a bias below 2^-32.
func (s *stream) intn(n int) int {
	if n <= 1 {
		return 0
	}
	hi, _ := bits.Mul64(s.pcg.Uint64(), uint64(n))
	return int(hi)
}

// between is uniform over [lo, hi].
func (s *stream) between(lo, hi int) int { return lo + s.intn(hi-lo+1) }

// float is uniform over [0, 1).
func (s *stream) float() float64 { return float64(s.pcg.Uint64()>>11) / (1 << 53) }

func (s *stream) chance(p float64) bool { return p > 0 && s.float() < p }

// exponential has the given mean.
func (s *stream) exponential(mean float64) float64 {
	// The conversion prevents the processor from fusing the product with a sum.
	return float64(-math.Log(1-s.float()) * mean)
}

// letters appends n letters of the alphabet, whose length is at most 256.
func (s *stream) letters(dst []byte, n int, alphabet string) []byte {
	var word uint64
	for i := range n {
		if i%7 == 0 {
			word = s.pcg.Uint64()
		}
		dst = append(dst, alphabet[int(word&0xff)*len(alphabet)>>8])
		word >>= 8
	}
	return dst
}

const (
	hexDigits = "0123456789abcdef"
	base32Set = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	alnumSet  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	upperSet  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// uuid appends a version 4 UUID.
func (s *stream) uuid(dst []byte) []byte {
	hi, lo := s.pcg.Uint64(), s.pcg.Uint64()
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(3<<62) | 2<<62
	dst = hexOf(dst, hi>>32, 8)
	dst = hexOf(append(dst, '-'), hi>>16, 4)
	dst = hexOf(append(dst, '-'), hi, 4)
	dst = hexOf(append(dst, '-'), lo>>48, 4)
	return hexOf(append(dst, '-'), lo, 12)
}

// hexOf appends the n lowest hex digits of x.
func hexOf(dst []byte, x uint64, n int) []byte {
	for shift := 4 * (n - 1); shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[x>>shift&0xf])
	}
	return dst
}

// chooser draws indexes by weight.
type chooser struct{ cumulative []float64 }

func newChooser(weights []float64) chooser {
	c := chooser{make([]float64, len(weights))}
	sum := 0.0
	for i, w := range weights {
		sum += w
		c.cumulative[i] = sum
	}
	return c
}

func (c chooser) total() float64 {
	if len(c.cumulative) == 0 {
		return 0
	}
	return c.cumulative[len(c.cumulative)-1]
}

// draw returns an index whose weight is above zero; total must be above zero.
func (c chooser) draw(s *stream) int {
	x := s.float() * c.total()
	lo, hi := 0, len(c.cumulative)-1
	for lo < hi {
		mid := (lo + hi) / 2
		if c.cumulative[mid] > x {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
