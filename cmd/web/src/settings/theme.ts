/** Theme is how the page looks: as the system, or as somebody has chosen in this browser. */
export type Theme = 'system' | 'light' | 'dark';

const key = 'gotor.theme';

/** theme is what was chosen; system where nothing can be kept. */
export function theme(): Theme {
  try {
    const t = localStorage.getItem(key);
    return t === 'light' || t === 'dark' ? t : 'system';
  } catch {
    return 'system';
  }
}

/** setTheme has the page look so at once, and the next time. */
export function setTheme(t: Theme): void {
  try {
    if (t === 'system') localStorage.removeItem(key);
    else localStorage.setItem(key, t);
  } catch {
    // It holds until the page is closed.
  }
  showTheme(t);
}

/** showTheme is for the start of the page, before anything is drawn. */
export function showTheme(t: Theme = theme()): void {
  if (t === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = t;
}
