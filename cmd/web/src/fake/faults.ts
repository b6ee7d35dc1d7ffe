/** The faults that the made-up daemon can have: `?fault=NAME` in the address, several with commas. */
export const faults = {
  '500': 'every answer is an error of the server',
  '401': 'the login has ended',
  '403': 'what is asked for is not allowed',
  '409': 'every change conflicts',
  '413': 'what is sent is too large',
  '421': 'the name in the address is not allowed',
  '429': 'too many wrong tries: wait',
  '507': 'nothing more can be written',
  'offline': 'nobody answers',
  'slow': 'each answer takes two seconds',
  'break-stream': 'events break off after three seconds, in the middle of one',
  'full-disk': 'the disk has no room',
  'unwritable': 'the state cannot be written',
  'unreachable-port': 'nobody can connect from outside',
  'read-only': 'the token may look, not change',
  'other-version': 'the daemon is a newer one than the page',
  'wrong-clock': 'the daemon is three hours ahead',
  'empty': 'there is no torrent',
} as const;

export type Fault = keyof typeof faults;

export const isFault = (name: string): name is Fault => Object.hasOwn(faults, name);

/** faultsOf are those that a query names. */
export function faultsOf(query: string): Set<Fault> {
  const names = new URLSearchParams(query).get('fault')?.split(',') ?? [];
  return new Set(names.filter(isFault));
}

const codes: Record<string, { code: string; title: string; detail: string }> = {
  '401': { code: 'unauthorized', title: 'Unauthorized', detail: 'wrong token' },
  '403': { code: 'forbidden', title: 'Forbidden', detail: 'the path is outside of the roots' },
  '409': { code: 'conflict', title: 'Conflict', detail: 'the files of the torrent are being moved' },
  '413': { code: 'too_large', title: 'Request Entity Too Large', detail: 'the body is larger than 1 MiB' },
  '421': { code: 'forbidden', title: 'Misdirected Request', detail: 'the name evil.example is not allowed: start the daemon with --host evil.example' },
  '429': { code: 'too_many', title: 'Too Many Requests', detail: 'too many wrong tries from this address' },
  '500': { code: 'internal', title: 'Internal Server Error', detail: 'a bug: see the log' },
  '503': { code: 'not_ready', title: 'Service Unavailable', detail: 'the state cannot be written: no space left on the disk' },
  '507': { code: 'no_space', title: 'Insufficient Storage', detail: 'no space left on the disk: 14.2 GiB more are needed' },
};

/** problem is an answer that refuses (RFC 9457). */
export function problem(status: number, over: { code?: string; detail?: string } = {}): Response {
  const of = codes[String(status)] ?? { code: 'not_found', title: 'Not Found', detail: 'there is nothing here' };
  const body = { ...of, ...over, status };
  return new Response(JSON.stringify({ type: `urn:gotor:problem:${body.code}`, ...body }), {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...(status === 429 ? { 'Retry-After': '30' } : {}) },
  });
}
