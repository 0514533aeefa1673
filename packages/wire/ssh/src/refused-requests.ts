/** What a client asks for and does not get (forwarding, unknown channels and requests), recorded up to a bound. */
import type { Inspector } from '@sluice/wire-kit';
import { maxRecordedRefusals, maxRefusals } from './limits.ts';

const longestName = 128;

export class RefusedRequests {
  readonly #inspector: Inspector;
  readonly #tooMany: () => void;
  #count = 0;

  /** `tooMany` is called once, when nobody asks for so much in good faith any more. */
  constructor(inspector: Inspector, tooMany: () => void) {
    this.#inspector = inspector;
    this.#tooMany = tooMany;
  }

  /** Notes one; the answer is the caller's. */
  note(what: string, because: string): void {
    this.#count++;
    if (this.#count <= maxRecordedRefusals) this.#inspector.refuseMessage(what.slice(0, longestName), because);
    if (this.#count === maxRefusals) this.#tooMany();
  }
}

/** A name that a client sent, as it may stand in the record. */
export function named(text: unknown): string {
  return JSON.stringify(String(text).slice(0, longestName));
}
