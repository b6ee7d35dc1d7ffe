import { expect, test } from 'vitest';
import { strokes } from './strokes';

test.each<[string, string[]]>([
  ['a', ['a']], [' ', ['Space']], ['g l', ['g', 'l']], ['Ctrl+a', ['Ctrl + a']], ['Shift+ArrowDown', ['Shift + ↓']], ['Shift+ ', ['Shift + Space']], ['?', ['?']], ['+', ['+']],
])('%j', (key, want) => { expect(strokes(key)).toEqual(want); });
