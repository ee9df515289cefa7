const prime = 0x0000000001000000000000000000013bn;
const offset = 0x6c62272e07bb014262b821756295c58dn;
const mask = (1n << 128n) - 1n;

/**
 * FNV-1a, 128 bits, as 32 hex digits (constants of draft-eastlake-fnv). It names things the same way
 * at every replay and after a reset, which a random id would not; it keeps no secret.
 */
export function hash(text: string): string {
  let value = offset;
  for (let at = 0; at < text.length; at++) value = ((value ^ BigInt(text.charCodeAt(at))) * prime) & mask;
  return value.toString(16).padStart(32, '0');
}
