/** What a hold asks for, from the rule's source; and what of it a requester still owes. */
import type { HoldDemands, HoldStage, HoldTerms, TicketDemand } from '@sluice/domain';
import { matchesWhole } from './condition.ts';
import { alikeMinutesOf, type HoldRuleSource, parseDuration } from './schema.ts';

/** The short form, with nothing but approvers and a count, carries no `demands`. The schema has checked every duration. */
export function holdTermsOf(rule: HoldRuleSource): HoldTerms {
  const stages: readonly HoldStage[] = rule.stages ?? [{ approvers: rule.approvers ?? [], count: rule.count ?? 1 }];
  const plain = {
    approvers: [...new Set(stages.flatMap((stage) => stage.approvers))],
    count: stages.reduce((sum, stage) => sum + stage.count, 0),
    owner: rule.owner,
    expiresSeconds: parseDuration(rule.expires) ?? 0,
    ...(rule.ceiling === undefined ? {} : { ceiling: rule.ceiling }),
  };
  const demands = demandsOf(rule, stages);
  return demands === null ? plain : { ...plain, demands };
}

function demandsOf(rule: HoldRuleSource, stages: readonly HoldStage[]): HoldDemands | null {
  const { escalate, reason, comment, ticket, alike } = rule;
  const asked = [escalate, reason, comment, ticket, alike].some((demand) => demand !== undefined);
  if (stages.length === 1 && !asked) return null;
  return {
    stages: stages.map(({ approvers, count }) => ({ approvers: [...approvers], count })),
    samePerson: rule['same-person'] === true,
    escalate:
      escalate === undefined ? null : { afterSeconds: parseDuration(escalate.after) ?? 0, to: [...escalate.to] },
    reason: reason === 'required',
    comment: comment === 'required',
    ticket:
      ticket === undefined
        ? null
        : { required: ticket.required, pattern: ticket.pattern ?? null, link: ticket.link ?? null },
    ...(alike === undefined ? {} : { alikeMinutes: alikeMinutesOf(alike) }),
  };
}

/** Whether a ticket has the form that the rule asks for. Linear in its length. */
export function isTicket(demand: TicketDemand | null, ticket: string): boolean {
  return demand === null || demand.pattern === null || matchesWhole(ticket, demand.pattern);
}

/** Where a ticket can be read, or null. Only the place of `{ticket}` comes from the requester, encoded. */
export function ticketLink(demand: TicketDemand | null, ticket: string): string | null {
  return demand === null || demand.link === null
    ? null
    : demand.link.replaceAll('{ticket}', () => encodeURIComponent(ticket));
}

/** What the requester still has to say before anybody can approve, as a clause: `a reason and a ticket`; null: nothing. */
export function missingOf(
  demands: HoldDemands | null,
  stated: { readonly reason: string | null; readonly ticket: string | null },
): string | null {
  if (demands === null) return null;
  const missing: string[] = [];
  if (demands.reason && stated.reason === null) missing.push('a reason');
  if (demands.ticket?.required === true && stated.ticket === null) missing.push('a ticket');
  return missing.length === 0 ? null : missing.join(' and ');
}
