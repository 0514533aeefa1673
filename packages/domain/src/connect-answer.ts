import type { AccessAnswer } from './access.ts';
import type { Answer } from './rights.ts';

/** Rules and grants that a sentence names before it counts the rest. */
const namedReasons = 3;

const whyNot: Readonly<Record<Extract<AccessAnswer, { open: false }>['reason'], string>> = {
  'no-rule': 'no access rule or grant lets them connect',
  'closed-now': 'the hours of their access rule are closed now',
  elsewhere: 'their access rule asks for a network',
};

/**
 * Whether somebody may connect: their role has to let them connect at all, and an access rule or a grant to this connection. `sentences`
 * says what each rule and grant is, by id. The yes ends with whatever ends first.
 */
export function joinConnect(role: Answer, access: AccessAnswer, sentences: ReadonlyMap<string, string>): Answer {
  // An agent's and its owner's rules may be the same ones.
  const reasons = [...new Set(access.because.map((id) => sentences.get(id) ?? 'a rule that is gone'))];
  const named = reasons.slice(0, namedReasons).map((sentence) => `“${sentence}”`);
  const more = reasons.length - named.length;
  const listed = `${named.join(' and ')}${more > 0 ? ` and ${more} more` : ''}`;
  if (!role.yes) {
    const though = access.open && listed !== '' ? `, although access is given: ${listed}` : '';
    return { yes: false, because: `${role.because}${though}`, until: null };
  }
  if (!access.open) {
    const rule = listed === '' ? '' : `: ${listed}`;
    return { yes: false, because: `${whyNot[access.reason]}${rule}`, until: null };
  }
  const until = access.until === null ? null : new Date(access.until);
  return { yes: true, because: `${role.because}; access: ${listed}`, until: earlier(role.until, until) };
}

function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
