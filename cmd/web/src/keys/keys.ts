import { createContext, useContext, useEffect, useRef } from 'react';
import { Registry, type Bindings } from './registry';

export type { Binding, Bindings } from './registry';

const registry = new Registry();

/** In which layer a component is: that of the page is 0, each dialog is one above. */
export const Layer = createContext(0);

/** useKeys has keys do something while the component is shown. */
export function useKeys(scope: string, bindings: Bindings): void {
  const layer = useContext(Layer);
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  useEffect(() => registry.add({ name: scope, layer, bindings: () => latest.current }), [scope, layer]);
}

/** useLayer begins the layer of a dialog while it is open. */
export function useLayer(layer: number, open: boolean): void {
  useEffect(() => (open ? registry.open(layer) : undefined), [layer, open]);
}

/** allKeys are the keys that do something now, by scope, for the dialog that shows them. */
export function allKeys(): { scope: string; keys: { key: string; label: string }[] }[] {
  const by = new Map<string, Map<string, string>>();
  for (const s of registry.all().reverse()) {
    const keys = by.get(s.name) ?? new Map<string, string>();
    by.set(s.name, keys);
    for (const [key, b] of Object.entries(s.bindings())) keys.set(key, b.label);
  }
  return [...by].map(([scope, keys]) => ({ scope, keys: [...keys].map(([key, label]) => ({ key, label })) }));
}

/** listenForKeys begins to listen. */
export function listenForKeys(): () => void {
  const press = (e: KeyboardEvent) => void registry.press(e, performance.now());
  addEventListener('keydown', press);
  return () => removeEventListener('keydown', press);
}
