import type { FinalFault, VendorFault } from '../../contract/failures';
import type { CallRequest, Stop } from '../../contract/gateway';

/** What a vendor is asked: the request of a call with the vendor's own model id and the cap that holds. */
export interface VendorRequest {
  model: string;
  system: string;
  messages: CallRequest['request']['messages'];
  /** JSON Schema of the answer. The vendor may enforce less of it than it says. */
  schema: CallRequest['request']['schema'];
  temperature: number | undefined;
  maxOutputTokens: number;
}

/** Disjoint counts, as a vendor bills them. */
export interface VendorUsage {
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  cacheWriteTokens: number;
}

export type VendorOutcome =
  | {
      type: 'answered';
      text: string;
      stop: Stop;
      vendorStop: string;
      model: string;
      usage: VendorUsage;
      requestId: string | null;
    }
  | {
      type: 'fault';
      fault: VendorFault | FinalFault;
      message: string;
      /** What the vendor asked to wait; null where it said nothing that makes sense. */
      retryAfterMs: number | null;
      requestId: string | null;
    }
  /** The caller's signal ended it; the connection is closed. */
  | { type: 'aborted' };

export interface StreamOptions {
  signal: AbortSignal;
  /** From the request to the last byte. */
  timeoutMs: number;
  /** The longest silence that is borne, before and between bytes. */
  idleMs: number;
  onText: (text: string) => void;
  /** What is to be paid if it ends here, again and again, so that nothing is lost when it does. */
  onUsage: (usage: VendorUsage) => void;
}

/** One vendor's protocol. It makes one request, never repeats one, and throws only for bugs. */
export interface Vendor {
  stream(request: VendorRequest, options: StreamOptions): Promise<VendorOutcome>;
  /** Tokens of the input by the vendor's own count, or null where it can't be had. */
  count(request: VendorRequest, signal: AbortSignal): Promise<number | null>;
  /** The most tokens that the input can have: no token is shorter than a byte. */
  bound(request: VendorRequest): number;
}
