import { instanceOf } from './instance';
import { prose } from './prose';
import { readPrompt, share } from './prompt';
import type { Then } from './script';
import { firstTokens, inputTokensOf, tokensOf } from './tokens';
import type { Asked } from './wire';

export interface Answer {
  text: string;
  stopReason: string;
  inputTokens: number;
  outputTokens: number;
}

/** What the vendor answers, with its usage, within the output cap. The same for the same request and script. */
export function answerTo(asked: Asked, maxTokens: number, then: Then | null): Answer {
  const text = scripted(asked, then) ?? usual(asked);
  const answer = capped(text, maxTokens, inputTokensOf(asked));
  if (then?.type === 'cut') {
    const tokens = Math.min(maxTokens, then.tokens ?? Math.ceil(tokensOf(text) / 2));
    return capped(text, tokens, answer.inputTokens, 'max_tokens');
  }
  if (then?.type === 'empty') return { ...answer, text: '', outputTokens: 1 };
  if (then?.type === 'refusal') return { ...answer, text: '', stopReason: 'refusal', outputTokens: 1 };
  if (then?.type !== 'answer') return answer;
  return {
    ...answer,
    stopReason: then.stopReason ?? answer.stopReason,
    outputTokens: then.useWholeCap ? maxTokens : answer.outputTokens,
  };
}

function scripted(asked: Asked, then: Then | null): string | null {
  if (then?.type === 'wrong_schema')
    return then.as === 'json' ? '{"simulated":"fits no schema"}' : prose(readPrompt(asked));
  if (then?.type !== 'answer') return null;
  return then.text ?? (then.json === undefined ? null : JSON.stringify(then.json));
}

function usual(asked: Asked): string {
  const whole = whatIsAsked(asked);
  const said = asked.turns
    .filter(({ role }) => role === 'assistant')
    .map(({ text }) => text)
    .join('');
  // Asked to go on, it says the rest of what it began; asked again for another reason, all of it.
  return said !== '' && whole.length > said.length && whole.startsWith(said)
    ? whole.slice(said.length)
    : whole;
}

function whatIsAsked(asked: Asked): string {
  const prompt = readPrompt(asked);
  return asked.schema === null ? prose(prompt) : JSON.stringify(instanceOf(asked.schema, prompt));
}

function capped(text: string, maxTokens: number, inputTokens: number, stopReason = 'end_turn'): Answer {
  const within = firstTokens(text, maxTokens);
  const cut = within.length < text.length;
  return {
    text: within,
    stopReason: cut ? 'max_tokens' : stopReason,
    inputTokens,
    outputTokens: Math.max(1, tokensOf(within)),
  };
}

const latencyLeast = 0.8;
const latencySpread = 0.87;

/** How long an answer takes in all, around the latency that is set; the same for the same request. */
export function latencyOf(asked: Asked, latencyMs: number): number {
  return latencyMs * (latencyLeast + latencySpread * share(readPrompt(asked).seed, 'latency'));
}

const piecesUsual = 24;

/** The text in pieces of whole words, as a stream brings them. */
export function piecesOf(text: string, most = piecesUsual): string[] {
  const words = text.match(/\s*\S+\s*/g) ?? (text === '' ? [] : [text]);
  const size = Math.ceil(words.length / most);
  const pieces: string[] = [];
  for (let at = 0; at < words.length; at += size) pieces.push(words.slice(at, at + size).join(''));
  return pieces;
}
