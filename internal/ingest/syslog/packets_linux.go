package syslog

import (
	"encoding/binary"
	"log/slog"

	"golang.org/x/sys/unix"
)

// prepare asks for a large buffer in the kernel, and to be told how many datagrams did not fit into it.
func (l *Listener) prepare() {
	_ = l.packet.SetReadBuffer(l.o.SocketBytes)
	raw, err := l.packet.SyscallConn()
	if err != nil {
		return
	}
	got := 0
	_ = raw.Control(func(fd uintptr) {
		// Beyond net.core.rmem_max only who may administer the network gets what it asks for.
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, l.o.SocketBytes)
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
		got, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
	})
	if got/2 < l.o.SocketBytes { // the kernel doubles what it is told
		l.o.Log.Info("the kernel gives a smaller buffer for syslog over UDP than asked for: raise net.core.rmem_max",
			slog.String("listener", l.Name()), slog.Int("bytes", got/2), slog.Int("asked", l.o.SocketBytes))
	}
}

// kernelDrops reads how many datagrams the socket has dropped since it was opened.
func kernelDrops(oob []byte) (total uint32, ok bool) {
	for len(oob) >= unix.SizeofCmsghdr {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return 0, false
		}
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SO_RXQ_OVFL && len(data) >= 4 {
			return binary.NativeEndian.Uint32(data), true
		}
		oob = rest
	}
	return 0, false
}
