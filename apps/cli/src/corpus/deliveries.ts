/** In which ways a form is tried. */
import { createHash } from 'node:crypto';
import type { Delivery, FormPosition } from '@sluice/protocols/clients';
import type { Form } from './schema.ts';

/** The path of `sluice exec`: its own client on a stream of its own, for every try. */
export const execPath = 'exec';

export interface Ways {
  readonly paths: readonly string[];
  readonly positions: readonly FormPosition[];
  /** `every`: once whole and once with every byte in a write of its own. */
  readonly cuts: 'none' | 'every';
  /** Of the tries beyond the plain one (first paths, alone, whole) only one in so many, chosen by a digest of form and way. 1: all. */
  readonly oneIn: number;
}

/** Longer texts are not cut at every byte (bytes): each byte is a record of TLS and a frame of the tunnel. */
const maxCutBytes = 4_096;

/** `plain` are the paths of which every form is tried alone and whole, however few of the others are chosen. */
export function deliveriesOf(form: Form, ways: Ways, plain: readonly string[]): readonly Delivery[] {
  if (form.form.type === 'steps') {
    const cuts = ways.cuts === 'every' ? [false, true] : [false];
    return cuts
      .map((cut) => ({ path: 'steps', position: 'alone' as const, cut }))
      .filter((delivery) => !delivery.cut || (fewBytes(JSON.stringify(form.form)) && chosen(form, delivery, ways)));
  }
  const { text, values } = form.form;
  const paths = ways.paths.filter(
    (path) => (form.paths === null || form.paths.includes(path)) && carries(path, values),
  );
  const all = paths.flatMap((path) =>
    ways.positions
      .filter((position) => form.positions.includes(position))
      .flatMap((position) =>
        (ways.cuts === 'every' && fewBytes(text) ? [false, true] : [false]).map((cut) => ({ path, position, cut })),
      ),
  );
  return all.filter(
    (delivery) =>
      (plain.includes(delivery.path) && delivery.position === 'alone' && !delivery.cut) || chosen(form, delivery, ways),
  );
}

/** What one message holds cannot bind: there the values have no place. */
function carries(path: string, values: readonly (string | null)[] | null): boolean {
  return values === null || (path !== execPath && path !== 'simple');
}

function fewBytes(text: string): boolean {
  return Buffer.byteLength(text) <= maxCutBytes;
}

function chosen(form: Form, delivery: Delivery, { oneIn }: Ways): boolean {
  if (oneIn === 1) return true;
  const name = `${form.id} ${delivery.path} ${delivery.position} ${delivery.cut}`;
  return createHash('sha256').update(name).digest().readUInt32BE(0) % oneIn === 0;
}

export function wordsOf({ path, position, cut }: Delivery): string {
  return [path, position, cut ? 'cut at every byte' : 'whole'].join(', ');
}
