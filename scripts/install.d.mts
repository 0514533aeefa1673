/** The repository's folder. */
export const root: string;
export function ensureInstalled(): Promise<number>;
