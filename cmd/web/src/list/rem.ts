/** A size in rem as CSS pixels: where people have larger letters, rows are higher. Asked once, when the list comes. */
export function rem(size: number): number {
  const letter = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return Math.round(size * (letter > 0 ? letter : 16));
}
