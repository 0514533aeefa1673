/** Branded identifiers. All are UUIDv7 in text form (RFC 9562, 5.7), minted by `@sluice/keys`' `newId`. */
declare const brand: unique symbol;
export type Id<Name extends string> = string & { readonly [brand]: Name };

export type PersonId = Id<'Person'>;
export type ServiceIdentityId = Id<'ServiceIdentity'>;
export type GatewayId = Id<'Gateway'>;
export type ConnectionId = Id<'Connection'>;
export type SessionId = Id<'Session'>;
export type StatementId = Id<'Statement'>;
export type ApprovalId = Id<'Approval'>;
export type PolicyVersionId = Id<'PolicyVersion'>;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isId(value: string): boolean {
  return uuidPattern.test(value);
}
