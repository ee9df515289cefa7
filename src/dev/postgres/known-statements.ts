/**
 * Remembers the statements of parameterised queries under names of its own, so that the embedded
 * engine parses and plans each text once and not at every call: that is most of what a short
 * statement costs there. Clients see nothing of it; names of theirs would meet in the one session
 * that they share.
 */
export interface KnownStatements {
  /** The batch as it is to be run, or null where it is not one query with an unnamed statement. */
  rewrite(batch: readonly Uint8Array[]): Rewritten | null;
  /** Forgets all; what is answered closes them. */
  forgetAll(): Uint8Array[];
}

export interface Rewritten {
  messages: Uint8Array[];
  /** What the engine no longer says because the text is not parsed again. */
  before: Uint8Array;
  /** To be told whether the engine took the statement. What is answered closes one that is not to be used again. */
  ended(taken: boolean): Uint8Array[];
}

const keptMax = 200;
/** A plan is made for tables as large as they are at that time; after this, another one is made. */
const keptMs = 60_000;
const parseComplete = Uint8Array.from(Buffer.from('1\0\0\0\x04', 'latin1'));
const nothing = new Uint8Array();

/** One for a session. */
export function rememberStatements(now: () => number = Date.now): KnownStatements {
  const known = new Map<string, { name: string; at: number }>();
  let count = 0;

  function forget(text: string): Uint8Array[] {
    const statement = known.get(text);
    known.delete(text);
    return statement === undefined ? [] : [closing(statement.name)];
  }

  function reuse(name: string, text: string, [, bind = nothing, ...rest]: readonly Uint8Array[]): Rewritten {
    return {
      messages: [bound(bind, name), ...rest],
      before: parseComplete,
      ended: (taken) => (taken ? [] : forget(text)),
    };
  }

  function learn(text: string, [parse = nothing, bind = nothing, ...rest]: readonly Uint8Array[]): Rewritten {
    const name = `known_${String(++count)}`;
    return {
      messages: [named(parse, 1, name), bound(bind, name), ...rest],
      before: nothing,
      ended(taken) {
        if (!taken) return [];
        const [oldest] = known.size < keptMax ? [] : known.keys();
        const closed = [...forget(text), ...(oldest === undefined ? [] : forget(oldest))];
        known.set(text, { name, at: now() });
        return closed;
      },
    };
  }

  return {
    rewrite(batch) {
      if (!isOneQuery(batch)) return null;
      const text = Buffer.from(batch[0] ?? nothing).toString('latin1');
      const statement = known.get(text);
      const isFresh = statement !== undefined && now() - statement.at < keptMs;
      return isFresh ? reuse(statement.name, text, batch) : learn(text, batch);
    },
    forgetAll: () => [...known.keys()].flatMap(forget),
  };
}

/** Parse and Bind of the unnamed statement, Describe of a portal or none, Execute, Sync. */
function isOneQuery(batch: readonly Uint8Array[]): boolean {
  const codes = batch.map((message) => String.fromCharCode(message[0] ?? 0)).join('');
  if (!/^PBD?ES$/.test(codes)) return false;
  const [parse = nothing, bind = nothing, describe = nothing] = batch;
  const describesPortal = codes[2] !== 'D' || describe[headBytes] === 'P'.charCodeAt(0);
  return parse[headBytes] === 0 && bind[portalEnd(bind)] === 0 && describesPortal;
}

/** A message begins with a byte that says what it is and four for its length. */
const headBytes = 5;

/** Where a Bind names its statement: behind the name of its portal. */
function portalEnd(bind: Uint8Array): number {
  return bind.indexOf(0, headBytes) + 1;
}

function bound(bind: Uint8Array, name: string): Uint8Array {
  return named(bind, portalEnd(bind) - headBytes + 1, name);
}

/** The message with a name in place of the empty one that ends after so many bytes of its body. */
function named(message: Uint8Array, end: number, name: string): Uint8Array {
  const at = headBytes + end - 1;
  const changed = Buffer.concat([message.subarray(0, at), Buffer.from(name, 'latin1'), message.subarray(at)]);
  changed.writeInt32BE(changed.length - 1, 1);
  return changed;
}

function closing(name: string): Uint8Array {
  const body = Buffer.from(`S${name}\0`, 'latin1');
  const head = Buffer.from('C\0\0\0\0', 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
