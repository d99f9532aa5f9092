//go:build !linux

package syslog

// prepare asks for a large buffer in the kernel.
func (l *Listener) prepare() { _ = l.packet.SetReadBuffer(l.o.SocketBytes) }

// kernelDrops is known on Linux only.
func kernelDrops([]byte) (total uint32, ok bool) { return 0, false }
