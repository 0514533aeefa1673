-- What a held statement would touch, as its gateway told; null for those of before.
ALTER TABLE "Approval" ADD COLUMN "impact" JSONB;
