const openings: (() => void)[] = [];

/**
 * Something that is there while the tests of a file run: opened before the first of them, closed after
 * the last. It is used in tests and hooks as if it were the thing itself.
 */
export function during<Thing extends { close(): Promise<unknown> }>(open: () => Promise<Thing>): Thing {
  let opening: Promise<Thing> | undefined;
  let thing: Thing | undefined;
  openings.push(() => {
    opening ??= open();
    // Whoever waits for it is told.
    opening.catch(() => undefined);
  });
  beforeAll(async () => {
    // All of a file at once, for each takes its time.
    for (const begin of openings) begin();
    thing = await opening;
  }, 120_000);
  afterAll(() => thing?.close(), 60_000);
  return new Proxy({} as Thing, {
    get(_, name): unknown {
      if (thing === undefined) throw new Error('It is there for tests only.');
      return Reflect.get(thing, name);
    },
  });
}
