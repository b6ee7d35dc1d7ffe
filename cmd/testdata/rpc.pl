# Drives a daemon with libtransmission-client-perl: HOST:PORT TOKEN TORRENT DIR.
# Prints "ok" at the end.
use strict;
use warnings;
use Transmission::Client;

my ($host, $token, $torrent, $folder) = @ARGV;
my $client = Transmission::Client->new(url => "http://$host/transmission/rpc", username => 'x', password => $token);

sub until_so {
    my ($what, $cond) = @_;
    for (1 .. 600) {
        return if $cond->();
        select undef, undef, undef, 0.1;
    }
    die "waited in vain: $what";
}

open my $f, '<:raw', $torrent or die $!;
my $raw = do { local $/; <$f> };
$client->add(metainfo => $raw, download_dir => $folder, paused => 1) or die 'add: ', $client->error;
my ($t) = $client->read_torrents;
die 'list' unless $t;
my $id = $t->id;
my $done = sub { my ($x) = $client->read_torrents; $x && $x->left_until_done == 0 };
$client->start($id) or die 'start: ', $client->error;
until_so('it is complete', $done);
$client->stop($id) or die 'stop: ', $client->error;
until_so('it is stopped', sub { my ($x) = $client->read_torrents; $x && $x->status == 0 });
$client->remove($id) or die 'remove: ', $client->error;
my @left = $client->read_torrents;
die 'it is there still' if @left;
print "ok\n";
