/** More are not taken in one request. */
const most = 1000;

export interface Addresses {
  good: string[];
  bad: string[];
}

/**
 * readAddresses reads what a user typed or pasted: IP:PORT, apart by anything that is
 * not part of one. Names are not looked up for peers.
 */
export function readAddresses(text: string): Addresses {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  const unique = [...new Set(words)];
  return { good: unique.filter(isAddress).slice(0, most), bad: unique.filter((word) => !isAddress(word)) };
}

function isAddress(text: string): boolean {
  const m = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9a-fA-F:.]{2,45})\]):(\d{1,5})$/.exec(text);
  if (!m) {
    return false;
  }
  const port = Number(m[3]);
  const v4 = m[1] === undefined || m[1].split('.').every((n) => Number(n) <= 255);
  return v4 && port > 0 && port <= 65535 && (m[2] === undefined || m[2].includes(':'));
}
