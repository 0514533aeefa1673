import type { LabelSelector } from './label-selector.ts';
import { describeSelector, matchesLabels } from './label-selector.ts';
import type { Permission } from './permissions.ts';
import { permissionScope } from './permissions.ts';

/** How somebody came to a role: their own base role, an assignment to them, or one to a group that they are in. */
export type Via =
  | { readonly kind: 'base' }
  | { readonly kind: 'person' }
  | { readonly kind: 'group'; readonly group: string };

/** One role that somebody holds, and for which connections. */
export interface HeldRole {
  readonly role: string;
  readonly permissions: readonly Permission[];
  /** Empty: every connection, and the installation itself. */
  readonly selector: LabelSelector;
  /** Only these of them; null: all. */
  readonly connectionIds: readonly string[] | null;
  readonly via: Via;
  readonly expiresAt: Date | null;
}

/**
 * What somebody may do: the roles that they hold, at this moment. `within` is what bounds them: an agent may do nothing that no one
 * of those it acts for may do. An empty `within` is nobody, and so is nothing.
 */
export interface Rights {
  readonly roles: readonly HeldRole[];
  readonly within: readonly Owner[] | null;
}
export interface Owner {
  readonly name: string;
  readonly rights: Rights;
}

/** The connection that a question is about. */
export interface Place {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A yes or no with the sentence that says why. `until` is when the yes ends by itself. */
export interface Answer {
  readonly yes: boolean;
  readonly because: string;
  readonly until: Date | null;
}

/** The rights of nobody. */
export const noRights: Rights = { roles: [], within: null };

/**
 * Whether somebody may. The one place that decides it. `place` is the connection that it is about; null asks for everything: every
 * connection there is or will be, or the installation itself.
 */
export function can(rights: Rights, permission: Permission, place: Place | null): Answer {
  const held = rights.roles.filter((role) => gives(role, permission, place));
  if (held.length === 0) return no(whyNot(rights, permission, place));
  const [last] = held.toSorted(byEnd);
  const own: Answer = { yes: true, because: describeHeld(last as HeldRole), until: (last as HeldRole).expiresAt };
  if (rights.within === null) return own;
  const owners = rights.within.map((owner) => ({ owner, answer: can(owner.rights, permission, place) }));
  const bound = owners.find(({ answer }) => answer.yes);
  if (bound === undefined) return no(whyNoOwner(owners));
  return {
    yes: true,
    because: `${own.because}, within ${bound.owner.name}’s: ${bound.answer.because}`,
    until: earlier(own.until, bound.answer.until),
  };
}

/** Whether somebody may for at least one connection, or at all where it is no matter of connections. */
export function canSomewhere(rights: Rights, permission: Permission): boolean {
  if (permissionScope(permission) !== 'connection') return can(rights, permission, null).yes;
  if (!rights.roles.some((role) => role.permissions.includes(permission))) return false;
  return rights.within === null || rights.within.some((owner) => canSomewhere(owner.rights, permission));
}

/** The roles that somebody holds on a connection, the base role among them. */
export function rolesHeldOn(rights: Rights, place: Place): readonly HeldRole[] {
  return rights.roles.filter((held) => isFor(held, place));
}

/** Their names, each once; sorted. */
export function rolesOn(rights: Rights, place: Place): string[] {
  return [...new Set(rolesHeldOn(rights, place).map(({ role }) => role))].sort();
}

/**
 * Whether somebody may give this to others: nobody gives what they do not hold themselves, for at least the same connections and at
 * least as long.
 */
export function mayGive(rights: Rights, permission: Permission, selector: LabelSelector, until: Date | null): boolean {
  return (
    rights.within === null &&
    rights.roles.some(
      (held) =>
        held.permissions.includes(permission) &&
        held.connectionIds === null &&
        covers(held.selector, selector) &&
        (held.expiresAt === null || (until !== null && until <= held.expiresAt)),
    )
  );
}

/** Whether every connection that `inner` chooses is one that `outer` chooses. */
export function covers(outer: LabelSelector, inner: LabelSelector): boolean {
  return Object.entries(outer).every(([label, values]) => {
    const wanted = Object.hasOwn(inner, label) ? inner[label] : undefined;
    return wanted?.every((value) => values.includes(value)) === true;
  });
}

function gives(held: HeldRole, permission: Permission, place: Place | null): boolean {
  if (!held.permissions.includes(permission)) return false;
  switch (permissionScope(permission)) {
    case 'personal':
      return true;
    case 'installation':
      return isEverything(held);
    case 'connection':
      return place === null ? isEverything(held) : isFor(held, place);
  }
}

function isEverything({ selector, connectionIds }: HeldRole): boolean {
  return connectionIds === null && Object.keys(selector).length === 0;
}

function isFor({ selector, connectionIds }: HeldRole, { id, labels }: Place): boolean {
  return (connectionIds === null || connectionIds.includes(id)) && matchesLabels(selector, labels);
}

/** Those that last longest first: what never ends, then the latest end. */
function byEnd(a: HeldRole, b: HeldRole): number {
  return endOf(b) - endOf(a);
}

function endOf(held: HeldRole): number {
  return held.expiresAt?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

function no(because: string): Answer {
  return { yes: false, because, until: null };
}

function describeHeld({ role, via, ...where }: HeldRole): string {
  const how = via.kind === 'base' ? '' : via.kind === 'group' ? ` through group ${via.group}` : ', assigned';
  return `by role ${role}${how} on ${describePlaces(where)}`;
}

function whyNot(rights: Rights, permission: Permission, place: Place | null): string {
  const elsewhere = rights.roles.filter((held) => held.permissions.includes(permission));
  if (elsewhere.length === 0) {
    const names = [...new Set(rights.roles.map(({ role }) => role))];
    return names.length === 0 ? 'no role' : `no role gives it (${names.join(', ')})`;
  }
  const [held] = elsewhere as [HeldRole];
  return place === null
    ? `role ${held.role} gives it on ${describePlaces(held)} only`
    : `role ${held.role} gives it on ${describePlaces(held)}, which this is not`;
}

function whyNoOwner(owners: readonly { readonly owner: Owner; readonly answer: Answer }[]): string {
  const [first] = owners;
  if (first === undefined) return 'nobody it acts for is active';
  return owners.length === 1
    ? `its owner ${first.owner.name} may not: ${first.answer.because}`
    : `none of the ${owners.length} people it acts for may`;
}

function describePlaces({ selector, connectionIds }: Pick<HeldRole, 'selector' | 'connectionIds'>): string {
  if (connectionIds === null) return describeSelector(selector);
  const listed = connectionIds.length === 1 ? 'one listed connection' : `${connectionIds.length} listed connections`;
  return Object.keys(selector).length === 0 ? listed : `${listed} among ${describeSelector(selector)}`;
}
