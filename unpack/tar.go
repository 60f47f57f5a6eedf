package unpack

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

const tarBlock = 512

// isTar reports whether head is a tar header of any dialect: all have the checksum.
func isTar(head []byte) bool {
	if len(head) < tarBlock || head[0] == 0 {
		return false
	}
	text := strings.Trim(string(head[148:156]), " \x00")
	sum, err := strconv.ParseInt(text, 8, 64)
	if err != nil {
		return false
	}
	unsigned, signed := int64(0), int64(0) // old programs summed signed bytes
	for i, b := range head[:tarBlock] {
		if i >= 148 && i < 156 {
			b = ' '
		}
		unsigned += int64(b)
		signed += int64(int8(b))
	}
	return sum == unsigned || sum == signed
}

var errTarEnd = errors.New("bytes after its end")

// untar visits the members of a tar archive, and of those that follow it in the same
// stream.
func (w *Walker) untar(member string, in *bufio.Reader, from *layer, depth int) error {
	for {
		last := &lastBlock{in: in}
		archive := tar.NewReader(last)
		for {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return w.broken(member, "tar", from, in, err)
			}
			if err := w.tarMember(joined(member, header.Name), header, archive, from, depth); err != nil {
				return err
			}
		}
		if !last.zero {
			return w.broken(member, "tar", from, in, io.ErrUnexpectedEOF)
		}
		more, err := tarFollows(in)
		if err != nil {
			return w.broken(member, "tar", from, in, err)
		}
		if !more {
			return nil
		}
	}
}

// tarMember visits the content of one member.
func (w *Walker) tarMember(member string, header *tar.Header, archive *tar.Reader, from *layer, depth int) error {
	switch header.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		return w.decode(member, &layer{walk: w, from: from, src: archive, cause: causes("tar"), form: "tar"}, depth)
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	case tar.TypeLink, tar.TypeSymlink:
		return w.visit(member, failing{&ForeignError{kindLink}})
	}
	return w.visit(member, failing{&ForeignError{"neither a file nor a folder"}})
}

// lastBlock records whether the last block read is all zeros, as at the end of a tar
// archive.
type lastBlock struct {
	in   *bufio.Reader
	zero bool
}

func (l *lastBlock) Read(p []byte) (int, error) {
	l.zero = false
	if len(p) != tarBlock { // the content of a member, not its header
		return l.in.Read(p)
	}
	n, err := io.ReadFull(l.in, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	l.zero = n == tarBlock && len(bytes.Trim(p, "\x00")) == 0
	return n, err
}

// tarFollows skips the zeros after a tar archive and reports whether another one
// follows.
func tarFollows(in *bufio.Reader) (bool, error) {
	for {
		block, err := in.Peek(tarBlock)
		switch {
		case len(bytes.Trim(block, "\x00")) > 0 && isTar(block):
			return true, nil
		case len(bytes.Trim(block, "\x00")) > 0:
			return false, errTarEnd
		case len(block) < tarBlock && errors.Is(err, io.EOF):
			return false, nil
		case len(block) < tarBlock:
			return false, err
		}
		_, _ = in.Discard(tarBlock) // it was peeked
	}
}
