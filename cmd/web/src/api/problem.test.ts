import { describe, expect, it } from 'vitest';
import { ApiProblem, explain, problemOf } from './problem';

const answer = (status: number, body: string, headers: Record<string, string> = {}) =>
  new Response(body, { status, headers: { 'Content-Type': 'application/problem+json', ...headers } });

describe('problemOf', () => {
  it('reads a problem', async () => {
    const p = await problemOf(answer(409, '{"type":"urn:gotor:problem:locked","title":"Conflict","status":409,"code":"locked","detail":"x is open elsewhere"}'));
    expect(p).toMatchObject({ status: 409, code: 'locked', detail: 'x is open elsewhere', message: 'x is open elsewhere' });
  });

  it('reads how long to wait', async () => {
    expect((await problemOf(answer(429, '{}', { 'Retry-After': '42' }))).retryAfter).toBe(42);
    expect((await problemOf(answer(429, '{}', { 'Retry-After': 'soon' }))).retryAfter).toBeUndefined();
  });

  it.each([
    ['a page of a proxy', '<html>Bad Gateway</html>', 'text/html'],
    ['no JSON', '{', 'application/json'],
    ['another JSON', '[1]', 'application/json'],
    ['keys of other kinds', '{"code":5,"detail":{},"errors":"x"}', 'application/problem+json'],
  ])('survives %s', async (_, body, type) => {
    const p = await problemOf(answer(502, body, { 'Content-Type': type }));
    expect(p).toMatchObject({ status: 502, code: 'other', detail: '', errors: [] });
  });
});

describe('explain', () => {
  it('has a sentence for every status', () => {
    for (const status of [0, 400, 401, 403, 404, 405, 408, 409, 410, 412, 413, 415, 418, 421, 422, 429, 500, 502, 503, 504, 507, 599]) {
      const e = explain(new ApiProblem({ status }));
      expect(e.title, String(status)).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('goes by the code before the status', () => {
    expect(explain(new ApiProblem({ status: 409, code: 'locked' })).title).toContain('Another program');
  });

  it('says how long to wait', () => {
    expect(explain(new ApiProblem({ status: 429, retryAfter: 9 })).hint).toBe('Wait 9 s.');
  });

  it('takes whatever is thrown as silence', () => {
    expect(explain(new TypeError('Failed to fetch'))).toMatchObject({ retry: true, title: 'The daemon does not answer.' });
    expect(explain('what').retry).toBe(true);
  });
});
