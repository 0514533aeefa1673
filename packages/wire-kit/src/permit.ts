/**
 * One-use permits. Only `session` mints them (it holds the `PermitMint`), so a protocol cannot admit a client or forward a
 * statement without having gone through authorisation and verdict: the wrong order does not compile.
 */
declare const permitBrand: unique symbol;

export interface Permit<Purpose extends 'admit' | 'forward'> {
  readonly purpose: Purpose;
  readonly [permitBrand]: Purpose;
  /** Spends the permit. Throws when it was spent before: that is a bug. */
  spend(): void;
}
export type AdmitPermit = Permit<'admit'>;
export type ForwardPermit = Permit<'forward'>;

class OneUse<Purpose extends 'admit' | 'forward'> {
  readonly purpose: Purpose;
  #spent = false;

  constructor(purpose: Purpose) {
    this.purpose = purpose;
  }

  spend(): void {
    if (this.#spent) throw new Error(`a ${this.purpose} permit was spent twice`);
    this.#spent = true;
  }
}

export function mintPermit<Purpose extends 'admit' | 'forward'>(purpose: Purpose): Permit<Purpose> {
  return new OneUse(purpose) as unknown as Permit<Purpose>;
}
