import type { PGlite } from '@electric-sql/pglite';
import { rememberStatements } from './known-statements';

type Run = PGlite['execProtocolRawStream'];

const codeOf = (letter: string): number => letter.charCodeAt(0);
/** Messages of the extended query protocol that a Sync must follow: Parse, Bind, Describe, Execute, Close. */
const opening = new Set(Buffer.from('PBDEC'));
const flush = codeOf('H');
const query = codeOf('Q');
const failed = codeOf('E');
const sync = Uint8Array.from([codeOf('S'), 0, 0, 0, 4]);
/** What may change what a statement's text means. */
const changesMeaning = /\b(alter|create|drop|deallocate|discard)\b/i;

/**
 * The database as the socket server is to see it: once a client has sent the first message of a
 * parameterised query, no other client's message comes between until its Sync, and the engine gets
 * them all at once.
 *
 * The socket server queues single messages, and all clients share one session with one unnamed
 * statement. A parameter larger than a socket's read would let another client's Parse replace the
 * statement before the Bind arrives. It does hold the line inside a transaction, so an open batch is
 * told to it as one.
 */
export function oneBatchAtATime(database: PGlite, onCrash: (error: unknown) => void): PGlite {
  const statements = rememberStatements();
  let open = false;
  let held: Uint8Array[] = [];

  async function run(messages: readonly Uint8Array[]): Promise<Buffer> {
    const said: Buffer[] = [];
    try {
      await database.execProtocolRawStream(Buffer.concat(messages), {
        onRawData: (data) => said.push(Buffer.from(data)),
      });
    } catch (error) {
      // Errors of SQL are answers, not exceptions: this is the engine itself, and its queue stays stuck.
      onCrash(error);
      throw error;
    }
    return Buffer.concat(said);
  }

  async function close(closings: readonly Uint8Array[]): Promise<void> {
    if (closings.length > 0) await run([...closings, sync]);
  }

  /** Runs what a client has sent, with statements that are known already where that can be. */
  async function answer(messages: readonly Uint8Array[]): Promise<Buffer> {
    // A statement that is refused inside a transaction ends it, and can't be tried again.
    const rewritten = database.isInTransaction() ? null : statements.rewrite(messages);
    if (rewritten === null) return run(messages);
    const said = await run(rewritten.messages);
    const taken = said[0] !== failed;
    await close(rewritten.ended(taken));
    return taken ? Buffer.concat([rewritten.before, said]) : run(messages);
  }

  const overrides = {
    isInTransaction: () => open || database.isInTransaction(),
    async execProtocolRawStream(...[message, options]: Parameters<Run>) {
      const code = message[0] ?? 0;
      open = opening.has(code) || code === flush;
      held.push(message);
      if (opening.has(code)) return;
      const messages = held;
      held = [];
      if (code === query && changesMeaning.test(Buffer.from(message).toString('latin1')))
        await close(statements.forgetAll());
      options.onRawData(await answer(messages));
    },
    // The server rolls back what a client left open when it went away.
    async exec(...[text, options]: Parameters<PGlite['exec']>) {
      open = false;
      held = [];
      return await database.exec(text, options);
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
