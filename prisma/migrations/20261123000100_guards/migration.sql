-- What Prisma's schema cannot say: closed sets, the audit chain's guard, and the notices that keep pages and gateways live.

-- Closed sets ---------------------------------------------------------------------------------------------------------------

ALTER TABLE "Installation" ADD CONSTRAINT "Installation_one_row" CHECK ("id" = 1);
ALTER TABLE "Person" ADD CONSTRAINT "Person_role" CHECK ("role" IN ('admin', 'reviewer', 'engineer'));
ALTER TABLE "Person" ADD CONSTRAINT "Person_email" CHECK ("email" = lower("email"));
ALTER TABLE "Token" ADD CONSTRAINT "Token_type" CHECK ("type" IN ('api', 'native'));
ALTER TABLE "Token" ADD CONSTRAINT "Token_one_owner" CHECK (num_nonnulls("personId", "serviceIdentityId") = 1);
ALTER TABLE "Connection" ADD CONSTRAINT "Connection_defaultAction" CHECK ("defaultAction" IN ('allow', 'hold', 'deny'));
ALTER TABLE "Connection" ADD CONSTRAINT "Connection_holdBehaviour" CHECK ("holdBehaviour" IN ('wait', 'refuse'));
ALTER TABLE "Approval" ADD CONSTRAINT "Approval_state" CHECK ("state" IN ('waiting', 'approved', 'denied', 'expired', 'cancelled', 'consumed', 'succeeded', 'failed', 'outcome-unknown', 'void'));
ALTER TABLE "Approval" ADD CONSTRAINT "Approval_count" CHECK ("count" >= 1);
ALTER TABLE "Decision" ADD CONSTRAINT "Decision_outcome" CHECK ("outcome" IN ('approve', 'deny'));
ALTER TABLE "Session" ADD CONSTRAINT "Session_state" CHECK ("state" IN ('live', 'closed', 'interrupted'));
ALTER TABLE "Statement" ADD CONSTRAINT "Statement_verdict" CHECK ("verdict" IN ('allow', 'hold', 'deny'));

-- The counters that gateways watch never go down, so that an old bundle or an old answer can never look new.
CREATE FUNCTION sluice_counters_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW."bundleVersion" < OLD."bundleVersion" OR NEW."revocationEpoch" < OLD."revocationEpoch" THEN
    RAISE EXCEPTION 'bundleVersion and revocationEpoch never go down' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "Installation_counters" BEFORE UPDATE ON "Installation"
  FOR EACH ROW EXECUTE FUNCTION sluice_counters_only_grow();

-- The audit chain -------------------------------------------------------------------------------------------------------------

CREATE FUNCTION sluice_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER "AuditEvent_append_only" BEFORE UPDATE OR DELETE ON "AuditEvent"
  FOR EACH ROW EXECUTE FUNCTION sluice_append_only();
CREATE TRIGGER "AuditEvent_no_truncate" BEFORE TRUNCATE ON "AuditEvent"
  FOR EACH STATEMENT EXECUTE FUNCTION sluice_append_only();
CREATE TRIGGER "PolicyVersion_append_only" BEFORE UPDATE OR DELETE ON "PolicyVersion"
  FOR EACH ROW EXECUTE FUNCTION sluice_append_only();

-- Notices ---------------------------------------------------------------------------------------------------------------------
-- `sluice_live` tells pages which list moved: {"topic", "id"}. Postgres drops duplicates within a transaction.

CREATE FUNCTION sluice_live() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
BEGIN
  PERFORM pg_notify('sluice_live', jsonb_build_object('topic', TG_ARGV[0], 'id', changed -> TG_ARGV[1])::text);
  RETURN NULL;
END $$;

CREATE TRIGGER "Approval_live" AFTER INSERT OR UPDATE ON "Approval"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('approvals', 'id');
CREATE TRIGGER "Decision_live" AFTER INSERT ON "Decision"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('approvals', 'approvalId');
CREATE TRIGGER "Session_live" AFTER INSERT OR UPDATE ON "Session"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('sessions', 'id');
CREATE TRIGGER "Connection_live" AFTER INSERT OR UPDATE ON "Connection"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('connections', 'id');
CREATE TRIGGER "SealedCredential_live" AFTER INSERT OR UPDATE OR DELETE ON "SealedCredential"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('connections', 'connectionId');
CREATE TRIGGER "ConnectionTest_live" AFTER UPDATE ON "ConnectionTest"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('connections', 'connectionId');
CREATE TRIGGER "Gateway_live" AFTER INSERT OR UPDATE ON "Gateway"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('gateways', 'id');
CREATE TRIGGER "GatewayTunnel_live" AFTER INSERT OR DELETE ON "GatewayTunnel"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('gateways', 'gatewayId');
CREATE TRIGGER "PolicyVersion_live" AFTER INSERT ON "PolicyVersion"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('policies', 'id');
CREATE TRIGGER "Person_live" AFTER INSERT OR UPDATE ON "Person"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('identities', 'id');
CREATE TRIGGER "ServiceIdentity_live" AFTER INSERT OR UPDATE ON "ServiceIdentity"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('identities', 'id');
CREATE TRIGGER "Group_live" AFTER INSERT OR UPDATE ON "Group"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('identities', 'id');
CREATE TRIGGER "Membership_live" AFTER INSERT OR DELETE ON "Membership"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('identities', 'personId');
CREATE TRIGGER "Token_live" AFTER INSERT OR UPDATE OF "revokedAt" ON "Token"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('identities', 'id');
CREATE TRIGGER "AuditEvent_live" AFTER INSERT ON "AuditEvent"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('audit', 'id');

-- `sluice_notice` is for control-plane nodes: what to pass on to a gateway's tunnel, and that a counter moved.

CREATE FUNCTION sluice_counters_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('sluice_notice', '{"type":"counters"}');
  RETURN NULL;
END $$;
CREATE TRIGGER "Installation_notice" AFTER UPDATE ON "Installation"
  FOR EACH ROW EXECUTE FUNCTION sluice_counters_notice();

CREATE FUNCTION sluice_approval_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('sluice_notice', jsonb_build_object('type', 'gateway', 'gatewayId', NEW."gatewayId",
    'notice', jsonb_build_object('type', 'approval', 'id', NEW."id"))::text);
  RETURN NULL;
END $$;
CREATE TRIGGER "Approval_notice" AFTER UPDATE OF "state" ON "Approval"
  FOR EACH ROW WHEN (OLD."state" IS DISTINCT FROM NEW."state") EXECUTE FUNCTION sluice_approval_notice();
