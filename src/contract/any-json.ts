import { z } from 'zod';
import type { Json } from './value';

/**
 * Any JSON at all. What is checked against it was parsed from JSON, so looking into it once more,
 * as `z.json()` would, only costs time: 0.4 s for a megabyte.
 */
export const AnyJson = z.custom<Json>((value) => value !== undefined, { error: 'is missing' });
