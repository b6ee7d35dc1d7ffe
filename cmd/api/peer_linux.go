package api

import "golang.org/x/sys/unix"

// peerUID is the user at the other end of a unix socket.
func peerUID(fd uintptr) (uid int, known bool) {
	cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, false
	}
	return int(cred.Uid), true
}
