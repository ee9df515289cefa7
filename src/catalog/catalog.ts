/** nano-USD a token. USD per million tokens times 1,000: 3 USD a million is 3,000 nano a token. */
export interface Rates {
  inputNano: number;
  outputNano: number;
  cacheReadNano: number;
  cacheWriteNano: number;
}

/** `version` says which price list it came from and is kept with every charge. */
export interface Price extends Rates {
  version: string;
  /** What every token of a call costs, output included, whose input has more than `overTokens`. */
  long?: Rates & { overTokens: number };
}

export interface CatalogModel {
  /** The vendor's own id of the model. */
  id: string;
  vendor: string;
  contextTokens: number;
  outputTokensMax: number;
  /** Null where no price is known: never free. */
  price: Price | null;
}

export interface Catalog {
  /** By alias or id; null where the name is unknown. */
  resolve(name: string): CatalogModel | null;
  /** Every alias with its model, and every model under its own id. */
  list(): { name: string; model: CatalogModel }[];
}

/** Which vendors can be called right now, as gateways publish it. */
export interface UsableVendors {
  /** True where every model is answered by the simulated vendor. */
  simulated: boolean;
  /** Vendors with a key; with `simulated` every vendor is usable. */
  vendors: string[];
}
