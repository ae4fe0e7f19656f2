/** Each rank listens, asks all others by name at the same port, and says what it heard. A word that it was given shows whose rank it is. */
export const TALK = `use IO::Socket::INET; $| = 1; my ($me, $n, $word) = @ENV{qw(NODE_RANK NNODES WORD)};
sleep 2 if $me == 0;
my $l = IO::Socket::INET->new(Listen => 16, LocalPort => $ENV{MASTER_PORT}, ReuseAddr => 1) or die "listen: $!";
for my $r (0 .. $n - 1) {
  next if $r == $me || fork;
  my $s = IO::Socket::INET->new(PeerAddr => "rank-$r", PeerPort => $ENV{MASTER_PORT}) or die "connect to $r: $!";
  print $s "$word $me\\n"; my $a = <$s>; print "asked $a"; exit 0;
}
for (1 .. $n - 1) { my $c = $l->accept or die; my $heard = <$c>; print "heard $heard"; print $c "$word $me\\n"; close $c }
1 while wait != -1;`;
/** A large body from rank 0 to rank 1 and how long it took, then bytes there and back. */
export const SUM = `use IO::Socket::INET; use Time::HiRes 'time'; $| = 1; my $part = join('', map { chr($_ % 251) } 1 .. 65536); my $parts = 800;
if ($ENV{NODE_RANK} == 1) { my $l = IO::Socket::INET->new(Listen => 1, LocalPort => 4000) or die; my $c = $l->accept; my $from = time; my ($all, $wrong) = (0, 0);
  while (1) { my $got = ''; while (length($got) < 65536) { my $n = sysread($c, $got, 65536 - length($got), length($got)); last unless $n } last if $got eq ''; $wrong++ if $got ne $part; $all += length $got }
  printf "%d bytes, %d wrong\\n%.2f s\\n", $all, $wrong, time - $from; my $d = $l->accept; while (sysread($d, my $byte, 1)) { syswrite $d, $byte } }
else { my $s = IO::Socket::INET->new(PeerAddr => 'rank-1', PeerPort => 4000) or die; for (1 .. $parts) { my $at = 0; while ($at < 65536) { $at += syswrite($s, $part, 65536 - $at, $at) // die } } close $s; my $d = IO::Socket::INET->new(PeerAddr => 'rank-1', PeerPort => 4000) or die; my $from; for (0 .. 300) { $from = time if $_ == 1; syswrite $d, 'x'; sysread $d, my $byte, 1 or die } printf "%.2f ms\\n", (time - $from) * 1000 / 300 }`;
/**
 * For so many seconds rank 0 asks rank 1 every tenth of one, by TCP over one connection and by UDP, and both end with an error where an answer fails. Rank 0 says how
 * often it asked, and how long the longest answer took.
 */
export const GO_ON = `use IO::Socket::INET; use Time::HiRes qw(time sleep); $| = 1; my $for = $ENV{SECONDS_LONG};
if ($ENV{NODE_RANK} == 1) { my $l = IO::Socket::INET->new(Listen => 1, LocalPort => 4000) or die; my $u = IO::Socket::INET->new(Proto => 'udp', LocalPort => 4000) or die;
  my $c = $l->accept; unless (fork) { while (1) { $u->recv(my $text, 60000); $u->send($text) } } while (sysread($c, my $byte, 1)) { syswrite $c, $byte } kill 9, -1; exit 0 }
my $s; for (1 .. 100) { $s = IO::Socket::INET->new(PeerAddr => 'rank-1', PeerPort => 4000) and last; sleep 0.1 } die 'no connection' unless $s; sleep 0.5;
my $u = IO::Socket::INET->new(Proto => 'udp', PeerAddr => 'rank-1', PeerPort => 4000) or die; my ($until, $n, $most) = (time + $for, 0, 0); $SIG{ALRM} = sub { die 'no answer' };
while (time < $until) { my $from = time; alarm 5; syswrite $s, 'x'; sysread $s, my $byte, 1 or die 'cut'; $u->send('u' x 3000); $u->recv(my $text, 60000); die 'short' unless length($text) == 3000; alarm 0; $n++; my $took = time - $from; $most = $took if $took > $most; sleep 0.1 }
printf "%d answers, the longest after %.2f s\\n", $n, $most;`;

/** The same program, which asks again where nobody listens yet: directly it is refused at once, and waits for nobody as it does through the server. */
export function asksAgain(program: string): string {
  const dial = 'sub dial { for (1 .. 300) { my $s = IO::Socket::INET->new(@_); return $s if $s; select undef, undef, undef, 0.1 } return }';
  return program.replaceAll('IO::Socket::INET->new(PeerAddr', 'dial(PeerAddr').replace('IO::Socket::INET;', `IO::Socket::INET; ${dial}`);
}
