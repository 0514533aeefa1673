-- What a gateway kept of an approved change, and the last revert that was asked for.
ALTER TABLE "Approval" ADD COLUMN "undo" JSONB;
ALTER TABLE "Approval" ADD COLUMN "revert" JSONB;
