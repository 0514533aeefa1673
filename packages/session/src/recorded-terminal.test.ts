import { createHash } from 'node:crypto';
import { defaultRecordedResults, SluiceError } from '@sluice/domain';
import { compileMasks } from '@sluice/masking';
import type { NewEvent } from '@sluice/recording';
import { expect, test, vi } from 'vitest';
import type { TapContext } from './masked-pair.ts';
import { RecordedStream } from './recorded-stream.ts';
import { RecordedTerminal } from './recorded-terminal.ts';
import type { SessionMasks } from './session-masks.ts';

const rule = { rule: 'r', columns: [], detectors: ['email'], strategy: 'redact', dataClass: 'contact' } as const;
const masks = compileMasks([rule], () => 'a'.repeat(40));

function sample(recorded = defaultRecordedResults) {
  const seen = { events: [] as NewEvent[], faults: 0, broken: false };
  const context: TapContext = {
    record: (event) => void seen.events.push(event),
    masks: { client: masks, record: masks } as unknown as SessionMasks,
    recorded,
    sink: {
      append: (event) => {
        if (seen.broken) throw new SluiceError('spool-full', 'The spool of recordings is full.');
        seen.events.push(event);
      },
      now: () => 0,
      onFault: () => {
        seen.faults += 1;
      },
    },
  };
  return { seen, context };
}

const textsOf = (events: readonly NewEvent[], type: NewEvent['type']) =>
  events.flatMap((event) => (event.type === type && 'text' in event ? [event.text] : [])).join('');

test('a terminal is recorded as one, masked in both directions', async () => {
  const { seen, context } = sample();
  const terminal = new RecordedTerminal('t', { columns: 80, rows: 24, term: 'xterm', statement: null }, context);
  const shown = [
    terminal.output(Buffer.from('mail to alice@exa')),
    terminal.output(Buffer.from('mple.com \r\n')),
    terminal.flush(true),
  ];
  for (const key of 'bob@example.com \r') expect(terminal.input(Buffer.from(key))).toBe(true);
  // What cannot begin a value comes when nothing is typed for a moment.
  await vi.waitFor(() => expect(textsOf(seen.events, 'terminal.input')).toBe('[email] '), { timeout: 20_000 });
  terminal.resized(100, 40);
  terminal.closed({ exitCode: 3, signal: null });
  terminal.closed({ exitCode: 4, signal: null });
  expect(Buffer.concat(shown).toString()).toBe('mail to [email] \r\n');
  expect(textsOf(seen.events, 'terminal.output')).toBe('mail to [email] \r\n');
  expect(textsOf(seen.events, 'terminal.input')).toBe('[email] \r');
  expect(seen.events.at(0)).toEqual({
    type: 'terminal.opened',
    terminalId: 't',
    statementId: null,
    columns: 80,
    rows: 24,
    term: 'xterm',
  });
  expect(seen.events.slice(-3)).toEqual([
    { type: 'terminal.resized', terminalId: 't', columns: 100, rows: 40 },
    { type: 'terminal.input', terminalId: 't', text: '\r' },
    { type: 'terminal.closed', terminalId: 't', exitCode: 3, signal: null },
  ]);
  expect(seen.events.filter(({ type }) => type === 'session.note')).toEqual([]);
});

test('invariant 4: what is typed and cannot be recorded is not forwarded, and the session ends', () => {
  const { seen, context } = sample();
  const terminal = new RecordedTerminal('t', { columns: 80, rows: 24, term: 'xterm', statement: null }, context);
  seen.broken = true;
  expect(terminal.input(Buffer.from('rm -rf /\r'))).toBe(false);
  expect(seen.faults).toBe(1);
  const unopened = new RecordedTerminal('u', { columns: 80, rows: 24, term: 'xterm', statement: null }, context);
  expect([unopened.input(Buffer.from('a')), unopened.output(Buffer.from('secret')).length]).toEqual([false, 0]);
  expect(seen.faults).toBe(2);
});

test('a statement’s streams are its output, masked, up to the budget', () => {
  const { seen, context } = sample();
  const stream = new RecordedStream('s', 'stdout', context);
  stream.write(Buffer.from('from carol@example.com \n'));
  stream.write(Buffer.alloc(defaultRecordedResults.bytes, ' x'));
  stream.flush(true);
  stream.close();
  stream.close();
  const outputs = seen.events.filter((event) => event.type === 'statement.output');
  expect(textsOf(outputs, 'statement.output').slice(0, 14)).toBe('from [email] \n');
  expect(outputs.at(-1)).toMatchObject({ statementId: 's', stream: 'stdout', text: '' });
  expect(outputs.reduce((sum, event) => sum + event.omittedBytes, 0)).toBe(14);
});

test.each([0, 1, 7, 1_000])(
  'a stream of a connection that keeps %i bytes: the rest is counted and digested',
  (bytes) => {
    const { seen, context } = sample({ rows: 1, bytes });
    const stream = new RecordedStream('s', 'stdout', context);
    const sent = 'mail dave@example.com, then some more words \n'.repeat(40);
    for (let at = 0; at < sent.length; at += 97) stream.write(Buffer.from(sent.slice(at, at + 97)));
    stream.flush(true);
    stream.close();
    const masked = sent.replaceAll('dave@example.com', '[email]');
    const kept = textsOf(seen.events, 'statement.output');
    expect(kept).toBe(masked.slice(0, bytes));
    const omittedDigest = createHash('sha256').update(masked.slice(bytes)).digest('hex');
    expect(seen.events.at(-1)).toMatchObject({ text: '', omittedBytes: masked.length - bytes, omittedDigest });
  },
);
