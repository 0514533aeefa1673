import type { PolicyRule } from './rules.ts';

/** A rule as a plain sentence, for people who may read the policy. It shows the condition, so it is never part of a refusal. */
export function describeRule(rule: PolicyRule): string {
  return `${capital(whatItDoes(rule))} ${condition(rule.when)}.`;
}

function whatItDoes(rule: PolicyRule): string {
  switch (rule.action) {
    case 'allow':
      return 'allows the statement';
    case 'deny':
      return 'denies the statement';
    case 'hold':
      return `${holdSentence(rule)}${ceilingWords(rule)}`;
    case 'mask':
      return maskSentence(rule);
    case 'limit':
      return limitSentence(rule);
    case 'monitor':
      return `only notes that it would ${rule.would ?? 'allow'} the statement`;
  }
}

function holdSentence({ hold }: PolicyRule): string {
  if (hold === null) return 'holds the statement';
  const { demands } = hold;
  const stages = demands?.stages ?? [{ approvers: hold.approvers, count: hold.count }];
  const asked = stages.map(({ approvers, count }) => {
    const among = hold.owner ? [...approvers, "the agent's owner"] : approvers;
    return `${count === 1 ? 'one person' : `${count} people`} among ${listWords(among, 'or')} ${count === 1 ? 'approves' : 'approve'}`;
  });
  const parts = [`holds the statement for up to ${durationWords(hold.expiresSeconds)} until ${asked.join(', then ')}`];
  if (demands === undefined) return parts.join('');
  if (demands.samePerson && stages.length > 1) parts.push('one person may answer in several stages');
  if (demands.escalate !== null)
    parts.push(
      `after ${durationWords(demands.escalate.afterSeconds)} ${listWords(demands.escalate.to, 'and')} may answer too`,
    );
  const owed = [...(demands.reason ? ['a reason'] : []), ...(demands.ticket?.required === true ? ['a ticket'] : [])];
  if (owed.length > 0) parts.push(`the requester must give ${listWords(owed, 'and')}`);
  if (demands.comment) parts.push('whoever decides must say why');
  if (demands.alikeMinutes !== undefined)
    parts.push(
      demands.alikeMinutes === 0
        ? 'a decision covers this statement only'
        : `a decision may cover others like it for up to ${durationWords(demands.alikeMinutes * 60)}`,
    );
  return parts.join('; ');
}

function ceilingWords({ hold }: PolicyRule): string {
  const ceiling = hold?.ceiling;
  if (ceiling === undefined) return '';
  return `, and takes it back where it changes more than ${numberWords(ceiling)} ${ceiling === 1 ? 'row' : 'rows'},`;
}

function maskSentence(rule: PolicyRule): string {
  const parts: string[] = [];
  const columns = rule.mask?.columns ?? [];
  const detectors = rule.mask?.detectors ?? [];
  if (columns.length > 0) parts.push(`the columns ${listWords(columns, 'and')}`);
  if (detectors.length > 0) parts.push(`what the detectors ${listWords(detectors, 'and')} find`);
  return `masks ${parts.join(', and ')} as ${rule.mask?.dataClass ?? ''} data (${rule.mask?.strategy ?? ''})`;
}

function limitSentence(rule: PolicyRule): string {
  const { rows, bytes, perMinute, chatter } = rule.limit ?? {
    rows: null,
    bytes: null,
    perMinute: null,
    chatter: false,
  };
  const parts: string[] = [];
  if (rows !== null) parts.push(`stops a result after ${numberWords(rows)} ${rows === 1 ? 'row' : 'rows'}`);
  if (bytes !== null) parts.push(`stops a result after ${numberWords(bytes)} ${bytes === 1 ? 'byte' : 'bytes'}`);
  if (perMinute !== null)
    parts.push(
      `lets ${numberWords(perMinute)} ${perMinute === 1 ? 'statement' : 'statements'} a minute pass${chatter ? ', session chatter included' : ''}`,
    );
  return listWords(parts, 'and');
}

/** Thousands apart, whatever the machine's locale. */
function numberWords(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function condition(when: string): string {
  const text = when.trim().replace(/\s+/g, ' ');
  return text === 'true' ? 'always' : `when ${text}`;
}

function durationWords(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ];
  const [size, word] = units.find(([length]) => seconds >= length && seconds % length === 0) ?? [1, 'second'];
  const number = seconds / size;
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

function listWords(words: readonly string[], joiner: 'and' | 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${joiner} ${words.at(-1) ?? ''}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
