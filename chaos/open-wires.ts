import { openProxy } from './proxy';
import type { Link, Wire } from './stand';

/** Proxies of one stand, closed together. */
export interface Wires {
  all: Wire[];
  /** Puts a proxy in front of a URL and returns the URL to use instead. */
  before(url: string, wire: { name: string; link: Link }): Promise<string>;
  close(): Promise<void>;
}

export function openWires(): Wires {
  const all: Wire[] = [];
  return {
    all,
    async before(url, { name, link }) {
      const { hostname, port } = new URL(url);
      const proxy = await openProxy({ host: hostname, port: Number(port) });
      all.push({ name, link, proxy });
      const inFront = new URL(url);
      inFront.hostname = '127.0.0.1';
      inFront.port = String(proxy.port);
      return inFront.href.replace(/\/$/, '');
    },
    async close() {
      await Promise.all(all.map(({ proxy }) => proxy.close()));
    },
  };
}
