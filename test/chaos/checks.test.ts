import { loadCatalog } from '../../src/catalog/load';
import type { RunListItem } from '../../src/contract/api';
import { checkMoney, type Money } from '../../chaos/checks/money';
import { checkRuns, type Runs } from '../../chaos/checks/runs';
import type { LedgerCall, LedgerRun } from '../../chaos/ledger';
import { shapes } from '../../chaos/shapes';
import type { VendorCall } from '../../chaos/vendor';

const model = 'claude-sonnet-5-5';
const catalog = loadCatalog('');
const price = catalog.resolve(model)?.price;
if (price == null) throw new Error(`${model} has no price.`);
const costNano = 100 * price.inputNano + 20 * price.outputNano;

const answer = (n: number, logical: string): VendorCall => ({
  ...{ n, requestId: `req-${String(n)}`, model, logical, completed: true, closed: true },
  ...{ inputTokens: 100, outputTokens: 20 },
});
const row = (n: number, more: Partial<LedgerCall> = {}): LedgerCall => ({
  ...{ run: 'R1', key: `R1/${String(n)}`, state: 'done', attempts: 1, ambiguous: 0, costNano },
  ...{ tries: [{ error: null, requestId: `req-${String(n)}` }], inputTokens: 100, outputTokens: 20 },
  ...more,
});
const lost = { error: 'gateway_lost', requestId: null };
const asked = [{ mark: 'm-1', shape: shapes.asked, run: 'R1', tries: 1 }];

describe('money', () => {
  const sound: Money = {
    asked,
    vendor: [answer(1, 'm-1/draft'), answer(2, 'm-1/after')],
    calls: [row(1), row(2)],
    excuses: { leasesLapse: false, vendorBreaks: false },
    catalog,
  };
  const lapses = { leasesLapse: true, vendorBreaks: false };
  const secondTime = [...sound.vendor, answer(3, 'm-1/after')];

  test('finds nothing where every call was paid once and charged to the token', () => {
    expect(checkMoney(sound)).toEqual([]);
  });

  test('lets a call be paid twice where its row says that it is ambiguous', () => {
    const owned = row(3, { attempts: 2, ambiguous: 1, tries: [lost, { error: null, requestId: 'req-3' }] });
    expect(checkMoney({ ...sound, vendor: secondTime, calls: [row(1), owned], excuses: lapses })).toEqual([]);
    expect(checkMoney({ ...sound, vendor: secondTime, calls: [row(1), owned] })).toEqual([
      expect.stringContaining('Ambiguous although no lease lapsed: m-1/after'),
    ]);
  });

  test.each<[string, Partial<Money>, string]>([
    [
      'a call paid twice in silence',
      { vendor: secondTime, excuses: lapses },
      'Paid more often than the ledger knows: m-1/after',
    ],
    [
      'a call with two rows',
      { vendor: secondTime, calls: [row(1), row(2), row(3)] },
      'm-1/after has two rows',
    ],
    [
      'a call without a row',
      { calls: [row(1)] },
      'm-1/after has no answered row, and 1 requests at the vendor',
    ],
    [
      'an answer that the vendor never gave',
      { vendor: [answer(1, 'm-1/draft')] },
      'R1/2 (done) has no answer that the vendor knows of',
    ],
    [
      'a request that nobody asked for',
      { vendor: [...sound.vendor, answer(4, 'm-9/only')] },
      'The vendor was asked m-9/only 1 times',
    ],
    [
      'a token too few',
      { calls: [row(1), row(2, { outputTokens: 19 })] },
      'm-1/after is charged 100 + 19 tokens',
    ],
    ['a wrong price', { calls: [row(1), row(2, { costNano: costNano + 1 })] }, 'm-1/after is charged'],
    ['attempts that don’t add up', { calls: [row(1), row(2, { attempts: 2 })] }, "The attempts don't add up"],
    [
      'a retry of a vendor that never failed',
      {
        calls: [
          row(1),
          row(2, { attempts: 2, tries: [{ error: 'connection', requestId: null }, ...row(2).tries] }),
        ],
      },
      'Tried again although no vendor failed',
    ],
  ])('finds %s', (_, change, found) => {
    expect(checkMoney({ ...sound, ...change }).join('\n')).toContain(found);
  });
});

describe('runs', () => {
  const listed = {
    id: 'R1',
    status: 'completed',
    statusReason: null,
    labels: { mark: 'm-1' },
    usage: {
      modelCalls: 2,
      inputTokens: 200,
      outputTokens: 40,
      cachedTokens: 0,
      costUsd: (2 * costNano) / 1e9,
    },
  } as unknown as RunListItem;
  const kept: LedgerRun = {
    ...{ run: 'R1', mark: 'm-1', status: 'completed', lastSeq: 9, events: 9, firstEvent: 1, lastEvent: 9 },
    ...{ ends: 1, lastType: 'run.finished', decisions: 1, unexplainedNano: 0, reservedCalls: 0 },
  };
  const sound: Runs = { asked, listed: [listed], kept: [kept], calls: [row(1), row(2)] };

  test('finds nothing where all that was acknowledged has ended as it should', () => {
    expect(checkRuns(sound)).toEqual([]);
  });

  test.each<[string, Partial<Runs>, string]>([
    ['a lost run', { listed: [] }, 'm-1 was acknowledged as R1 and is lost'],
    ['two runs of one key', { listed: [listed, { ...listed, id: 'R2' }] }, 'One key, 2 runs: m-1 is R1, R2'],
    [
      'another id than was acknowledged',
      { listed: [{ ...listed, id: 'R2' }] },
      'm-1 was acknowledged as R1 and is R2',
    ],
    ['a run that failed', { listed: [{ ...listed, status: 'failed' }] }, 'm-1 (R1) ended failed'],
    [
      'a run that nobody asked for',
      { listed: [listed, { ...listed, labels: { mark: 'm-2' } }] },
      'Nobody asked for the run m-2',
    ],
    ['a usage that is not that of the calls', { calls: [row(1)] }, 'R1 says that it used 2 200 40'],
    ['a gap between events', { kept: [{ ...kept, events: 8 }] }, '8 events from 1 to 9'],
    [
      'an event after the end',
      { kept: [{ ...kept, lastType: 'call.finished' }] },
      'its last event is call.finished',
    ],
    ['two ends', { kept: [{ ...kept, ends: 2 }] }, '2 events of the type run.finished'],
    ['a decision that counted twice', { kept: [{ ...kept, decisions: 2 }] }, '2 decisions instead of 1'],
    [
      'money reserved for nothing',
      { kept: [{ ...kept, unexplainedNano: 7 }] },
      '7 nano-USD are reserved for nothing',
    ],
    [
      'a call that is still reserved',
      { kept: [{ ...kept, reservedCalls: 1 }] },
      '1 calls are still reserved',
    ],
  ])('finds %s', (_, change, found) => {
    expect(checkRuns({ ...sound, ...change }).join('\n')).toContain(found);
  });
});
