import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Record } from './record';
import { readJson } from './read-json';
import { Rule, type Script } from './script';

interface Controlled {
  script: Script;
  record: Record;
  key: string | null;
}

/**
 * What tests steer and read the vendor with, beside its protocol: `POST`, `GET` and
 * `DELETE /simulator/script`, and `GET /simulator/ledger`, whole or with `?count` its totals.
 */
export function control({ script, record, key }: Controlled) {
  return async function handle(
    request: IncomingMessage,
    response: ServerResponse,
    { pathname, searchParams }: { pathname: string; searchParams: URLSearchParams },
  ): Promise<void> {
    const given = await readJson(request);
    const reply = (status: number, body?: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json', 'x-simulated': 'true' });
      response.end(body === undefined ? '' : JSON.stringify(body));
    };
    if (key !== null && request.headers.authorization !== `Bearer ${key}`) {
      reply(401, { message: 'The internal key is asked for.' });
      return;
    }
    switch (`${request.method ?? ''} ${pathname}`) {
      case 'GET /simulator/ledger':
        reply(200, searchParams.has('count') ? record.totals() : record.entries());
        return;
      case 'GET /simulator/script':
        reply(200, script.rules());
        return;
      case 'DELETE /simulator/script':
        script.clear();
        reply(204);
        return;
      case 'POST /simulator/script': {
        const rule = Rule.safeParse(given.type === 'json' ? given.value : undefined);
        if (!rule.success) reply(422, { message: z.prettifyError(rule.error) });
        else if (script.add(rule.data)) reply(201, rule.data);
        else reply(409, { message: 'There are too many rules already.' });
        return;
      }
      default:
        reply(404, { message: `Not found: ${pathname}` });
    }
  };
}
