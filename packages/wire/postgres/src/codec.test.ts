/** The pure parts: framing in any cut, value forms, arrays, COPY forms, SCRAM's published example, manifest. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapArrayText } from './array-text.ts';
import { decodeBinary, encodeBinary } from './binary-values.ts';
import { CopyMasking } from './copy-masking.ts';
import { readCopyForm } from './copy-options.ts';
import { MessageReader } from './framing.ts';
import { postgresManifest } from './manifest.ts';
import { message } from './messages/bytes.ts';
import { parseReport } from './messages/report.ts';
import { RowMasking } from './row-masking.ts';
import { saslprep } from './saslprep.ts';
import { ScramExchange } from './scram.ts';
import { settingStatement } from './startup-settings.ts';

describe('framing', () => {
  it('gives the same messages for every cut', () => {
    const body = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(
        fc.array(body, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
        (bodies, cuts) => {
          const all = Buffer.concat(bodies.map((one) => message('d', Buffer.from(one))));
          const reader = new MessageReader(1_000);
          const seen: Buffer[] = [];
          for (let at = 0, i = 0; at < all.length; i++) {
            const size = cuts[i % cuts.length]!;
            reader.push(all.subarray(at, at + size));
            at += size;
            while (reader.next()) seen.push(Buffer.from(reader.buffer.subarray(reader.start + 5, reader.end)));
          }
          expect(seen).toEqual(bodies.map((one) => Buffer.from(one)));
          expect(reader.buffered).toBe(0);
        },
      ),
    );
  });

  it('never writes into bytes that it handed out', () => {
    const reader = new MessageReader(1_000);
    const kept: { slice: Buffer; copy: Buffer }[] = [];
    for (let i = 0; i < 500; i++) {
      const bytes = message('d', Buffer.alloc(i % 90, i));
      for (const piece of [bytes.subarray(0, 3), bytes.subarray(3)]) {
        reader.push(piece);
        while (reader.next()) {
          const slice = reader.buffer.subarray(reader.start, reader.end);
          kept.push({ slice, copy: Buffer.from(slice) });
        }
      }
    }
    for (const { slice, copy } of kept) expect(slice).toEqual(copy);
    expect(kept).toHaveLength(500);
  });

  it('refuses what is too large or impossible before its bytes come', () => {
    const reader = new MessageReader(100);
    reader.push(Buffer.from([0x51, 0, 0, 1, 0]));
    expect(() => reader.next()).toThrow(/the most that is taken/);
    const broken = new MessageReader(100);
    broken.push(Buffer.from([0x51, 0, 0, 0, 3]));
    expect(() => broken.next()).toThrow(/impossible length/);
  });
});

describe('values', () => {
  it('reads integers back as they were written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(decodeBinary(20, encodeBinary(20, value.toString())!)).toBe(value.toString());
      }),
    );
    expect(encodeBinary(21, '40000')).toBeNull();
    expect(encodeBinary(23, 'x')).toBeNull();
  });

  it('reads dates around every edge as PostgreSQL prints them', () => {
    const days = (value: number): string | undefined => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value);
      return decodeBinary(1082, bytes);
    };
    expect([0, -1, 59, 60, -730_119, -730_120, 8_000_000, 2_147_483_647].map(days)).toEqual([
      '2000-01-01',
      '1999-12-31',
      '2000-02-29',
      '2000-03-01',
      '0001-01-01',
      '0001-12-31 BC',
      '23903-04-05',
      'infinity',
    ]);
  });

  it('never throws on hostile bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(16, 17, 20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184, 1700, 2950, 3802, 25),
        fc.uint8Array({ maxLength: 24 }),
        (oid, bytes) => {
          decodeBinary(oid, Buffer.from(bytes));
        },
      ),
    );
  });

  it('maps arrays element by element', () => {
    const up = (text: string): string => text.toUpperCase();
    expect(mapArrayText('{a,"b c",NULL,"n\\"q"}', up)).toBe('{A,"B C",NULL,"N\\"Q"}');
    expect(mapArrayText('{{a,b},{c,d}}', up)).toBe('{{A,B},{C,D}}');
    expect(mapArrayText('[0:1]={a,b}', up)).toBe('[0:1]={A,B}');
    expect(mapArrayText('{}', up)).toBe('{}');
    expect(mapArrayText('not an array', up)).toBeUndefined();
  });
});

describe('COPY', () => {
  it('reads the form that a statement asks for, or says that it does not', () => {
    expect(readCopyForm('COPY t TO STDOUT')).toMatchObject({ format: 'text', delimiter: '\t', nullText: '\\N' });
    expect(
      readCopyForm("copy (select 'to stdout (format csv)') to /* x */ stdout with (format CSV, header)"),
    ).toMatchObject({ format: 'csv', header: true });
    expect(readCopyForm('COPY t TO STDOUT BINARY')).toMatchObject({ format: 'binary' });
    expect(readCopyForm("COPY t TO STDOUT (DELIMITER E'\\x41')")).toBeNull();
    expect(readCopyForm("COPY t TO STDOUT (ENCODING 'LATIN1')")).toBeNull();
    expect(readCopyForm('COPY t TO STDOUT (SOMETHING new)')).toBeNull();
    expect(readCopyForm('COPY "t to stdout" TO STDOUT (FORMAT \'text\', HEADER off)')).toMatchObject({ header: false });
  });

  it('gives the same for every cut of the data', () => {
    const rows = ['1,"a ""quoted"", x"\n', '2,"two\nlines"\n', '3,plain\n', ',\n'].join('');
    const form = readCopyForm('COPY t TO STDOUT (FORMAT csv)');
    const make = (): CopyMasking => {
      const masker = {
        plan: ['scan', 'scan'] as const,
        passAll: false,
        mask: (_: number, text: string) => text.replace(/[a-z]+/g, '#'),
      };
      const handle = {
        id: '',
        facts: [],
        wantsRows: false,
        result: () => masker,
        row: () => {},
        maskMessage: (t: string) => t,
        placeMask: () => null,
        stream: () => {
          throw new Error('no stream is read here');
        },
        completed: () => {},
        failed: () => {},
        ranAsWriter: () => {},
        budget: null,
        stopped: () => {
          throw new Error('nothing is limited here');
        },
        ended: () => {},
      };
      const forms = [0, 1].map(() => ({ typeOid: 25, format: 0, category: 'text' as const }));
      return new CopyMasking(new RowMasking(forms, masker, handle), form, 2);
    };
    const whole = make().data(Buffer.from(rows)).toString();
    expect(whole).toBe('1,"# ""#"", #"\n2,"#\n#"\n3,#\n,\n');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (cuts) => {
        const masking = make();
        let out = '';
        for (let at = 0, i = 0; at < rows.length; i++) {
          out += masking.data(Buffer.from(rows.slice(at, at + cuts[i % cuts.length]!))).toString();
          at += cuts[i % cuts.length]!;
        }
        expect(out).toBe(whole);
      }),
    );
  });
});

describe('SCRAM-SHA-256', () => {
  it('refuses a server that cannot prove itself, and a challenge that is not for this login', async () => {
    const exchange = new ScramExchange('pencil', { type: 'unsupported' }, 'rOprNGfwEbeRWgbNEkqO');
    expect(exchange.first()).toBe('n,,n=,r=rOprNGfwEbeRWgbNEkqO');
    await expect(exchange.respond('r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096')).rejects.toThrow();
    await expect(exchange.respond('r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1')).rejects.toThrow(
      /iterations/,
    );
    const answer = await exchange.respond(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    );
    expect(answer).toMatch(/^c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj\)hNlF\$k0,p=/);
    expect(() => exchange.verify('v=AAAA')).toThrow(/prove/);
  });

  it('prepares passwords by RFC 4013', () => {
    // The RFC's own examples.
    expect(saslprep('I\u00ADX')).toBe('IX');
    expect(saslprep('\u00AA')).toBe('a');
    expect(saslprep('\u2168')).toBe('IX');
    // What cannot be prepared is used as it is, as PostgreSQL does.
    expect(saslprep('\u0007é')).toBe('\u0007é');
    expect(saslprep('\u0627\u0031')).toBe('\u0627\u0031');
  });
});

it('writes startup settings as SET', () => {
  expect(settingStatement({ name: 'search_path', value: 'a, "B c", $user' })).toBe(
    "SET search_path = 'a', 'B c', '$user'",
  );
  expect(settingStatement({ name: 'work_mem', value: "5'MB" })).toBe("SET work_mem = '5''MB'");
  expect(settingStatement({ name: 'x.y', value: 'a\\b' })).toBe("SET x.y = E'a\\\\b'");
});

describe('manifest', () => {
  const place = {
    name: 'demo-postgres',
    host: 'db.example.com',
    port: 6_543,
    caFile: '/home/me/sluice ca.pem',
    username: 'coding-agent',
    secret: "it's",
    options: { database: 'app' },
  };

  it('gives hints that carry host, port, database and certificate', () => {
    const hints = postgresManifest.connectHints(place);
    expect(hints.map((hint) => hint.title)).toEqual([
      'psql',
      'sluice',
      'URL',
      'Node.js (pg)',
      'Python (psycopg)',
      'Java (JDBC)',
    ]);
    expect(hints[0]?.text).toBe(
      `PGPASSWORD='it'\\''s' psql 'host=db.example.com port=6543 dbname=app user=coding-agent sslmode=verify-full sslrootcert='\\''/home/me/sluice ca.pem'\\'''`,
    );
    expect(hints[2]?.text).toContain("coding-agent:it's@db.example.com:6543/app?sslmode=verify-full");
  });

  it('checks options', () => {
    expect(postgresManifest.optionsSchema.safeParse({ database: 'app' }).success).toBe(true);
    expect(postgresManifest.optionsSchema.safeParse({ database: '' }).success).toBe(false);
    expect(postgresManifest.optionsSchema.safeParse({ database: 'app', more: 1 }).success).toBe(false);
  });

  it('says in the protocol’s words that a session cannot begin', () => {
    const bytes = Buffer.from(postgresManifest.unavailable('the gateway is offline', 'Start it.'));
    const reader = new MessageReader(1_000);
    reader.push(bytes);
    expect(reader.next()).toBe(true);
    const report = parseReport(reader.buffer, 5, reader.end);
    expect([...report]).toEqual([
      ['S', 'FATAL'],
      ['V', 'FATAL'],
      ['C', '57P03'],
      ['M', 'the gateway is offline'],
      ['H', 'Start it.'],
    ]);
  });
});
