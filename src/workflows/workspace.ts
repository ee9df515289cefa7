import type { Block } from '../contract/activities';
import type { Value } from '../contract/value';

/**
 * The document that agents share whose context is `workspace`: each reads all of it and adds what it
 * has made as a section of its own, under the path of its step.
 */
export interface Workspace {
  write(path: string, value: Value): void;
  /** How many sections there are: who began to work with so many goes on with them. */
  size(): number;
  /** The first sections that were written, in the order of the plan, whichever was written first. */
  sections(size?: number): Section[];
  /** The same as an agent is shown it. */
  blocks(size?: number): Block[];
  /** The same as one value, an object. */
  whole(size?: number): Value;
  /** Every section as it came, for the next Temporal run of the same run. */
  written(): Section[];
  goOnFrom(sections: Section[]): void;
  /** Takes over what is written in the workflow around this one, which writes on for itself. */
  inherit(sections: Section[]): void;
  /** What has been written here beside that. */
  added(): Section[];
}

export type Section = [path: string, value: Value];

/** `begun` gives the paths of all steps in the order in which they began. */
export function createWorkspace(begun: () => Iterable<string>): Workspace {
  let written = new Map<string, Value>();
  let above: string[] = [];

  function sections(size = written.size): Section[] {
    return inOrder([...above, ...begun()], new Map([...written].slice(0, size)));
  }

  return {
    write(path, value) {
      written.set(path, value);
    },
    size: () => written.size,
    sections,
    blocks: (size) => sections(size).map(([path, value]) => ({ name: `workspace.${path}`, value })),
    whole: (size) => ({ parts: Object.fromEntries(sections(size)) }),
    written: () => [...written],
    goOnFrom(before) {
      written = new Map(before);
    },
    inherit(before) {
      above = before.map(([path]) => path);
      if (written.size === 0) written = new Map(before);
    },
    added: () => sections().filter(([path]) => !above.includes(path)),
  };
}

interface Tree {
  [Symbol.iterator](): Iterator<[string, Tree]>;
  get(part: string): Tree | undefined;
  set(part: string, below: Tree): unknown;
}

/**
 * Steps beside each other begin in the order of the plan, but what is inside them begins at any time:
 * so a step goes with those around it, and its place is that of its siblings.
 */
function inOrder(begun: Iterable<string>, known: Map<string, Value>): Section[] {
  const root: Tree = new Map<string, Tree>();
  // Steps that other workflows carry out are known by what they wrote.
  for (const path of [...begun, ...known.keys()]) {
    let at = root;
    for (const part of path.split('.')) {
      const below = at.get(part) ?? new Map<string, Tree>();
      at.set(part, below);
      at = below;
    }
  }
  const ordered: Section[] = [];
  function descend(tree: Tree, above: string): void {
    for (const [part, below] of tree) {
      const path = above === '' ? part : `${above}.${part}`;
      const value = known.get(path);
      if (value !== undefined) ordered.push([path, value]);
      descend(below, path);
    }
  }
  descend(root, '');
  return ordered;
}
