import { chargeNano } from '../../src/catalog/charge';
import type { Catalog } from '../../src/catalog/catalog';
import type { LedgerCall } from '../ledger';
import type { Asked } from '../load';
import type { VendorCall } from '../vendor';

/** What the faults of a round excuse. */
export interface Excuses {
  /** A lease lapsed, because its gateway died or froze or lost the database: its calls may be asked again, as `ambiguous`. */
  leasesLapse: boolean;
  /** Connections to the vendor broke: what broke was tried again, and the row says so. */
  vendorBreaks: boolean;
}

export interface Money {
  asked: readonly Asked[];
  vendor: readonly VendorCall[];
  calls: readonly LedgerCall[];
  excuses: Excuses;
  catalog: Catalog;
}

/** Holds the service's rows against the vendor's own ledger, call by call. Answers what does not fit. */
export function checkMoney({ asked, vendor, calls, excuses, catalog }: Money): string[] {
  const violations: string[] = [];
  const byId = new Map(vendor.map((call) => [call.requestId, call]));
  const rows = new Map<string, LedgerCall>();
  for (const row of calls) {
    const answered = row.tries.find(({ error }) => error === null);
    const call = byId.get(answered?.requestId ?? '');
    if (call === undefined) {
      violations.push(`${row.run} ${row.key} (${row.state}) has no answer that the vendor knows of.`);
      continue;
    }
    if (rows.has(call.logical)) violations.push(`${call.logical} has two rows, one of them in ${row.run}.`);
    rows.set(call.logical, row);
    violations.push(...checkCharge(row, call, catalog));
  }
  const expected = new Set(asked.flatMap(({ mark, shape }) => shape.calls.map((step) => `${mark}/${step}`)));
  const paid = countOf(vendor);
  for (const logical of expected)
    violations.push(...checkPaid(logical, { paid: paid.get(logical) ?? 0, row: rows.get(logical) }, excuses));
  for (const [logical, count] of paid)
    if (!expected.has(logical))
      violations.push(`The vendor was asked ${logical} ${String(count)} times, and nobody asked for it.`);
  return violations;
}

/** How often the vendor was asked each logical call. */
export function countOf(vendor: readonly VendorCall[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { logical } of vendor) counts.set(logical, (counts.get(logical) ?? 0) + 1);
  return counts;
}

/** Paid once, or as often more as the row owns up to. */
function checkPaid(
  logical: string,
  { paid, row }: { paid: number; row: LedgerCall | undefined },
  excuses: Excuses,
): string[] {
  if (row === undefined)
    return [`${logical} has no answered row, and ${String(paid)} requests at the vendor.`];
  const broken = row.tries.filter(isBroken).length;
  const { attempts, ambiguous } = row;
  const said =
    `${logical} (${row.run}): ${String(paid)} requests at the vendor, ${String(attempts)} attempts, ` +
    `${String(ambiguous)} ambiguous, ${String(broken)} broken`;
  const violations: string[] = [];
  if (paid - 1 > ambiguous + broken) violations.push(`Paid more often than the ledger knows: ${said}.`);
  if (attempts !== 1 + ambiguous + broken) violations.push(`The attempts don't add up: ${said}.`);
  if (ambiguous > 0 && !excuses.leasesLapse) violations.push(`Ambiguous although no lease lapsed: ${said}.`);
  if (broken > 0 && !excuses.vendorBreaks) violations.push(`Tried again although no vendor failed: ${said}.`);
  return violations;
}

/** Tokens and money of a row are those of the vendor's ledger, to the token. */
function checkCharge(row: LedgerCall, call: VendorCall, catalog: Catalog): string[] {
  // What a broken attempt had used is charged besides, as far as the vendor came to say it.
  if (row.tries.some(isBroken)) return [];
  const { inputTokens, outputTokens } = call;
  const price = catalog.resolve(call.model)?.price;
  if (price == null) return [`${call.logical} was asked of ${call.model}, of which no price is known.`];
  const costNano = chargeNano(price, { inputTokens, outputTokens, cachedTokens: 0, cacheWriteTokens: 0 });
  const charged = `${String(row.inputTokens)} + ${String(row.outputTokens)} tokens, ${String(row.costNano)} nano-USD`;
  const billed = `${String(inputTokens)} + ${String(outputTokens)} tokens, ${String(costNano)} nano-USD`;
  return charged === billed
    ? []
    : [`${call.logical} is charged ${charged}; the vendor's ledger says ${billed}.`];
}

function isBroken({ error }: LedgerCall['tries'][number]): boolean {
  return error !== null && error !== 'gateway_lost';
}
