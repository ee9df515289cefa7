import { openStatuses } from '../contract/workflow';
import { parseHistory, type Reading } from './history';

export interface ServiceAddress {
  url: string;
  key: string;
}

const requestMsMax = 60_000;

/** The histories of all runs that are open on a service now, one after the other. Throws where it can't be asked. */
export async function* openRuns(service: ServiceAddress): AsyncGenerator<Reading> {
  for await (const id of openIds(service)) {
    const answer = await ask(service, `/v1/runs/${id}/history`);
    // Accepted and not started yet: there is no history that a deploy could break.
    if (answer.status === 404) continue;
    const text = await answer.text();
    if (!answer.ok)
      yield { type: 'unreadable', name: `run ${id}`, reason: `is answered with ${answer.status}` };
    else yield parseHistory(text, `run ${id}`);
  }
}

async function* openIds(service: ServiceAddress): AsyncGenerator<string> {
  const statuses = openStatuses.map((status) => `status=${status}`).join('&');
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await ask(service, `/v1/runs?limit=200&${statuses}${page}`);
    if (!answer.ok) throw new Error(`${service.url} answers ${answer.status} ${answer.statusText}`);
    // Our own API, which answers as its schema says.
    const { items, nextCursor } = (await answer.json()) as {
      items: { id: string }[];
      nextCursor: string | null;
    };
    for (const { id } of items) yield id;
    cursor = nextCursor;
  }
}

async function ask({ url, key }: ServiceAddress, target: string): Promise<Response> {
  try {
    return await fetch(new URL(target, url), {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(requestMsMax),
    });
  } catch {
    throw new Error(`${url} does not answer`);
  }
}
