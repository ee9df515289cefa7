import type { PGlite } from '@electric-sql/pglite';

/** Messages of the extended query protocol that a Sync must follow: Parse, Bind, Describe, Execute, Close, Flush. */
const opening = new Set(Buffer.from('PBDECH'));

/**
 * The database as the socket server is to see it: once a client has sent the first message of a
 * parameterised query, no other client's message comes between until its Sync.
 *
 * The socket server queues single messages, and all clients share one session with one unnamed
 * statement. A parameter larger than a socket's read would let another client's Parse replace the
 * statement before the Bind arrives. It does hold the line inside a transaction, so an open batch is
 * told to it as one.
 */
export function oneBatchAtATime(database: PGlite, onCrash: (error: unknown) => void): PGlite {
  let open = false;
  const overrides = {
    isInTransaction: () => open || database.isInTransaction(),
    async execProtocolRawStream(...[message, options]: Parameters<PGlite['execProtocolRawStream']>) {
      open = opening.has(message[0] ?? 0);
      try {
        await database.execProtocolRawStream(message, options);
      } catch (error) {
        // Errors of SQL are answers, not exceptions: this is the engine itself, and its queue stays stuck.
        onCrash(error);
        throw error;
      }
    },
    // The server rolls back what a client left open when it went away.
    async exec(...[query, options]: Parameters<PGlite['exec']>) {
      open = false;
      return await database.exec(query, options);
    },
  };
  return new Proxy(database, {
    get(target, name) {
      if (name in overrides) return overrides[name as keyof typeof overrides];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
