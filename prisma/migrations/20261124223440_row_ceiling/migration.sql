-- Rows that an approved statement may change; null: any number.
ALTER TABLE "Approval" ADD COLUMN "ceiling" INTEGER;
ALTER TABLE "Approval" ADD CONSTRAINT "Approval_ceiling" CHECK ("ceiling" > 0);
