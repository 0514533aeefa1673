/** Every shell form of the corpora, judged by the default policy from its facts alone: for each role, and whatever is known of the host. */
import { readFileSync } from 'node:fs';
import { unreadableFacts, type VerdictAction } from '@sluice/domain';
import { compilePolicy, evaluate } from '@sluice/policy';
import { languages } from '@sluice/protocols/languages';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCorpus } from './load.ts';
import { type Expectation, type Form, roles } from './schema.ts';

const byName = new Map(languages.map((language) => [language.name, language]));
const language = byName.get('shell');
const compiled = compilePolicy(
  readFileSync(new URL('../../../../packages/policy/default-policy.yaml', import.meta.url), 'utf8'),
  {
    detectors: [
      'email',
      'phone',
      'payment-card',
      'iban',
      'us-ssn',
      'jwt',
      'cloud-key',
      'vendor-key',
      'sluice-token',
      'private-key',
      'bearer-token',
      'connection-url',
      'password-hash',
      'password',
    ],
  },
);

/** What the gateway may know of a host: nothing, and all of it. */
const sessions = [
  { user: null, home: null, cwd: null, shell: null },
  { user: 'deploy', home: '/home/deploy', cwd: '/home/deploy', shell: '/bin/bash' },
  { user: 'root', home: '/root', cwd: '/root', shell: '/bin/sh' },
] as const;

beforeAll(() => Promise.all(languages.map((one) => one.load())));

function verdictOf(
  text: string,
  session: unknown,
  role: string,
  env: string,
): { action: VerdictAction; facts: unknown } {
  if (language === undefined || !compiled.ok) throw new Error('the shell or the policy is not here');
  const readNested = (name: string, inner: string) => byName.get(name)?.readAlone?.(inner) ?? null;
  const outcome = language.read(text, { session, catalogue: null, readNested });
  const facts = outcome.ok ? outcome.statements : [unreadableFacts('shell', text, outcome.message)];
  const verdict = evaluate(compiled.policy, {
    actor: {
      id: 'a',
      kind: role === 'agent' ? 'service' : 'person',
      name: role,
      role,
      groups: [],
      onBehalfOf: null,
      runId: null,
    },
    connection: { name: 'host', protocol: 'ssh', labels: { env }, database: '' },
    session: { database: '', role: 'deploy', inTransaction: false },
    time: new Date('2026-01-05T12:00:00Z'),
    grants: [],
    policyVersion: 1,
    defaultAction: 'deny',
    facts,
  });
  return {
    action: verdict.action,
    facts: facts.map(({ kind, complete, incompleteBecause, destructive, effects }) => ({
      kind,
      complete,
      incompleteBecause,
      destructive,
      effects: JSON.stringify(effects),
    })),
  };
}

const fits: Readonly<Record<Expectation, readonly VerdictAction[]>> = {
  deny: ['deny'],
  hold: ['hold'],
  'deny-or-hold': ['deny', 'hold'],
  'allow-masked': ['allow'],
  allow: ['allow'],
  'not-refused': ['allow'],
  error: ['allow', 'deny', 'hold'],
  contained: ['allow', 'deny', 'hold'],
  effect: ['allow', 'deny', 'hold'],
};

interface Judged {
  readonly form: Form;
  readonly text: string;
  readonly terminal: boolean;
}

/** A text, or one command with a terminal. */
const forms = loadCorpus().forms.flatMap((form): Judged[] => {
  if (form.protocol !== 'ssh') return [];
  if (form.form.type === 'text') return [{ form, text: form.form.text, terminal: false }];
  const [step, ...others] = form.form.steps as { readonly exec?: string; readonly terminal?: boolean }[];
  if (step?.exec === undefined || step.terminal !== true || others.length > 0) return [];
  return [{ form, text: step.exec, terminal: true }];
});

describe('the shell corpora', () => {
  const count = (list: Form['list']) => forms.filter(({ form }) => form.list === list).length;

  it('are large enough to mean something', () => {
    expect(count('must-refuse')).toBeGreaterThanOrEqual(500);
    expect(count('must-allow')).toBeGreaterThanOrEqual(250);
    expect(forms.filter(({ terminal }) => terminal).length).toBeGreaterThanOrEqual(30);
  });

  it.each(forms.map((one) => [one.form.id, one] as const))('%s', (_, { form, text, terminal }) => {
    for (const session of sessions) {
      for (const role of roles) {
        const wanted = form.expect[role];
        // Agents get no terminal at all, whatever they would run in it.
        if (wanted === undefined || (terminal && role === 'agent')) continue;
        const { action, facts } = verdictOf(text, { ...session, terminal }, role, 'staging');
        expect(fits[wanted], `${role}, ${session.user}: ${action} of ${text} ${JSON.stringify(facts)}`).toContain(
          action,
        );
      }
    }
  });
});
