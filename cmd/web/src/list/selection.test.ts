import { describe, expect, it, vi } from 'vitest';
import { Selection } from './selection';

const ids = ['a', 'b', 'c', 'd', 'e'];
const plain = { shift: false, ctrl: false };
const selected = (s: Selection) => [...s.selected].sort().join('');

describe('Selection', () => {
  it('starts at the first row going down, at the last going up', () => {
    const down = new Selection();
    down.step(ids, 1, 'plain');
    expect(down.cursor).toBe('a');
    const up = new Selection();
    up.step(ids, -1, 'plain');
    expect(up.cursor).toBe('e');
  });

  it('stops at the ends', () => {
    const s = new Selection();
    s.go(ids, 99, 'plain');
    expect(s.cursor).toBe('e');
    s.step(ids, -99, 'plain');
    expect(s.cursor).toBe('a');
  });

  it('does nothing in an empty list', () => {
    const s = new Selection();
    s.step([], 1, 'stretch');
    expect(s.cursor).toBeNull();
    expect(s.targets([])).toEqual([]);
  });

  it('stretches from where the stretch began, and back', () => {
    const s = new Selection();
    s.go(ids, 2, 'plain');
    s.step(ids, 1, 'stretch');
    s.step(ids, 1, 'stretch');
    expect(selected(s)).toBe('cde');
    s.step(ids, -3, 'stretch');
    expect(selected(s)).toBe('bc');
  });

  it('stretches from a click to a click with shift', () => {
    const s = new Selection();
    s.click(ids, 'd', plain);
    s.click(ids, 'b', { shift: true, ctrl: false });
    expect(selected(s)).toBe('bcd');
    expect(s.cursor).toBe('b');
  });

  it('adds and takes one with ctrl, and begins with the row that was clicked before', () => {
    const s = new Selection();
    s.click(ids, 'a', plain);
    s.click(ids, 'c', { shift: false, ctrl: true });
    expect(selected(s)).toBe('ac');
    s.click(ids, 'a', { shift: false, ctrl: true });
    expect(selected(s)).toBe('c');
  });

  it('a plain click lets go of what was selected', () => {
    const s = new Selection();
    s.all(ids);
    s.click(ids, 'b', plain);
    expect(selected(s)).toBe('');
    expect(s.targets(ids)).toEqual(['b']);
  });

  it('names targets in the order of the list', () => {
    const s = new Selection();
    s.toggle(ids, 'd');
    s.toggle(ids, 'b');
    expect(s.targets(ids)).toEqual(['b', 'd']);
  });

  it('keeps rows that changed their place', () => {
    const s = new Selection();
    s.toggle(ids, 'd');
    s.prune(['d', 'c', 'b', 'a', 'e']);
    expect(selected(s)).toBe('d');
    expect(s.cursor).toBe('d');
  });

  it('moves the cursor to the row that took its place', () => {
    const s = new Selection();
    s.toggle(ids, 'c');
    s.prune(['a', 'b', 'd', 'e']);
    expect(s.cursor).toBe('d');
    expect(selected(s)).toBe('');
    s.go(['a', 'b', 'd', 'e'], 3, 'plain');
    s.prune(['a']);
    expect(s.cursor).toBe('a');
    s.prune([]);
    expect(s.cursor).toBeNull();
  });

  it('tells of changes, and of nothing else', () => {
    const s = new Selection();
    const told = vi.fn();
    const end = s.subscribe(told);
    s.clear();
    s.prune(ids);
    expect(told).not.toHaveBeenCalled();
    s.all(ids);
    expect(told).toHaveBeenCalledTimes(1);
    end();
    s.clear();
    expect(told).toHaveBeenCalledTimes(1);
  });
});
