import { type MaintenanceWindow, openWindows } from '@sluice/domain';

const none: readonly string[] = [];
/** Windows open and close on the second. */
const goodForMs = 1_000;

/** The maintenance windows that are open on a session's connection, by the gateway's own clock; equal answers are one array. */
export class SessionWindows {
  readonly #labels: Readonly<Record<string, string>>;
  #windows: readonly MaintenanceWindow[] = [];
  #second = -1;
  #names: readonly string[] = none;

  constructor(labels: Readonly<Record<string, string>>) {
    this.#labels = labels;
  }

  open(windows: readonly MaintenanceWindow[] | undefined, now: number): readonly string[] {
    if (windows === undefined || windows.length === 0) return none;
    const second = Math.floor(now / goodForMs);
    if (second !== this.#second || windows !== this.#windows) {
      const names = openWindows(windows, this.#labels, now);
      if (names.join(' ') !== this.#names.join(' ')) this.#names = names;
      this.#second = second;
      this.#windows = windows;
    }
    return this.#names;
  }
}
