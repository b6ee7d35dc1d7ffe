const names: Record<string, string> = {
  ' ': 'Space', ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc', Delete: 'Del', PageUp: 'PgUp', PageDown: 'PgDn',
};

/** strokes are what is to be pressed, one after the other, as keyboards name it. */
export function strokes(key: string): string[] {
  const all = key === ' ' || key.endsWith('+ ') ? [key] : key.split(' ');
  return all.map((k) => {
    const parts = k === '+' ? ['+'] : k.split('+');
    return parts.map((p) => names[p] ?? p).join(' + ');
  });
}
