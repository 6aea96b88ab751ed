package profiles

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// maxBaselineSize bounds an unpacked baseline file, in bytes.
const maxBaselineSize = 512 << 20

// Hash is the SHA-256, in hex, of everything that counts in the baseline: all but when and from what it was made.
func (b *Baseline) Hash() string {
	if b.hash != "" {
		return b.hash
	}
	return b.computeHash()
}

func (b *Baseline) computeHash() string {
	c := Baseline{Format: b.Format, Model: b.Model, Version: b.Version, From: b.From.UTC(), To: b.To.UTC(), Records: b.Records,
		Tallies: b.Tallies, Labels: b.Labels, Quality: b.Quality, Rows: b.Rows, Related: b.Related, Features: b.Features, Slices: b.Slices}
	data, err := json.Marshal(&c)
	if err != nil { // only for NaN or Inf, which no finished baseline holds
		data = []byte(err.Error())
	}
	h := sha256.New()
	h.Write(data)
	if b.Panes.Len() > 0 { // what they hold, however it is packed
		fmt.Fprintf(h, "\npanes %d %d\n", b.Panes.width, b.Panes.starts[0])
		h.Write(b.Panes.binary())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Write renders the baseline as a file: indented JSON, the same bytes for the same baseline.
func (b *Baseline) Write() ([]byte, error) {
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write baseline: %w", err)
	}
	return append(flatten(data), '\n'), nil
}

// ReadBaseline reads a baseline file, gzipped or not, and validates all of it. An error names the place in the file.
func ReadBaseline(data []byte) (*Baseline, error) {
	if len(data) > 2 && data[0] == 0x1f && data[1] == 0x8b {
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("read baseline: %w", err)
		}
		if data, err = io.ReadAll(io.LimitReader(r, maxBaselineSize+1)); err != nil {
			return nil, fmt.Errorf("read baseline: %w", err)
		}
	}
	if len(data) > maxBaselineSize {
		return nil, fmt.Errorf("read baseline: larger than %d MB", maxBaselineSize>>20)
	}
	var head struct{ Format *int }
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("read baseline: not a baseline file: %w", err)
	}
	if head.Format == nil || *head.Format != BaselineFormat {
		if head.Format == nil {
			return nil, errors.New("read baseline: no format: not a baseline file")
		}
		return nil, fmt.Errorf("read baseline: format %d, this plumbline reads %d", *head.Format, BaselineFormat)
	}
	b := &Baseline{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(b); err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("read baseline: something follows the baseline")
	}
	if err := b.validate(); err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	b.prepare()
	if err := b.validatePanes(); err != nil {
		return nil, fmt.Errorf("read baseline: panes: %w", err)
	}
	return b, nil
}

func encodeHashes(h []uint64) string {
	slices.Sort(h)
	b := make([]byte, 0, 8*len(h))
	for _, x := range h {
		b = binary.BigEndian.AppendUint64(b, x)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func decodeHashes(text string) ([]uint64, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	if len(b)%8 != 0 || len(b)/8 > maxOtherHashes {
		return nil, fmt.Errorf("%d bytes are no list of at most %d hashes", len(b), maxOtherHashes)
	}
	h := make([]uint64, len(b)/8)
	for i := range h {
		h[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	if !slices.IsSorted(h) {
		return nil, errors.New("not ascending")
	}
	return h, nil
}

func formatMoments(m *moments) *[4]string {
	var t [4]string
	for i, s := range []float64{m.s1, m.s2, m.s3, m.s4} {
		t[i] = strconv.FormatFloat(s, 'g', -1, 64)
	}
	return &t
}

func parseMoments(t *[4]string) (s [4]float64, err error) {
	for i := range t {
		if s[i], err = strconv.ParseFloat(t[i], 64); err != nil && !errors.Is(err, strconv.ErrRange) {
			return s, fmt.Errorf("%q is not a number", t[i])
		}
	}
	return s, nil
}
