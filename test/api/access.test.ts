import { connect } from 'node:net';
import type { Problem } from '../../src/contract/problems';
import { bearer, smallPlan, testApi, type TestApi } from './api';

let api: TestApi;
let key: string;

const routes: { method: string; url: string; scopes: readonly string[] | 'public' }[] = [];

beforeAll(async () => {
  api = await testApi({
    onRoute: ({ method, url, config }) => {
      for (const one of [method].flat()) routes.push({ method: one, url, scopes: config?.scopes ?? [] });
    },
  });
  key = await api.key();
});
afterAll(() => api.close());

const filled = (url: string): string => url.replaceAll(/:\w+/g, 'x').replace('*', 'x');
const guarded = () => routes.filter(({ scopes }) => scopes !== 'public');

describe('every route', () => {
  it('says which scopes it needs, and only these need no key', () => {
    expect(routes.length).toBeGreaterThan(20);
    expect(routes.filter(({ scopes }) => scopes.length === 0)).toEqual([]);
    const open = routes.filter(({ scopes, url }) => scopes === 'public' && !url.startsWith('/docs'));
    expect([...new Set(open.map(({ url }) => url))].sort()).toEqual(['/healthz', '/openapi.json', '/readyz']);
  });

  it('refuses a request without a key, with a wrong key and with one that has expired', async () => {
    const expired = await api.key({ expiresAt: new Date(Date.now() - 1000) });
    for (const { method, url } of guarded())
      for (const [headers, code] of [
        [{}, 'unauthenticated'],
        [bearer('not-a-key-of-anybody'), 'unauthenticated'],
        [{ authorization: `Basic ${key}` }, 'unauthenticated'],
        [{ authorization: `Bearer ${key} ${key}` }, 'unauthenticated'],
        [bearer(expired), 'token_expired'],
      ] as const) {
        const response = await api.app.inject({ method: method as 'GET', url: filled(url), headers });
        expect([method, url, response.statusCode]).toEqual([method, url, 401]);
        expect(response.headers['www-authenticate']).toBe('Bearer');
        if (method !== 'HEAD') expect(response.json<Problem>().code).toBe(code);
      }
  });

  it('refuses a key that lacks all of its scopes', async () => {
    const keys = new Map<string, string>();
    const none = await api.key({ scopes: [] });
    for (const scope of ['runs:read', 'runs:write', 'approvals:decide', 'plans:write', 'audit:read', 'admin'])
      keys.set(scope, await api.key({ scopes: [scope] }));
    for (const { method, url, scopes } of guarded()) {
      const others = [...keys].filter(([scope]) => !scopes.includes(scope)).map(([, secret]) => secret);
      for (const secret of [none, ...others]) {
        const response = await api.app.inject({
          method: method as 'GET',
          url: filled(url),
          headers: bearer(secret),
        });
        expect([method, url, response.statusCode]).toEqual([method, url, 403]);
        if (method !== 'HEAD') expect(response.json<Problem>().code).toBe('insufficient_scope');
      }
    }
  });

  it('answers with an id of the request and headers that protect browsers', async () => {
    const ids = new Set<unknown>();
    for (const url of ['/healthz', '/v1/runs', '/nothing', '/v1/runs/%zz']) {
      const { headers } = await api.app.inject({ url, headers: { 'x-request-id': 'mine' } });
      expect(headers['x-request-id']).toMatch(/^[0-9A-Z]{26}$/);
      ids.add(headers['x-request-id']);
      if (url !== '/v1/runs/%zz') expect(headers['content-security-policy']).toMatch("default-src 'self'");
    }
    expect(ids.size).toBe(4);
  });
});

describe('what is no route', () => {
  it('is a 404, or a 405 that names the methods of the path', async () => {
    const unknown = await api.app.inject({ url: '/v1/nothing' });
    const detail = 'There is no address /v1/nothing.';
    expect(unknown.json()).toMatchObject({ status: 404, code: 'not_found', detail });
    expect(unknown.headers['content-type']).toMatch('application/problem+json');
    for (const [method, url, allow] of [
      ['DELETE', '/v1/runs', 'GET, HEAD, POST'],
      ['PUT', '/v1/runs/x/cancel', 'POST'],
      ['POST', '/v1/runs/x/events', 'GET'],
      ['OPTIONS', '/v1/plans/a/versions/1.0.0', 'GET, HEAD'],
    ] as const) {
      const response = await api.app.inject({ method, url });
      expect(response.json()).toMatchObject({ status: 405, code: 'method_not_allowed' });
      expect(response.headers.allow).toBe(allow);
    }
  });

  it('is a problem even where it can not be read as HTTP', async () => {
    const url = new URL(await api.app.listen({ host: '127.0.0.1', port: 0 }));
    const ask = (text: string): Promise<string> =>
      new Promise((resolve) => {
        let answer = '';
        const socket = connect(Number(url.port), '127.0.0.1', () => socket.write(text));
        socket
          .on('data', (data) => (answer += data.toString()))
          .on('close', () => {
            resolve(answer);
          });
      });
    expect(await ask('NONSENSE\r\n\r\n')).toMatch(
      /^HTTP\/1.1 400 .*application\/problem\+json.*malformed_request/s,
    );
    const long = `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(40_000)}\r\n\r\n`;
    expect(await ask(long)).toMatch(/^HTTP\/1.1 431 .*headers_too_large/s);
  });
});

describe('what belongs to another tenant', () => {
  it('answers as what never was, in every route that takes an id', async () => {
    const other = await api.key({ tenant: 'other', user: 'eve' });
    const started = await api.app.inject({
      method: 'POST',
      url: '/v1/runs',
      headers: bearer(key),
      payload: { plan: smallPlan },
    });
    const { id: run } = started.json<{ id: string }>();
    await api.app.inject({ method: 'POST', url: '/v1/plans', headers: bearer(key), payload: smallPlan });
    await api.ledger.database.query(
      `INSERT INTO approvals (tenant, id, run, workflow_id, kind, path, title, risk, digest, allow, content_json, requested_at)
       VALUES ('default', 'apr_1', $1, $1, 'approval', 'a', 't', 'high', 'd', '{approve}', '{"inline":1}', now())`,
      [run],
    );
    const scheduled = await api.app.inject({
      method: 'POST',
      url: '/v1/schedules',
      headers: bearer(key),
      payload: { plan: smallPlan.name, cron: '0 6 * * *' },
    });
    const sent = await api.app.inject({
      method: 'POST',
      url: '/v1/events',
      headers: bearer(key),
      payload: { specversion: '1.0', id: '1', source: '/here', type: 'paid' },
    });
    const own: { [url: string]: string } = {
      ...{ runs: run, approvals: 'apr_1', plans: smallPlan.name },
      schedules: scheduled.json<{ id: string }>().id,
      events: sent.json<{ id: string }>().id,
    };
    const withIds = routes.filter(
      ({ url, method }) => url.startsWith('/v1/') && url.includes(':') && method !== 'HEAD',
    );
    expect(withIds.length).toBeGreaterThan(8);
    for (const { method, url } of withIds) {
      const [, , family = ''] = url.split('/');
      const concrete = (id: string): string =>
        url
          .replace(/:(id|name)/, id)
          .replace(':version', '1.0.0')
          .replace(':path', 'root');
      const body = url.endsWith('/signals')
        ? { type: 'paid' }
        : family === 'approvals'
          ? { decision: 'approve' }
          : {};
      const payload = ['POST', 'PATCH'].includes(method) ? { payload: body } : {};
      const ask = (id: string) =>
        api.app.inject({ method: method as 'GET', url: concrete(id), headers: bearer(other), ...payload });
      const known = own[family];
      if (known === undefined) throw new Error(`Nothing of the tenant is known for ${url}.`);
      const [foreign, unknown] = [await ask(known), await ask('unknown-one')];
      const plain = (body: string): string => body.replace(/"requestId":"[^"]+"/, '');
      expect([url, foreign.statusCode]).toEqual([url, 404]);
      // But for the name itself, which whoever asks has given.
      expect(plain(foreign.body).replaceAll(known, 'unknown-one')).toBe(plain(unknown.body));
    }
  });

  it('is in no list and can not be started', async () => {
    const other = await api.key({ tenant: 'other' });
    for (const url of ['/v1/runs', '/v1/approvals', '/v1/plans', '/v1/runs?q=small'])
      expect((await api.app.inject({ url, headers: bearer(other) })).json()).toEqual({
        items: [],
        nextCursor: null,
      });
    const response = await api.app.inject({
      method: 'POST',
      url: '/v1/runs',
      headers: bearer(other),
      payload: { plan: 'small' },
    });
    expect(response.statusCode).toBe(422);
    expect((await api.app.inject({ url: '/metrics', headers: bearer(other) })).statusCode).toBe(403);
  });

  it('does not share idempotency keys', async () => {
    const other = await api.key({ tenant: 'other' });
    const start = (secret: string) =>
      api.app.inject({
        method: 'POST',
        url: '/v1/runs',
        headers: { ...bearer(secret), 'idempotency-key': 'the-same' },
        payload: { plan: smallPlan },
      });
    const [mine, theirs] = [await start(key), await start(other)];
    expect([mine.statusCode, theirs.statusCode]).toEqual([201, 201]);
    expect(theirs.json<{ id: string }>().id).not.toBe(mine.json<{ id: string }>().id);
  });
});
