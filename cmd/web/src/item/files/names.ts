/** As the API takes them, in bytes of UTF-8. */
const longest = 255;

/** badName says what is wrong with a name for a file; empty: nothing that can be seen from here. */
export function badName(text: string): string {
  if (text.trim() === '') {
    return 'A name is needed.';
  }
  if (text === '.' || text === '..' || /[/\\\0]/.test(text)) {
    return 'A name has no slashes, and is not . or ..';
  }
  return new TextEncoder().encode(text).length > longest ? `A name has at most ${longest} bytes.` : '';
}
