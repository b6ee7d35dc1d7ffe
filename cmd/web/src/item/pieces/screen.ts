// What the screen is like: how fine, and in which colours.
import { useEffect, useLayoutEffect, useState, type RefObject } from 'react';
import { kinds, type Palette } from './paint';

/** useScale is how many pixels of the screen a CSS pixel has; it changes with zoom and from screen to screen. */
export function useScale(): number {
  const [scale, setScale] = useState(() => window.devicePixelRatio || 1);
  useLayoutEffect(() => {
    const query = window.matchMedia?.(`(resolution: ${scale}dppx)`);
    const changed = (): void => setScale(window.devicePixelRatio || 1);
    query?.addEventListener('change', changed);
    return () => query?.removeEventListener('change', changed);
  }, [scale]);
  return scale;
}

/** usePalette are the colours of the picture in the theme that is on; undefined before the first look. */
export function usePalette(ref: RefObject<Element | null>): Palette | undefined {
  const [palette, setPalette] = useState<Palette>();
  useEffect(() => {
    const look = (): void => {
      if (ref.current) {
        setPalette(readPalette(getComputedStyle(ref.current)));
      }
    };
    look();
    const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((q) => window.matchMedia?.(q));
    queries.forEach((q) => q?.addEventListener('change', look));
    const themes = new MutationObserver(look);
    themes.observe(document.documentElement, { attributes: true });
    return () => {
      queries.forEach((q) => q?.removeEventListener('change', look));
      themes.disconnect();
    };
  }, [ref]);
  return palette;
}

function readPalette(style: CSSStyleDeclaration): Palette {
  const colour = (name: string): string => style.getPropertyValue(`--piece-${name}`).trim() || 'gray';
  return Object.fromEntries([...kinds, 'ground' as const].map((k) => [k, colour(k)])) as Palette;
}
