import { describe, expect, it } from 'vitest';
import {
  defaultLayout,
  formatLayout,
  maxWidth,
  minWidth,
  moveColumn,
  parseLayout,
  sizeColumn,
  toggleColumn,
  widthOf,
} from './layout';

describe('layout', () => {
  it('hides a column, and shows it again at the end', () => {
    const without = toggleColumn(defaultLayout, 'state');
    expect(without.shown).not.toContain('state');
    expect(toggleColumn(without, 'state').shown.at(-1)).toBe('state');
  });

  it('keeps the name', () => {
    expect(toggleColumn(defaultLayout, 'name')).toBe(defaultLayout);
  });

  it('moves a column to a place, and no farther than the ends', () => {
    const l = parseLayout('name,state,size');
    expect(moveColumn(l, 'size', 0).shown).toEqual(['size', 'name', 'state']);
    expect(moveColumn(l, 'name', 1).shown).toEqual(['state', 'name', 'size']);
    expect(moveColumn(l, 'name', 99).shown).toEqual(['state', 'size', 'name']);
    expect(moveColumn(l, 'name', -1)).toBe(l);
    expect(moveColumn(l, 'eta', 0)).toBe(l);
  });

  it('bounds a width', () => {
    expect(widthOf(sizeColumn(defaultLayout, 'eta', 1), 'eta')).toBe(minWidth);
    expect(widthOf(sizeColumn(defaultLayout, 'eta', 1e9), 'eta')).toBe(maxWidth);
    expect(sizeColumn(defaultLayout, 'eta', widthOf(defaultLayout, 'eta'))).toBe(defaultLayout);
  });

  it.each(['', 'name', 'name.500,state', 'size,name,eta.120'])('is the same after a way through an address: %s', (text) => {
    expect(formatLayout(parseLayout(text))).toBe(text);
  });

  it('is empty in an address when nothing was changed', () => {
    expect(formatLayout(defaultLayout)).toBe('');
  });

  it.each([
    ['state,bogus,state,__proto__', 'name,state'],
    ['bogus', ''],
    ['name.NaN,state.-4,size.1e9', 'name,state,size'],
  ])('takes from %s what makes sense', (text, want) => {
    expect(formatLayout(parseLayout(text))).toBe(want);
  });
});
