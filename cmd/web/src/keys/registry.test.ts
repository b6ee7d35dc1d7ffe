// @vitest-environment jsdom
import { describe, expect, it, vi } from 'vitest';
import { Registry, nameOf, type Bindings } from './registry';

const down = (key: string, init: KeyboardEventInit = {}, on: HTMLElement = document.body) => {
  const e = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, composed: true, ...init });
  on.dispatchEvent(e);
  Object.defineProperty(e, 'composedPath', { value: () => [on] });
  return e;
};

const bind = (keys: Record<string, () => void>): Bindings => Object.fromEntries(Object.entries(keys).map(([k, run]) => [k, { label: k, run }]));

describe('Registry', () => {
  it('runs what a key is for, the last one first', () => {
    const r = new Registry();
    const [first, second] = [vi.fn(), vi.fn()];
    r.add({ name: 'a', layer: 0, bindings: () => bind({ x: first }) });
    const remove = r.add({ name: 'b', layer: 0, bindings: () => bind({ x: second }) });
    const e = down('x');
    expect(r.press(e, 0)).toBe(true);
    expect(e.defaultPrevented).toBe(true);
    remove();
    r.press(down('x'), 0);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 1]);
  });

  it('passes over what does not hold now', () => {
    const r = new Registry();
    const [low, high] = [vi.fn(), vi.fn()];
    r.add({ name: 'a', layer: 0, bindings: () => bind({ x: low }) });
    r.add({ name: 'b', layer: 0, bindings: () => ({ x: { label: '', run: high, when: () => false } }) });
    r.press(down('x'), 0);
    expect([low.mock.calls.length, high.mock.calls.length]).toEqual([1, 0]);
  });

  it('knows sequences, while they are fresh', () => {
    const r = new Registry();
    const [list, l] = [vi.fn(), vi.fn()];
    r.add({ name: 'a', layer: 0, bindings: () => bind({ 'g l': list, l }) });
    r.press(down('g'), 0);
    r.press(down('l'), 1000);
    expect([list.mock.calls.length, l.mock.calls.length]).toEqual([1, 0]);
    r.press(down('g'), 2000);
    r.press(down('l'), 4000);
    expect([list.mock.calls.length, l.mock.calls.length]).toEqual([1, 1]);
  });

  it('hears a dialog only, while one is open', () => {
    const r = new Registry();
    const [page, dialog] = [vi.fn(), vi.fn()];
    r.add({ name: 'page', layer: 0, bindings: () => bind({ x: page, y: page }) });
    r.add({ name: 'dialog', layer: 1, bindings: () => bind({ x: dialog }) });
    const close = r.open(1);
    r.press(down('x'), 0);
    r.press(down('y'), 0);
    expect([page.mock.calls.length, dialog.mock.calls.length]).toEqual([0, 1]);
    expect(r.all().map((s) => s.name)).toEqual(['dialog']);
    close();
    r.press(down('x'), 0);
    expect(page).toHaveBeenCalledTimes(1);
  });

  it.each(['input', 'textarea', 'select'])('leaves keys to a %s', (tag) => {
    const r = new Registry();
    const run = vi.fn();
    r.add({ name: 'a', layer: 0, bindings: () => bind({ x: run }) });
    r.press(down('x', {}, document.createElement(tag)), 0);
    expect(run).not.toHaveBeenCalled();
  });

  it('hears keys at a check box', () => {
    const r = new Registry();
    const run = vi.fn();
    r.add({ name: 'a', layer: 0, bindings: () => bind({ x: run }) });
    const box = document.createElement('input');
    box.type = 'checkbox';
    r.press(down('x', {}, box), 0);
    expect(run).toHaveBeenCalledTimes(1);
  });
});

describe('nameOf', () => {
  it.each<[string, KeyboardEventInit, string]>([
    ['?', { shiftKey: true }, '?'],
    ['a', { ctrlKey: true }, 'Ctrl+a'],
    ['a', { metaKey: true }, 'Ctrl+a'],
    ['ArrowDown', { shiftKey: true }, 'Shift+ArrowDown'],
    [' ', { shiftKey: true }, 'Shift+ '],
    ['Delete', {}, 'Delete'],
  ])('%s with %o is %s', (key, init, want) => {
    expect(nameOf(down(key, init))).toBe(want);
  });
});
