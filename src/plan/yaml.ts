import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  parseAllDocuments,
  Parser,
  visit,
} from 'yaml';
import type { Document } from 'yaml';
import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { quote } from './check-shape';
import { isKeptExactly } from './exact-json';
import { pointerParts } from './json';
import type { Parsed, Place } from './parsed';
import { problem, type PlanProblem, type PlanProblemCode } from './problem';

const quotes = 'put quotes around it: "{{ … }}"';

/** Reads one document of YAML 1.2 core. Every fault is found at once, with its line and column. */
export function parseYaml(text: string): Parsed {
  const marks = text.split(/[\n,[\]{}]/).length - 1;
  if (marks > limits.yamlMarksMax)
    return malformed([
      problem('', 'limit_exceeded', 'The text has more lines and lists than a plan may have.'),
    ]);
  if (isTooDeep(text)) return malformed([problem('', 'too_deep', 'The text is nested too deeply.')]);
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    ...{ version: '1.2', schema: 'core', strict: true, uniqueKeys: false, merge: false },
    ...{ lineCounter: lines, prettyErrors: false, logLevel: 'silent' },
  });
  const document = documents[0];
  if (document === undefined)
    return malformed([problem('', 'malformed_yaml', 'The text holds no document.')]);
  const faults = [...syntaxFaults(documents, text), ...contentFaults(document)];
  if (faults.length > 0)
    return malformed(faults.map(({ fault, offset }) => ({ ...fault, ...placeOf(lines, offset) })));
  try {
    const json = document.toJS({ maxAliasCount: limits.yamlAliasesMax }) as Json;
    // An anchor that is used often can make much of a short text, and one inside itself has no end.
    if (JSON.stringify(json).length > 2 * limits.planBytesMax)
      throw new Error('its anchors unfold to too much');
    return { type: 'parsed', json, locate: (pointer) => locate(document, lines, pointer) };
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    const reason = said.includes('circular') ? 'an anchor stands inside itself' : said;
    return malformed([problem('', 'malformed_yaml', `The text can't be read: ${reason}.`)]);
  }
}

/**
 * Whether the text opens more collections inside each other than a plan may. Found without recursion:
 * a stack that is nearly full ends the whole process where a regular expression is compiled on it.
 */
function isTooDeep(text: string): boolean {
  const parser = new Parser();
  for (const token of new Lexer().lex(text)) {
    Array.from(parser.next(token));
    if (parser.stack.length > limits.yamlDepthMax) return true;
  }
  return false;
}

function malformed(errors: PlanProblem[]): Parsed {
  return { type: 'malformed', errors: errors.slice(0, limits.problemErrorsMax) };
}

interface Fault {
  fault: PlanProblem;
  offset: number;
}

function faultAt(offset: number, code: PlanProblemCode, message: string): Fault {
  return { fault: problem('', code, message), offset };
}

function syntaxFaults(documents: Document.Parsed[], text: string): Fault[] {
  const errors = documents.flatMap((document) => [...document.errors, ...document.warnings]);
  const faults = errors.map((error) => {
    const start = text.lastIndexOf('\n', error.pos[0]) + 1;
    const bare = text.slice(start, error.pos[1]).includes('{{');
    const hint = bare ? ` If a value holds {{ … }}, ${quotes}.` : '';
    return faultAt(error.pos[0], 'malformed_yaml', `${error.message}.${hint}`);
  });
  const second = documents[1];
  if (second !== undefined)
    faults.push(
      faultAt(second.range[0], 'malformed_yaml', 'A plan is one document, and here begins another.'),
    );
  return faults;
}

/** What YAML allows but a plan doesn't. */
function contentFaults(document: Document.Parsed): Fault[] {
  const faults: Fault[] = [];
  const { yaml } = document.directives;
  if (yaml.explicit === true && yaml.version !== '1.2')
    faults.push(
      faultAt(0, 'malformed_yaml', `The text says it is YAML ${yaml.version}; a plan is YAML 1.2.`),
    );
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) return;
      const offset = node.range?.[0] ?? 0;
      if (node.tag !== undefined)
        faults.push(faultAt(offset, 'malformed_yaml', `The tag ${node.tag} is not allowed.`));
      if (isScalar(node) && typeof node.value === 'number' && !isKeptExactly(node.source ?? '', node.value)) {
        const shown = (node.source ?? '').slice(0, 40);
        const message = `The number ${shown} can't be kept exactly; as a text, in quotes, it can.`;
        faults.push(faultAt(offset, 'malformed_yaml', message));
      }
    },
    Map(_, map) {
      // The library's own check compares every name with every other.
      const names = new Set<unknown>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : key;
        if (names.has(name) && isScalar(key))
          faults.push(
            faultAt(key.range?.[0] ?? 0, 'malformed_yaml', `The name ${quote(name)} stands here twice.`),
          );
        names.add(name);
      }
    },
    Pair(_, pair) {
      if (!isCollection(pair.key)) return undefined;
      const offset = pair.key.range?.[0] ?? 0;
      // To YAML, bare `{{ name }}` is a map whose only key is a map.
      if (isMap(pair.key))
        faults.push(faultAt(offset, 'unquoted_template', `{{ … }} stands here bare; ${quotes}.`));
      else faults.push(faultAt(offset, 'malformed_yaml', 'A list is no name.'));
      return visit.SKIP;
    },
  });
  return faults;
}

function placeOf(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function locate(document: Document.Parsed, lines: LineCounter, pointer: string): Place | null {
  // What is missing has no place of its own; the object that lacks it has one.
  for (let parts = pointerParts(pointer); ; parts = parts.slice(0, -1)) {
    const node = document.getIn(parts, true);
    if (isNode(node) && node.range) return placeOf(lines, node.range[0]);
    if (parts.length === 0) return null;
  }
}
