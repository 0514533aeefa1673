-- AlterTable
ALTER TABLE "SealedCredential" ALTER COLUMN "purpose" SET DEFAULT 'writer';

-- CreateTable
CREATE TABLE "TargetSessionCheck" (
    "connectionId" UUID NOT NULL,
    "gatewayId" UUID NOT NULL,
    "checkedAt" TIMESTAMPTZ(3) NOT NULL,
    "sessions" JSONB NOT NULL DEFAULT '[]',
    "total" INTEGER NOT NULL DEFAULT 0,
    "problem" TEXT,

    CONSTRAINT "TargetSessionCheck_pkey" PRIMARY KEY ("connectionId")
);

-- AddForeignKey
ALTER TABLE "TargetSessionCheck" ADD CONSTRAINT "TargetSessionCheck_connectionId_fkey" FOREIGN KEY ("connectionId") REFERENCES "Connection"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- A connection's one credential of before is its writer's.
UPDATE "SealedCredential" SET "purpose" = 'writer' WHERE "purpose" = 'main';
ALTER TABLE "SealedCredential" ADD CONSTRAINT "SealedCredential_purpose" CHECK ("purpose" IN ('writer', 'reader'));
CREATE TRIGGER "TargetSessionCheck_live" AFTER INSERT OR UPDATE ON "TargetSessionCheck"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('connections', 'connectionId');
