/**
 * What masking a stream costs: throughput of a copy of the bytes and of the same bytes through a masker, in one run. Prints ratios:
 * single figures of a shared machine mean little. `npm run bench:masking -- --mebibytes 32 --rounds 3`
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type ByteText, compileMasks, detectorNames, openStreamMasker } from '../packages/masking/src/index.ts';

const { values } = parseArgs({
  options: {
    mebibytes: { type: 'string', default: '32' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});

/** As a channel's packets are. */
const chunkBytes = 32_768;
const bytes: ByteText<Buffer> = {
  toText: (buffer) => buffer.toString('latin1'),
  fromText: (text) => Buffer.from(text, 'latin1'),
  encode: (text) => Buffer.from(text, 'utf8').toString('latin1'),
};
const size = Number(values.mebibytes) * 1_048_576;
const fill = (piece: Buffer): Buffer => Buffer.alloc(size, piece);
const inputs: Readonly<Record<string, Buffer>> = {
  'random bytes': fill(randomBytes(1_048_576)),
  zeros: Buffer.alloc(size),
  prose: fill(
    Buffer.from(
      'The quick brown fox jumps over the lazy dog while the others look on; nothing is to be found.\n'.repeat(64),
    ),
  ),
  'a log': fill(
    Buffer.from(
      '2026-11-25T10:45:12.123Z INFO [worker-7] request id=018f3c1e-7b5a path=/api/items/4711 status=200 took=12.5ms\n'.repeat(
        64,
      ),
    ),
  ),
  'a log with addresses': fill(
    Buffer.from(
      '10:45:12 INFO mail to alice@example.com sent, card 4111 1111 1111 1111 charged, 12 items\n'.repeat(64),
    ),
  ),
  'coloured output': fill(
    Buffer.from('\x1b[01;34mbin\x1b[0m  \x1b[32mREADME.md\x1b[0m  src  package.json\r\n'.repeat(64)),
  ),
  'German prose': fill(
    Buffer.from('Über den Dächern von München gehen viele kleine Wölkchen dahin, und keiner weiß wohin.\n'.repeat(64)),
  ),
};

function passed(input: Buffer, write: (chunk: Buffer) => Buffer): number {
  const start = performance.now();
  let out = 0;
  for (let at = 0; at < input.length; at += chunkBytes) out += write(input.subarray(at, at + chunkBytes)).length;
  if (out === 0) throw new Error('nothing came out');
  return input.length / 1_048_576 / ((performance.now() - start) / 1_000);
}

const rule = { rule: 'all', columns: [], detectors: [...detectorNames], strategy: 'redact' as const, dataClass: 'all' };
const all = compileMasks([rule], () => 'a'.repeat(40));
const off = compileMasks([], () => '');
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

const rows = Object.entries(inputs).map(([name, input]) => {
  const copy: number[] = [];
  const none: number[] = [];
  const masked: number[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    copy.push(passed(input, (chunk) => Buffer.from(chunk)));
    const idle = openStreamMasker(() => off, bytes, { interactive: false });
    none.push(passed(input, (chunk) => Buffer.from(idle.write(chunk))));
    const stream = openStreamMasker(() => all, bytes, { interactive: false });
    masked.push(passed(input, (chunk) => Buffer.from(stream.write(chunk))));
  }
  return {
    input: name,
    'masked MiB/s': Math.round(median(masked)),
    'of a stream without masks': `${((median(masked) / median(none)) * 100).toFixed(1)} %`,
    'without masks, of a copy': `${((median(none) / median(copy)) * 100).toFixed(0)} %`,
  };
});
if (values.json) console.log(JSON.stringify(rows));
else console.table(rows);
