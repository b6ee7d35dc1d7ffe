package peer

// AppendRemote appends which pieces the remote has, as a bitfield message's
// payload; nothing before Run.
func (c *Conn) AppendRemote(dst []byte) []byte {
	c.mu.Lock()
	p := c.peer
	c.mu.Unlock()
	if p == nil {
		return dst
	}
	return c.cfg.Manager.AppendRemote(p, dst)
}
