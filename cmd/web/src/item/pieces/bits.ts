// Bitfields as on the wire: the first piece is the highest bit of the first byte.

/** fromBase64 reads a bitfield; what is not base64 is an empty one. */
export function fromBase64(text: string | undefined): Uint8Array {
  try {
    return Uint8Array.from(atob(text ?? ''), (c) => c.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** bit is 1 if a piece is in a bitfield; beyond its end there is nothing. */
export function bit(field: Uint8Array, piece: number): 0 | 1 {
  return (((field[piece >> 3] ?? 0) >> (7 - (piece & 7))) & 1) as 0 | 1;
}

/** withBits is a bitfield with some more pieces in it, which are below count. */
export function withBits(field: Uint8Array, pieces: readonly number[], count: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(count / 8));
  out.set(field.subarray(0, out.length));
  for (const piece of pieces) {
    if (piece >= 0 && piece < count) {
      out[piece >> 3] = (out[piece >> 3] ?? 0) | (128 >> (piece & 7));
    }
  }
  return out;
}
