export type RegressionSuite =
  | { readonly folder: string; readonly version: string; readonly unavailable: null }
  | { readonly folder: null; readonly version: null; readonly unavailable: string };

/** Fetches PostgreSQL's regression suite once; `folder` has `sql/`, `expected/`, `data/` and `parallel_schedule`. Never throws for the network's faults. */
export function regressionSuite(): Promise<RegressionSuite>;
