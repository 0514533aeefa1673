import type { AccessRuleView } from '@sluice/api';
import type { LabelSelector } from '@sluice/domain';

/** What the rule dialog holds, and what it says to the API. Pure. */
export interface RuleDraft {
  readonly mode: 'connect' | 'request' | 'break-glass';
  readonly subjectKind: 'everyone' | 'role' | 'group' | 'person' | 'service';
  /** A role's name, or an id. */
  readonly subject: string;
  /** `env=prod,staging team=shop`; empty: every connection. Not asked for where the rule is one connection's. */
  readonly labels: string;
  readonly approvers: string;
  readonly count: string;
  readonly minutes: string;
  readonly networks: string;
  readonly weekdays: string;
  readonly from: string;
  readonly to: string;
  readonly zone: string;
  readonly note: string;
  readonly expiresAt: Date | null;
}

export const emptyDraft: RuleDraft = {
  mode: 'connect',
  subjectKind: 'group',
  subject: '',
  labels: '',
  approvers: 'reviewer',
  count: '1',
  minutes: '',
  networks: '',
  weekdays: '',
  from: '09:00',
  to: '17:00',
  zone: 'UTC',
  note: '',
  expiresAt: null,
};

const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** A rule as its form shows it. Null: it has more hours than one window, which the form cannot show. */
export function draftOfRule(rule: AccessRuleView): RuleDraft | null {
  const [window, another] = rule.windows;
  if (another !== undefined) return null;
  const { kind, id, name } = rule.subject;
  return {
    mode: rule.mode,
    subjectKind: subjectKindOf(kind),
    subject: kind === 'role' ? name : (id ?? ''),
    labels: selectorText(rule.selector ?? {}),
    approvers: rule.approvers.join(' '),
    count: String(rule.approvalCount),
    minutes: rule.maxSeconds === null ? '' : String(Math.round(rule.maxSeconds / 60)),
    networks: rule.networks.join(' '),
    weekdays: (window?.weekdays ?? []).map((day) => dayNames[day - 1] ?? '').join(' '),
    from: window?.from ?? emptyDraft.from,
    to: window?.to ?? emptyDraft.to,
    zone: window?.zone ?? emptyDraft.zone,
    note: rule.note,
    expiresAt: rule.expiresAt,
  };
}

function subjectKindOf(kind: string): RuleDraft['subjectKind'] {
  return kind === 'role' || kind === 'group' || kind === 'person' || kind === 'service' ? kind : 'everyone';
}

/** A selector as the field's text. */
export function selectorText(selector: LabelSelector): string {
  return Object.entries(selector)
    .map(([key, values]) => `${key}=${values.join(',')}`)
    .join(' ');
}

/** Words between commas or blanks. */
export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

/** `env=prod,staging team=shop` as a selector; null where a part is not of that form. */
export function readSelector(text: string): Record<string, string[]> | null {
  const selector: Record<string, string[]> = {};
  for (const part of text.split(/\s+/).filter((one) => one !== '')) {
    const [, key, values] = /^([^=]+)=(.+)$/.exec(part) ?? [];
    if (key === undefined || values === undefined) return null;
    selector[key] = values.split(',').filter((value) => value !== '');
  }
  return selector;
}

const dayNumbers: Readonly<Record<string, number>> = { mon: 1, tue: 2, wed: 3, thu: 4, fri: 5, sat: 6, sun: 7 };

/** `mon-fri` or `sat sun` as numbers; null for another word, empty for none. */
export function readWeekdays(text: string): number[] | null {
  const days = new Set<number>();
  for (const word of words(text.toLowerCase())) {
    const [first, last] = word.split('-').map((name) => dayNumbers[name.slice(0, 3)]);
    if (first === undefined || (word.includes('-') && last === undefined)) return null;
    for (let day = first; day <= (last ?? first); day++) days.add(day);
  }
  return [...days].sort();
}

type Subject =
  | { kind: 'everyone' }
  | { kind: 'role'; name: string }
  | { kind: 'group' | 'person' | 'service'; id: string };

/** The draft as the API takes it, or what is missing. */
export function readDraft(draft: RuleDraft, connectionId: string | null) {
  const selector = readSelector(draft.labels);
  const weekdays = readWeekdays(draft.weekdays);
  const { mode, subjectKind } = draft;
  if (selector === null) return { ok: false, problem: 'Labels read like env=prod,staging team=shop.' } as const;
  if (weekdays === null) return { ok: false, problem: 'Weekdays read like mon-fri or sat sun.' } as const;
  if (subjectKind !== 'everyone' && draft.subject === '') return { ok: false, problem: 'Choose who.' } as const;
  const subject: Subject =
    subjectKind === 'everyone'
      ? { kind: subjectKind }
      : subjectKind === 'role'
        ? { kind: subjectKind, name: draft.subject }
        : { kind: subjectKind, id: draft.subject };
  const { from, to, zone, note } = draft;
  return {
    ok: true,
    rule: {
      mode,
      subject,
      scope: connectionId === null ? { selector } : { connectionId },
      networks: words(draft.networks),
      windows: weekdays.length === 0 ? [] : [{ zone, weekdays, from, to }],
      note,
      ...(draft.expiresAt === null ? {} : { expiresAt: draft.expiresAt }),
      ...(mode === 'request' ? { approvers: words(draft.approvers), approvalCount: Number(draft.count) } : {}),
      ...(mode === 'connect' || draft.minutes === '' ? {} : { maxSeconds: Number(draft.minutes) * 60 }),
    },
  } as const;
}
