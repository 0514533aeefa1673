import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileMasks } from '../compile.ts';
import { detectorNames } from '../index.ts';
import { hits, misses } from '../testing/samples.ts';
import type { ByteText } from './byte-text.ts';
import { maxHeldBytes, openStreamMasker } from './stream-masker.ts';

const bytes: ByteText<Buffer> = {
  toText: (buffer) => buffer.toString('latin1'),
  fromText: (text) => Buffer.from(text, 'latin1'),
  encode: (text) => Buffer.from(text, 'utf8').toString('latin1'),
};
const rule = (detectors: readonly string[]) => ({
  rule: 'r',
  columns: [],
  detectors: [...detectors],
  strategy: 'redact' as const,
  dataClass: 'test',
});
const masks = compileMasks([rule(detectorNames)], () => 'a'.repeat(40));
const open = (interactive = false) => openStreamMasker(() => masks, bytes, { interactive });

interface Run {
  readonly interactive?: boolean;
  /** Where the input is split, in bytes; every split with `quiet` has a flush behind it. */
  readonly splits?: readonly number[];
  readonly quiet?: (index: number) => boolean;
}

function mask(input: Buffer, { interactive = false, splits = [], quiet = () => false }: Run = {}): Buffer {
  const stream = open(interactive);
  const out: Buffer[] = [];
  const edges = [0, ...[...splits].sort((a, b) => a - b), input.length];
  for (let index = 1; index < edges.length; index += 1) {
    out.push(Buffer.from(stream.write(input.subarray(edges[index - 1], edges[index]))));
    expect(stream.pendingBytes).toBeLessThanOrEqual(maxHeldBytes);
    if (quiet(index)) out.push(Buffer.from(stream.flush()));
  }
  out.push(Buffer.from(stream.end()));
  return Buffer.concat(out);
}

/** What a person or program makes of the bytes: without sequences, controls and invisible characters. */
function bare(output: Buffer): string {
  return output
    .toString('utf8')
    .replace(/\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)/g, '')
    .replace(/\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]+[0-~]|\x1b[0-~]/g, '')
    .replace(/[\x00-\x08\x0b-\x1f\x7f\u200b\u00ad\ufeff]/g, '');
}

const decorations = [
  '\x1b[31m',
  '\x1b[0m',
  '\x1b(B',
  '\x1b]0;title\x07',
  '\x1b]8;;\x1b\\',
  '\u200b',
  '\ufeff',
  '\r',
  '\0',
  '\x1b[38;5;12m',
];

describe('a masked stream', () => {
  for (const [name, text, value] of hits) {
    it(`shows no ${name} of ${JSON.stringify(text).slice(0, 40)}, however it is split and whenever it is quiet`, () => {
      const input = Buffer.from(`some words before it\n${text}\nand some after it, at 10:45\n`);
      const every = Array.from({ length: input.length - 1 }, (_, index) => index + 1);
      for (const interactive of [false, true]) {
        expect(bare(mask(input, { interactive }))).not.toContain(value);
        expect(bare(mask(input, { interactive, splits: every }))).not.toContain(value);
        expect(bare(mask(input, { interactive, splits: every, quiet: () => true }))).not.toContain(value);
        for (const split of every) {
          expect(bare(mask(input, { interactive, splits: [split], quiet: () => true })), String(split)).not.toContain(
            value,
          );
        }
      }
    });
  }

  it('shows no value under random splits, sequences inside and quiet moments', () => {
    const piece = fc.record({
      hit: fc.constantFrom(...hits),
      between: fc.constantFrom('\n', ' ', ' and then\r\n', '\x1b[0m\r\n'),
      seed: fc.array(fc.nat(60), { maxLength: 12 }),
      marks: fc.array(fc.constantFrom(...decorations), { minLength: 12, maxLength: 12 }),
    });
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(400), { maxLength: 40 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        (pieces, splits, interactive, every) => {
          const input = Buffer.from(
            pieces
              .map(({ hit, between, seed, marks }) => {
                const letters = [...hit[1]];
                for (const [index, place] of seed.entries()) {
                  const at = place % letters.length;
                  letters[at] = (marks[index] ?? '') + (letters[at] ?? '');
                }
                const text = letters.join('');
                return `words\n${text}${between}`;
              })
              .join(''),
          );
          const inside = splits.map((split) => split % (input.length + 1));
          const output = bare(mask(input, { interactive, splits: inside, quiet: (index) => index % every === 0 }));
          for (const { hit } of pieces) {
            // One sample's beginning may hold another sample.
            if (pieces.some(({ hit: other }) => other !== hit && other[1].includes(hit[2]))) continue;
            expect(output).not.toContain(hit[2]);
          }
        },
      ),
      { numRuns: 1_500 },
    );
  });

  // A key without its last line ends where the stream's lines say so, which depends on what is there.
  const whole = hits.filter(([, text]) => !text.includes('-----BEGIN') || text.includes('-----END'));
  it('gives the same however it is split, as long as nobody flushes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...whole), { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(600), { maxLength: 30 }),
        (list, splits) => {
          const input = Buffer.from(list.map(([, text]) => `before\n${text}\nafter\n`).join(''));
          const once = mask(input).toString();
          expect(mask(input, { splits: splits.map((split) => split % (input.length + 1)) }).toString()).toBe(once);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('what holds no value', () => {
  const clean = [
    ...misses,
    'total 48\r\ndrwxr-xr-x 2 root root 4096 Nov 25 10:45 \x1b[01;34mbin\x1b[0m\r\n',
    'grüße aus München, 日本語のテキスト, emoji 🎉 and more\n',
    '[root@host ~]# ls -la /usr/local/share\r\n',
    '\x1b]0;root@host: ~\x07\x1b[?2004hroot@host:~# ',
    '\x1b[1;1H\x1b[2J\x1b[?25l| 50% |\x1b[K\r| 51% |\x1b[K\r\n',
    'a\b \b\b\bxy\b\x1b[K',
  ];

  it('comes through byte for byte under any split, with any quiet moments', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...clean), { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(2_000), { maxLength: 40 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        (list, splits, interactive, every) => {
          // Two numbers, one behind the other, may make a third.
          fc.pre(masks.maskText(list.join('\n')) === list.join('\n'));
          const input = Buffer.from(list.join('\n'));
          const run = {
            interactive,
            splits: splits.map((split) => split % (input.length + 1)),
            quiet: (index: number) => index % every === 0,
          };
          expect(mask(input, run).toString('latin1')).toBe(input.toString('latin1'));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('a number that is a card only as long as the rest of it is missing stays', () => {
    const input = Buffer.from('4111111111111112\n10.0.0.1:5432');
    const every = Array.from({ length: input.length - 1 }, (_, index) => index + 1);
    for (const interactive of [false, true])
      expect(mask(input, { interactive, splits: every, quiet: () => true }).toString()).toBe(input.toString());
  });

  it('binary data comes through byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.array(fc.nat(3_000), { maxLength: 10 }), (data, splits) => {
        const input = Buffer.from(data);
        expect(mask(input, { splits: splits.map((split) => split % (input.length + 1)) }).equals(input)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('zeros, long words and long codes neither grow the memory nor change', () => {
    const noise = Buffer.from(
      Array.from({ length: 90_000 }, (_, index) => (index * 7919 + (index >> 5) * 104729) & 0xff),
    );
    for (const input of [
      Buffer.alloc(200_000),
      Buffer.alloc(200_000, 'x'),
      Buffer.from(noise.toString('base64')),
      Buffer.from(`${noise.toString('base64').replace(/.{76}/g, '$&\n')}`),
    ]) {
      const splits = Array.from({ length: Math.floor(input.length / 5_000) }, (_, index) => index * 5_000 + 13);
      expect(mask(input, { splits }).equals(input)).toBe(true);
      expect(mask(input).equals(input)).toBe(true);
    }
  });

  it('passes the very same bytes when no detector is in force', () => {
    const off = compileMasks([], () => '');
    const stream = openStreamMasker(() => off, bytes, { interactive: false });
    const chunk = Buffer.from('alice@example.com');
    expect(stream.write(chunk)).toBe(chunk);
    expect(stream.end()).toHaveLength(0);
  });
});

describe('an interactive stream', () => {
  it('does not keep the echo of a key', () => {
    const stream = open(true);
    for (const key of 'kubectl get pods -n production-namespace --since=24h | less /usr/local/share/x') {
      expect(stream.write(Buffer.from(key)).toString()).toBe(key);
    }
  });

  it('shows at most six digits of a number that is typed slowly', () => {
    const stream = open(true);
    let shown = '';
    for (const key of '4111 1111 1111 1111')
      shown += stream.write(Buffer.from(key)).toString() + stream.flush().toString();
    shown += stream.write(Buffer.from('\r\n$ ')).toString() + stream.end().toString();
    expect(shown.replace(/\D/g, '')).toBe('411111');
    expect(shown.endsWith('\r\n$ ')).toBe(true);
  });

  it('goes on after a key whose header stands alone', () => {
    const stream = open(true);
    const out = [
      stream.write(Buffer.from('$ grep -r BEGIN\r\na.txt:-----BEGIN RSA PRIVATE KEY-----\r\n')),
      stream.write(Buffer.from('root@host:~# ')),
      stream.flush(),
      stream.end(),
    ]
      .map(String)
      .join('');
    expect(out).toContain('root@host:~# ');
  });

  it('keeps the colour behind a value', () => {
    const input = Buffer.from('\x1b[31malice@example.com\x1b[0m\r\n');
    expect(mask(input).toString()).toBe('\x1b[31m[email]\x1b[0m\r\n');
  });

  it('masks a value in the middle of binary data and nothing else', () => {
    const noise = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x81]);
    const input = Buffer.concat([noise, Buffer.from('alice@example.com'), noise]);
    expect(mask(input, { splits: [3, 9, 15] }).equals(Buffer.concat([noise, Buffer.from('[email]'), noise]))).toBe(
      true,
    );
  });
});
