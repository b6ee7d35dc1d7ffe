package cmd

import "gotor/torrent/network"

// machine is the network that every command uses: nothing goes out or comes in but
// through it.
func machine() network.System { return network.System{} }

// network is machine, of the family that may be used.
func (o *familyOptions) network() network.Network { return o.Of(machine()) }
