package egresstest

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// numbers adds the ways to write an IPv4 address that inet_aton and its heirs read: one to four parts, each decimal,
// octal or hexadecimal.
func (b *builder) numbers(a netip.Addr) {
	p := a.As4()
	whole := uint64(binary.BigEndian.Uint32(p[:]))
	low24, low16 := whole&0xffffff, whole&0xffff
	b.hosts("one number",
		fmt.Sprint(whole), fmt.Sprintf("0%o", whole), fmt.Sprintf("0x%x", whole), fmt.Sprintf("0X%X", whole),
		fmt.Sprintf("00000000%o", whole), fmt.Sprintf("0x00000000%08x", whole), fmt.Sprintf("0o%o", whole), fmt.Sprintf("%d.", whole))
	b.hosts("one number that overflows",
		fmt.Sprint(whole+1<<32), fmt.Sprintf("0x41414141%08x", whole), fmt.Sprintf("0%o", whole+1<<32))
	b.hosts("two parts",
		fmt.Sprintf("%d.%d", p[0], low24), fmt.Sprintf("0x%x.%d", p[0], low24), fmt.Sprintf("%d.0x%x", p[0], low24), fmt.Sprintf("0%o.0%o", p[0], low24))
	b.hosts("three parts",
		fmt.Sprintf("%d.%d.%d", p[0], p[1], low16), fmt.Sprintf("0x%x.0x%x.0x%x", p[0], p[1], low16), fmt.Sprintf("0%o.%d.0%o", p[0], p[1], low16))
	b.hosts("four parts in other bases",
		parts(p, "0%o"), parts(p, "0x%x"), parts(p, "0X%02X"), parts(p, "0x000000%x"), parts(p, "0000000%o"))
	b.hosts("leading zeros", parts(p, "%03d"), parts(p, "0%d"), parts(p, "0000%d"))
	b.hosts("overflowing parts", fmt.Sprintf("%d.%d.%d.%d", int(p[0])+256, int(p[1])+256, int(p[2])+512, int(p[3])+1024))
	b.hosts("trailing dots", a.String()+".", a.String()+"..")
	b.hosts("short", strings.TrimSuffix(strings.ReplaceAll(a.String(), ".0.", "."), ".0"))
	b.mixed(p)
}

// parts writes each part with the same format.
func parts(p [4]byte, format string) string {
	return fmt.Sprintf(strings.Join([]string{format, format, format, format}, "."), p[0], p[1], p[2], p[3])
}

// mixed adds four parts in mixed bases: some of the 81 combinations for every address, another some for each.
func (b *builder) mixed(p [4]byte) {
	bases := [...]string{"%d", "0%o", "0x%x"}
	for n := int(p[3]) % 5; n < 81; n += 5 {
		format := bases[n%3] + "." + bases[n/3%3] + "." + bases[n/9%3] + "." + bases[n/27%3]
		b.hosts("mixed bases", fmt.Sprintf(format, p[0], p[1], p[2], p[3]))
	}
}
