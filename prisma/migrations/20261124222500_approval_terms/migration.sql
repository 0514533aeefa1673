-- Approvals by stages, with a reason, a ticket, an escalation; decisions by stage and in another's stead; delegation while away.
-- Approvals of before have no demands: one stage of their approvers and count.

ALTER TABLE "Approval"
  ADD COLUMN "demands" JSONB,
  ADD COLUMN "asked" TEXT[] DEFAULT ARRAY[]::TEXT[],
  ADD COLUMN "escalateAt" TIMESTAMPTZ(3),
  ADD COLUMN "escalateTo" TEXT[] DEFAULT ARRAY[]::TEXT[],
  ADD COLUMN "escalatedAt" TIMESTAMPTZ(3),
  ADD COLUMN "statedReason" TEXT,
  ADD COLUMN "statedTicket" TEXT;
UPDATE "Approval" SET "asked" = "approvers";
CREATE INDEX "Approval_state_escalateAt_idx" ON "Approval"("state", "escalateAt");

ALTER TABLE "Decision" ADD COLUMN "forPersonId" UUID, ADD COLUMN "stage" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "Decision" ADD CONSTRAINT "Decision_forPersonId_fkey" FOREIGN KEY ("forPersonId") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Decision" ADD CONSTRAINT "Decision_not_for_oneself" CHECK ("forPersonId" IS NULL OR "forPersonId" <> "personId");
ALTER TABLE "Decision" ADD CONSTRAINT "Decision_stage" CHECK ("stage" >= 0);
DROP INDEX "Decision_approvalId_personId_key";
CREATE UNIQUE INDEX "Decision_approvalId_personId_stage_key" ON "Decision"("approvalId", "personId", "stage");
CREATE INDEX "Decision_forPersonId_idx" ON "Decision"("forPersonId");

CREATE TABLE "Delegation" (
  "id" UUID NOT NULL,
  "fromPersonId" UUID NOT NULL,
  "toPersonId" UUID NOT NULL,
  "reason" TEXT NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "startsAt" TIMESTAMPTZ(3) NOT NULL,
  "endsAt" TIMESTAMPTZ(3) NOT NULL,
  "endedAt" TIMESTAMPTZ(3),
  CONSTRAINT "Delegation_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Delegation_not_to_oneself" CHECK ("fromPersonId" <> "toPersonId"),
  CONSTRAINT "Delegation_period" CHECK ("startsAt" < "endsAt")
);
CREATE INDEX "Delegation_toPersonId_endsAt_idx" ON "Delegation"("toPersonId", "endsAt");
CREATE INDEX "Delegation_fromPersonId_endsAt_idx" ON "Delegation"("fromPersonId", "endsAt");
ALTER TABLE "Delegation" ADD CONSTRAINT "Delegation_fromPersonId_fkey" FOREIGN KEY ("fromPersonId") REFERENCES "Person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "Delegation" ADD CONSTRAINT "Delegation_toPersonId_fkey" FOREIGN KEY ("toPersonId") REFERENCES "Person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE TRIGGER "Delegation_live" AFTER INSERT OR UPDATE ON "Delegation"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('approvals', 'id');
