import type { Database } from '../../ledger/database';
import { findPrincipal, type Principal, type Scope } from '../../ledger/keys';
import { ProblemError } from '../problem';
import type { App, Service } from '../service';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A key must allow one of these for this route; `public` needs no key. Every route says. */
    scopes?: readonly [Scope, ...Scope[]] | 'public';
  }
  interface FastifyRequest {
    /** Who asks. Only `principalOf` reads it. */
    principal: Principal | null;
  }
}

const keyLengthMax = 512;

/**
 * Refuses to register a route without scopes, and requests without a key that has one of them. Below
 * `openPath` no key is needed: the pages of the documentation, which show nothing of any tenant.
 */
export function installAuthentication(app: App, { database }: Service, openPath: string): void {
  app.decorateRequest('principal', null);
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith(openPath)) route.config = { ...route.config, scopes: 'public' };
    if (route.config?.scopes === undefined)
      throw new Error(`${String(route.method)} ${route.url} does not say which scopes it needs.`);
  });
  app.addHook('onRequest', async (request) => {
    const { scopes } = request.routeOptions.config;
    // No scopes means no route: the answer is a 404 or 405, which tells nothing.
    if (scopes === undefined || scopes === 'public') return;
    const principal = await findPrincipal(database, bearerOf(request.headers.authorization));
    if (principal === null) throw new ProblemError('unauthenticated', 'The key is not known.');
    if (principal.expired) throw new ProblemError('token_expired', 'The key has expired.');
    if (!scopes.some((scope) => principal.scopes.includes(scope)))
      throw new ProblemError('insufficient_scope', `The key lacks the scope ${scopes.join(' or ')}.`);
    request.principal = principal;
  });
}

function bearerOf(header: string | undefined): string {
  const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(header ?? '')?.[1];
  if (token === undefined || token.length > keyLengthMax)
    throw new ProblemError('unauthenticated', 'Send a key: Authorization: Bearer <key>.');
  return token;
}

/** Whether the key of a request that has been let in still holds, for answers that go on for long. */
export async function stillHolds(database: Database, header: string | undefined): Promise<boolean> {
  const principal = await findPrincipal(database, bearerOf(header));
  return principal !== null && !principal.expired;
}

/** Who asks, on routes that need a key. */
export function principalOf(request: { principal: Principal | null }): Principal {
  if (request.principal === null) throw new Error('A route without a key asked who it serves.');
  return request.principal;
}
