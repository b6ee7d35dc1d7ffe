import { describe, expect, test } from 'vitest';
import { tracker } from '../testing';
import { textToTiers, textToURLs, tiersToText } from './tiers';

describe('tiers as text', () => {
  test('there and back', () => {
    const list = [tracker('udp://a.example:1/announce', { tier: 1 }), tracker('https://b.example/x'), tracker('http://c.example/', { tier: 1 })];
    const text = tiersToText(list);
    expect(text).toBe('https://b.example/x\n\nudp://a.example:1/announce\nhttp://c.example/');
    expect(textToTiers(text)).toEqual({ value: [['https://b.example/x'], ['udp://a.example:1/announce', 'http://c.example/']], wrong: [] });
  });

  test.each([
    ['', [], 0],
    ['\n\n\n', [], 0],
    ['http://a/\r\n\r\n\r\n  http://b/  ', [['http://a/'], ['http://b/']], 0],
    ['http://a/\n\nhttp://a/', [['http://a/']], 0],
    ['a.example', [], 1],
    ['ftp://a.example/\njavascript:alert(1)', [], 2],
    ['udp:', [], 1],
    ['https://a/***/announce', [], 1], // else the stars would take the place of the secret
    [`http://a/${'x'.repeat(5000)}`, [], 1],
  ])('%j', (text, value, wrong) => {
    const read = textToTiers(text);
    expect(read.value).toEqual(value);
    expect(read.wrong).toHaveLength(wrong);
  });

  test('says which line is wrong', () => {
    expect(textToTiers('http://a/\n\nnonsense').wrong[0]).toMatch(/^line 3: /);
  });

  test('too many tiers', () => {
    expect(textToTiers(Array.from({ length: 101 }, (_, i) => `http://a/${i}`).join('\n\n')).wrong).toHaveLength(1);
  });
});

test('web seeds as text', () => {
  expect(textToURLs('https://a/\n\nhttps://a/\nudp://b/')).toEqual({ value: ['https://a/'], wrong: ['line 4: this is not an address that begins with http, https'] });
});
