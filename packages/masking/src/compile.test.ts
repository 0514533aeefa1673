import { createHmac } from 'node:crypto';
import type { ColumnRef, LiteralSpan, MaskRule, MaskStrategy, ObjectRef, OutputLineage } from '@sluice/domain';
import { maskStrategies } from '@sluice/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CompiledMasks, MaskField } from './index.ts';
import { compileMasks, detectorNames, maxJsonChars, maxScanChars } from './index.ts';

const digest = (text: string): string => createHmac('sha256', 'test').update(text).digest('hex');
const rule = (name: string, strategy: MaskStrategy, columns: string[], detectors: string[]): MaskRule => ({
  rule: name,
  columns,
  detectors,
  strategy,
  dataClass: name,
});
const rules: readonly MaskRule[] = [
  rule('contact', 'partial', ['*.email', '*.phone'], ['email', 'phone']),
  rule('payment', 'partial', ['*.card_number', '*.iban'], ['payment-card', 'iban']),
  rule('identity', 'redact', ['public.customers.ssn'], ['us-ssn']),
  rule(
    'secret',
    'redact',
    ['*.*api_key*'],
    detectorNames.filter((name) => !['email', 'phone', 'payment-card', 'iban', 'us-ssn'].includes(name)),
  ),
  rule('people', 'null', ['hr.*'], []),
];
const masks = compileMasks(rules, digest);

const column = (relation: string, name: string, schema: string | null = 'public'): ColumnRef => ({
  schema,
  relation,
  column: name,
});
const relation = (name: string): ObjectRef => ({ type: 'relation', schema: 'public', name });
const known = (columns: ColumnRef[], wholeRows: ObjectRef[] = []): OutputLineage => ({
  known: true,
  direct: columns.length === 1,
  columns,
  wholeRows,
});
const field = (over: Partial<MaskField>): MaskField => ({
  name: 'f',
  origin: null,
  lineage: known([]),
  category: 'text',
  ...over,
});
const quiet = { readsMasked: false };
const reads = { readsMasked: true };
const mask = (over: Partial<MaskField>, text: string, context = quiet, by: CompiledMasks = masks): string | null =>
  by.maskValue(by.fieldPlan(field(over), context), text);

describe('fieldPlan', () => {
  const cases: readonly (readonly [string, Partial<MaskField>, boolean, 'pass' | 'scan' | 'whole', string | null])[] = [
    ['a masked column by origin', { origin: column('customers', 'email') }, false, 'whole', 'contact'],
    [
      'a masked column under another name',
      { name: 'id', origin: column('customers', 'ssn') },
      false,
      'whole',
      'identity',
    ],
    ['the same column name in another schema', { origin: column('customers', 'ssn', 'other') }, false, 'scan', null],
    ['a schema that is not known', { origin: column('customers', 'ssn', null) }, false, 'whole', 'identity'],
    ['another case', { origin: column('Customers', 'EMAIL') }, false, 'whole', 'contact'],
    ['computed from a masked column', { lineage: known([column('customers', 'ssn')]) }, false, 'whole', 'identity'],
    [
      'the strictest of two',
      { lineage: known([column('customers', 'email'), column('customers', 'ssn')]) },
      false,
      'whole',
      'identity',
    ],
    ['an origin that nobody knows', { origin: 'unresolved' }, false, 'whole', null],
    ['no lineage, masked relation read', { lineage: { known: false } }, true, 'whole', null],
    ['no lineage at all, masked relation read', { lineage: null }, true, 'whole', null],
    ['no lineage, nothing masked read', { lineage: { known: false } }, false, 'scan', null],
    ['no lineage but a plain origin', { lineage: null, origin: column('customers', 'id') }, true, 'scan', null],
    ['a whole row as text', { lineage: known([], [relation('customers')]) }, true, 'whole', 'identity'],
    ['a whole row as JSON', { lineage: known([], [relation('customers')]), category: 'json' }, true, 'scan', null],
    [
      'a whole row of a relation that is masked entirely',
      { lineage: known([], [{ ...relation('hr') }]), category: 'json' },
      true,
      'whole',
      'people',
    ],
    ['a plain text', {}, true, 'scan', null],
    ['a number', { category: 'number' }, true, 'scan', null],
    ['a date', { category: 'temporal' }, true, 'pass', null],
    ['a boolean', { category: 'boolean' }, true, 'pass', null],
    ['a uuid', { category: 'uuid' }, true, 'pass', null],
    ['what cannot be decoded', { category: 'opaque' }, false, 'whole', null],
    [
      'a number of a masked column',
      { category: 'number', origin: column('x', 'card_number') },
      false,
      'whole',
      'payment',
    ],
  ];
  for (const [name, over, readsMasked, plan, by] of cases) {
    it(name, () => expect(masks.fieldPlan(field(over), { readsMasked })).toMatchObject({ plan, rule: by }));
  }
  it('passes everything without rules', () => {
    const off = compileMasks([], digest);
    expect(off.active).toBe(false);
    for (const category of ['text', 'json', 'opaque', 'number'] as const) {
      expect(off.fieldPlan(field({ category, origin: 'unresolved' }), reads).plan).toBe('pass');
    }
    expect(off.maskText('a@example.com')).toBe('a@example.com');
    expect(off.maskMessage('"a"', { quoted: true })).toBe('"a"');
  });
  it('says which relations have masked columns', () => {
    const only = compileMasks([rule('r', 'redact', ['public.customers.ssn'], [])], digest);
    expect(only.readsMasked([relation('orders')])).toBe(false);
    expect(only.readsMasked([relation('orders'), relation('customers')])).toBe(true);
  });
});

describe('strategies', () => {
  const one = (strategy: MaskStrategy): CompiledMasks =>
    compileMasks([rule('c', strategy, ['*.v'], [...detectorNames])], digest);
  const whole = (strategy: MaskStrategy, text: string): string | null =>
    mask({ origin: column('t', 'v') }, text, quiet, one(strategy));
  it('redacts', () => {
    expect(whole('redact', 'anything')).toBe('[redacted]');
    expect(one('redact').maskText('to a@example.com and 123-45-6789')).toBe('to [email] and [ssn]');
  });
  it('shows a part', () => {
    expect(whole('partial', 'alice@example.com')).toBe('a•••@•••.com');
    expect(whole('partial', '4111 1111 1111 4242')).toMatch(/^(•••• •••• •••• 4242|•••4242)$/);
    expect(whole('partial', '4111111111111111')).toBe('•••• •••• •••• 1111');
    expect(whole('partial', '123-45-6789')).toBe('•••-••-6789');
    expect(whole('partial', '212-555-0123')).toBe('••• ••• 123');
    expect(whole('partial', 'DE89370400440532013000')).toBe('DE•• •••• 3000');
    expect(whole('partial', 'short')).toBe('•••');
    expect(whole('partial', '12 Main Street')).toBe('•••et');
    expect(whole('partial', '12 Main Street, Springfield')).toBe('•••ield');
    expect(whole('partial', `sk_live_${'a1b2c3d4'.repeat(3)}`)).toBe('[secret]');
    expect(whole('partial', Buffer.from('alice@example.com').toString('base64'))).toBe('[email]');
  });
  it('hashes and makes tokens, alike for alike and never with a digit', () => {
    for (const strategy of ['hash', 'token'] as const) {
      const masked = whole(strategy, 'alice');
      expect(masked).toBe(whole(strategy, 'alice'));
      expect(masked).not.toBe(whole(strategy, 'bob'));
      expect(masked).toMatch(strategy === 'hash' ? /^h:[a-p]{16}$/ : /^tok_c_[a-p]{20}$/);
    }
  });
  it('makes NULL', () => {
    expect(whole('null', 'x')).toBeNull();
    expect(mask({}, 'a@example.com', quiet, one('null'))).toBeNull();
    expect(mask({}, 'to a@example.com', quiet, one('null'))).toBe('to [email]');
    expect(one('null').maskText('a@example.com')).toBe('[redacted]');
  });
  it('makes NULL of what is no text', () => {
    for (const category of ['number', 'temporal', 'boolean', 'uuid', 'array', 'opaque'] as const) {
      expect(mask({ origin: column('t', 'v'), category }, '42', quiet, one('redact'))).toBeNull();
    }
    expect(mask({ category: 'number' }, '4111111111111111')).toBeNull();
    expect(mask({ category: 'number' }, '4111111111111112')).toBe('4111111111111112');
    expect(mask({ category: 'number' }, '42')).toBe('42');
  });
  it('takes the strictest strategy of two detectors’ rules', () => {
    const two = compileMasks([rule('a', 'partial', [], ['email']), rule('b', 'redact', [], ['email'])], digest);
    expect(two.maskText('a@example.com')).toBe('[email]');
  });
  it('masks a text that is too long to look at', () => {
    expect(mask({}, 'x'.repeat(maxScanChars + 1))).toBe('[redacted]');
    expect(masks.maskText('x'.repeat(maxScanChars + 1))).toBe('[redacted]');
    expect(mask({ category: 'json' }, JSON.stringify('x'.repeat(maxJsonChars)))).toBe('"[redacted]"');
  });
});

const secrets: readonly string[] = [
  'alice.smith@example.com',
  '4111111111111111',
  '4111 1111 1111 1111',
  '123-45-6789',
  'DE89370400440532013000',
  '+44 20 7946 0958',
  `ghp_${'a1b2c3d4e5'.repeat(4)}`,
  'Bearer abcdef0123456789abcdef',
];

describe('properties', () => {
  const noise = fc.stringMatching(/^[ a-z,.;()"'\n•é0-9]{0,20}$/);
  for (const strategy of maskStrategies) {
    const one = compileMasks([rule('c', strategy, [], [...detectorNames])], digest);
    it(`${strategy}: no value survives, and a masked text is masked already`, () => {
      fc.assert(
        fc.property(noise, fc.constantFrom(...secrets), noise, (before, value, after) => {
          const text = `${before} ${value} ${after}`;
          const masked = one.maskText(text);
          expect(masked).not.toContain(value.replace('Bearer ', ''));
          expect(one.maskText(masked)).toBe(masked);
          expect(masked.length).toBeLessThan(text.length + 40);
        }),
        { numRuns: 500 },
      );
    });
  }
  it('JSON stays JSON and holds none of the values', () => {
    const leaf = fc.oneof(fc.constantFrom(...secrets), fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('value')),
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('ssn', 'email', 'cardNumber', 'note')), tie('value')),
      ),
    })).value;
    fc.assert(
      fc.property(tree, fc.constantFrom(undefined, 2), (value, space) => {
        const masked = mask({ category: 'json' }, JSON.stringify(value, null, space)) ?? 'null';
        JSON.parse(masked);
        for (const secret of secrets) expect(masked).not.toContain(secret);
      }),
      { numRuns: 500 },
    );
  });
});

describe('JSON', () => {
  const json = (text: string): string | null => mask({ category: 'json' }, text);
  it('masks by the names of keys, whatever stands under them', () => {
    expect(json('{"ssn": 12, "SSN":"x", "cardNumber": ["a", {"b": true}], "email":null, "n": "plain"}')).toBe(
      '{"ssn": "[redacted]", "SSN":"[redacted]", "cardNumber": ["•••", {"b": "•••"}], "email":null, "n": "plain"}',
    );
  });
  it('leaves what it does not mask as it was', () => {
    const text = '{ "a" : 12345678901234567890.10, "a": [1,2 ,3], "é\\u00e9":"\\n" }';
    expect(json(text)).toBe(text);
  });
  it('looks into strings, numbers and keys', () => {
    expect(json('{"x":"mail a@example.com","a@example.com":1,"n":4111111111111111}')).toBe(
      '{"x":"mail a•••@•••.com","a•••@•••.com":1,"n":"•••• •••• •••• 1111"}',
    );
    expect(json('{"x":"\\u0061@example.com"}')).toBe('{"x":"a•••@•••.com"}');
  });
  it('looks into JSON within a string', () => {
    expect(json(JSON.stringify({ inner: JSON.stringify({ ssn: 'abc', k: 1 }) }))).toBe(
      JSON.stringify({ inner: JSON.stringify({ ssn: '[redacted]', k: 1 }) }),
    );
  });
  it('scans what is no JSON, and what is too deep', () => {
    expect(json('{"x": a@example.com')).toBe('{"x": a•••@•••.com');
    expect(json(`${'['.repeat(300)}"a@example.com"${']'.repeat(300)}`)).not.toContain('a@example');
  });
  it('masks a whole masked column as a JSON text', () => {
    expect(mask({ category: 'json', origin: column('customers', 'ssn') }, '{"a":1}')).toBe('"[redacted]"');
  });
});

describe('values computed from a masked one', () => {
  const derived = (columns: ColumnRef[], wholeRows: ObjectRef[] = []): OutputLineage => ({
    known: true,
    direct: false,
    columns,
    wholeRows,
  });
  it('show no part of it: pieces asked for one by one are the whole', () => {
    const lineage = derived([column('customers', 'email')]);
    expect(mask({ lineage }, 'theo.tanaka1')).toBe('[redacted]');
    expect(mask({ lineage: known([column('customers', 'email')]) }, 'a@example.com')).toBe('a•••@•••.com');
  });
  it('nor where a view computed it', () => {
    const origin = column('directory', 'email');
    expect(mask({ origin, lineage: derived([origin, column('customers', 'email')]) }, 'theo.tanaka1')).toBe(
      '[redacted]',
    );
  });
  it('from a whole row are closed in every form that has lost the names', () => {
    const lineage = derived([], [relation('customers')]);
    for (const category of ['number', 'boolean', 'temporal', 'uuid'] as const)
      expect(mask({ lineage, category }, '7')).toBeNull();
  });
});

describe('messages', () => {
  const names = new Set(['customers', 'customers_email_key', 'email']);
  const shown = (text: string): string => masks.maskMessage(text, { quoted: true, names });
  it('takes out quoted values and keeps names', () => {
    expect(shown('invalid input syntax for type integer: "123-45-678x"')).toBe(
      'invalid input syntax for type integer: "•••"',
    );
    expect(shown('duplicate key value violates unique constraint "customers_email_key"')).toBe(
      'duplicate key value violates unique constraint "customers_email_key"',
    );
    expect(shown('Key (email)=(bob) already exists.')).toBe('Key (email)=(•••) already exists.');
    expect(shown('Failing row contains (1, Bob (Jr), x).')).toBe('Failing row contains (•••).');
    expect(shown('COPY customers, line 3, column ssn: "abc"')).toBe('COPY customers, line 3, column ssn: "•••"');
    expect(shown("can't do it, isn't it")).toBe("can't do it, isn't it");
    expect(shown('ungültig: »x«, «y», „z“')).toContain('«•••»');
  });
  it('is not led astray by quotes inside a value', () => {
    expect(shown('invalid: "a" secret "b" of relation "customers"')).not.toContain('secret');
    expect(shown('bad "unclosed secret')).toBe('bad "•••');
    expect(shown('Key (a, b)=(1, qq) y) already exists.')).toBe('Key (a, b)=(•••) already exists.');
  });
  it('needs no language to know values', () => {
    expect(shown('Fehlgeschlagene Zeile enthält (1, Bob (Jr), x).')).toBe('Fehlgeschlagene Zeile enthält (•••).');
    expect(shown('Schlüssel »(email)=(bob)« existiert bereits.')).not.toContain('bob');
    expect(shown('JSON-Daten, Zeile 1: abc...')).toBe('JSON-Daten, Zeile •••: •••');
    expect(shown('données JSON, ligne 1 : abc...')).not.toContain('abc');
  });
  it('shows nothing of what a parser read, and no number computed from a value', () => {
    expect(shown('JSON data, line 1: 070...')).toBe('JSON data, line 1: •••');
    expect(shown('line 1: Opening and ending tag mismatch: secret line 1 and b\n<secret></b>\n   ^')).toBe(
      'line 1: •••',
    );
    expect(shown('index 70223539 out of valid range, 0..7')).toBe('index ••• out of valid range, •••');
    expect(shown('date field value out of range: 70-44-22')).toBe('date field value out of range: •••');
    expect(shown('invalid byte sequence: 0xe9 0x30')).toBe('invalid byte sequence: ••• •••');
    expect(shown('setseed parameter -7.02235e+07 is out of range')).toBe('setseed parameter ••• is out of range');
  });
  it('looks at the rest', () => expect(shown('NOTICE: mail a@example.com')).toBe('NOTICE: mail a•••@•••.com'));
  it('leaves quotations alone when nothing was quoted from rows', () =>
    expect(masks.maskMessage('"x"', { quoted: false })).toBe('"x"'));
});

describe('statements', () => {
  const literal = (text: string, token: string, value: string, ref: ColumnRef | null): LiteralSpan => {
    const start = text.indexOf(token);
    return { start, end: start + token.length, value, column: ref };
  };
  it('masks literals of masked columns and keeps their quotes', () => {
    const text = "UPDATE customers SET email = E'bob', n = 7, card_number = $x$1$x$ WHERE id = 12345";
    const spans = [
      literal(text, "E'bob'", 'bob', column('customers', 'email')),
      literal(text, '7', '7', column('customers', 'n')),
      literal(text, '$x$1$x$', '1', column('customers', 'card_number')),
      literal(text, '12345', '12345', column('customers', 'id')),
    ];
    expect(masks.maskStatement(text, spans, reads)).toBe(
      "UPDATE customers SET email = E'•••', n = 7, card_number = $x$•••$x$ WHERE id = 12345",
    );
  });
  it('masks literals whose column is not known where masked columns are read', () => {
    const text = "SELECT f('abc') FROM customers LIMIT 10";
    const spans = [literal(text, "'abc'", 'abc', null), literal(text, '10', '10', null)];
    expect(masks.maskStatement(text, spans, reads)).toBe("SELECT f('•••') FROM customers LIMIT 10");
    expect(masks.maskStatement(text, spans, quiet)).toBe(text);
  });
  it('masks what a detector finds, in literals and in the rest', () => {
    const text = "/* for a@example.com */ SELECT 'see b@example.com', 'x'";
    expect(
      masks.maskStatement(
        text,
        [literal(text, "'see b@example.com'", 'see b@example.com', null), literal(text, "'x'", 'x', null)],
        quiet,
      ),
    ).toBe("/* for a•••@•••.com */ SELECT '•••', 'x'");
  });
  it('masks a literal behind a word that says secret', () => {
    const text = "CREATE ROLE x PASSWORD 'abc'";
    expect(masks.maskStatement(text, [literal(text, "'abc'", 'abc', null)], quiet)).toBe(
      "CREATE ROLE x PASSWORD '•••'",
    );
  });
  it('masks everything quoted in a text that could not be read', () => {
    expect(masks.maskStatement("SELEC 'abc' $$d e$$ 12 123456 'open", null, quiet)).toBe(
      "SELEC '•••' $$•••$$ 12 ••• '•••'",
    );
  });
  it('survives spans that overlap or lie outside', () => {
    const text = "DO 'a b'";
    const spans: LiteralSpan[] = [
      { start: 3, end: 8, value: 'a b', column: column('customers', 'email') },
      { start: 4, end: 5, value: 'a', column: column('customers', 'email') },
      { start: 90, end: 95, value: 'x', column: column('customers', 'email') },
    ];
    expect(masks.maskStatement(text, spans, quiet)).toBe("DO '•••'");
  });
  it('masks bound values', () => {
    expect(masks.maskBind('bob', column('customers', 'ssn'), quiet)).toBe('[redacted]');
    expect(masks.maskBind('bob', null, reads)).toBe('•••');
    expect(masks.maskBind('17', null, reads)).toBe('17');
    expect(masks.maskBind('bob', null, quiet)).toBe('bob');
    expect(masks.maskBind('12345', column('customers', 'id'), reads)).toBe('12345');
  });
});
