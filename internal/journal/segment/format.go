package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// castagnoli is the polynomial that processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// salted is the CRC-32C of b as it is stored in a segment with that salt.
func salted(salt uint64, b []byte) uint32 {
	var s [8]byte
	binary.LittleEndian.PutUint64(s[:], salt)
	return crc32.Update(crc32.Checksum(s[:], castagnoli), castagnoli, b)
}

// name is what a segment's file name says: enough to place the segment and to check its records when the file's own
// header is damaged.
type name struct {
	seq  uint64 // running number of the segment: a gap is a missing file
	base uint64 // number of its first record
	salt uint64
}

const suffix = ".seg"

func (n name) String() string {
	return fmt.Sprintf("%010d-%020d-%016x%s", n.seq, n.base, n.salt, suffix)
}

// parseName reads what String made; ok is false for any other file.
func parseName(s string) (n name, ok bool) {
	parts := strings.Split(strings.TrimSuffix(s, suffix), "-")
	if len(parts) != 3 {
		return name{}, false
	}
	var errs [3]error
	n.seq, errs[0] = strconv.ParseUint(parts[0], 10, 64)
	n.base, errs[1] = strconv.ParseUint(parts[1], 10, 64)
	n.salt, errs[2] = strconv.ParseUint(parts[2], 16, 64)
	return n, errors.Join(errs[:]...) == nil && n.base > 0 && n.String() == s
}

// The segment header: magic, version, zero, seq, base, salt, zero, checksum of all before. The name says the same; the
// header is there to recognise a file that was renamed, and a format that is newer than the program.
const (
	segmentMagic   = "TocsinJ1"
	segmentVersion = 1
	segmentHead    = 64
)

func (n name) header() []byte {
	b := append(make([]byte, 0, segmentHead), segmentMagic...)
	b = binary.LittleEndian.AppendUint32(b, segmentVersion)
	b = binary.LittleEndian.AppendUint32(b, 0)
	for _, v := range [...]uint64{n.seq, n.base, n.salt} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	b = b[:segmentHead-4]
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// errVersion: the file was made by a newer program. Reading on would misjudge all of it as damage.
var errVersion = errors.New("made by a newer version of tocsin")

// checkHeader says what is wrong with the header b of the segment n.
func (n name) checkHeader(b []byte) error {
	if bytes.Equal(b, n.header()) {
		return nil
	}
	sum := binary.LittleEndian.Uint32(b[segmentHead-4:])
	if string(b[:8]) != segmentMagic || crc32.Checksum(b[:segmentHead-4], castagnoli) != sum {
		return errors.New("the segment's header is damaged")
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != segmentVersion {
		return fmt.Errorf("segment format %d: %w", v, errVersion)
	}
	return errors.New("the segment's header is that of another segment")
}

// A record: magic, length of the payload, number, CRC-32C of the payload, salted CRC-32C of the header, payload, zeros
// up to a multiple of 8.
const (
	recordMagic = 0xc3a5f17e
	recordHead  = 24
	align       = 8
)

type recordHeader struct {
	length  uint32
	number  uint64
	payload uint32 // checksum
}

// bytes is the space that the record takes, header and padding included.
func (h recordHeader) bytes() int64 { return recordBytes(int(h.length)) }

func recordBytes(payload int) int64 { return alignUp(recordHead + int64(payload)) }

func alignUp(n int64) int64 { return (n + align - 1) &^ (align - 1) }

// appendRecord appends the whole record, padded.
func appendRecord(dst []byte, salt, number uint64, payload []byte) []byte {
	at := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, recordMagic)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = binary.LittleEndian.AppendUint64(dst, number)
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(payload, castagnoli))
	dst = binary.LittleEndian.AppendUint32(dst, salted(salt, dst[at:]))
	dst = append(dst, payload...)
	var zeros [align]byte
	return append(dst, zeros[:recordBytes(len(payload))-recordHead-int64(len(payload))]...)
}

// parseRecord reads a header; ok is false when b does not begin with a valid one.
func parseRecord(b []byte, salt uint64) (h recordHeader, ok bool) {
	if len(b) < recordHead || binary.LittleEndian.Uint32(b) != recordMagic {
		return h, false
	}
	if binary.LittleEndian.Uint32(b[20:]) != salted(salt, b[:20]) {
		return h, false
	}
	h.length = binary.LittleEndian.Uint32(b[4:])
	h.number = binary.LittleEndian.Uint64(b[8:])
	h.payload = binary.LittleEndian.Uint32(b[16:])
	return h, true
}

// The footer of a sealed segment stands at the end of its file: the offset of every record in units of 8 bytes (0:
// lost), then a trailer of magic, count, where the records end, and the salted checksum of all before.
const (
	footerMagic = "TocsinF1"
	trailerHead = 8 + 4 + 8 + 4
)

// footerBytes is the length of a footer for count records.
func footerBytes(count int) int64 { return int64(count)*4 + trailerHead }

func appendFooter(dst []byte, salt uint64, offs []uint32, end int64) []byte {
	at := len(dst)
	for _, o := range offs {
		dst = binary.LittleEndian.AppendUint32(dst, o)
	}
	dst = append(dst, footerMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(offs)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(end))
	return binary.LittleEndian.AppendUint32(dst, salted(salt, dst[at:]))
}

// readFooter reads the footer of a segment file of that size.
func readFooter(f File, size int64, salt uint64) (offs []uint32, end int64, err error) {
	errBad := errors.New("the segment has no valid index")
	if size < segmentHead+trailerHead {
		return nil, 0, errBad
	}
	trailer := make([]byte, trailerHead)
	if _, err := f.ReadAt(trailer, size-trailerHead); err != nil {
		return nil, 0, fmt.Errorf("reading the segment's index: %w", err)
	}
	count := int64(binary.LittleEndian.Uint32(trailer[8:]))
	length := count*4 + trailerHead
	if string(trailer[:8]) != footerMagic || length > size-segmentHead {
		return nil, 0, errBad
	}
	all := make([]byte, length)
	if _, err := f.ReadAt(all, size-length); err != nil {
		return nil, 0, fmt.Errorf("reading the segment's index: %w", err)
	}
	if salted(salt, all[:length-4]) != binary.LittleEndian.Uint32(all[length-4:]) {
		return nil, 0, errBad
	}
	end = int64(binary.LittleEndian.Uint64(all[length-12:]))
	offs = make([]uint32, count)
	for i := range offs {
		offs[i] = binary.LittleEndian.Uint32(all[4*i:])
	}
	return offs, end, nil
}
