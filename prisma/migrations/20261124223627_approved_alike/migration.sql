-- A decision may cover others like it for a while: what the statement's facts allow, and what each decision gave.
ALTER TABLE "Approval" ADD COLUMN "alikeOffer" JSONB;
ALTER TABLE "Decision" ADD COLUMN "alikeMinutes" INTEGER, ADD COLUMN "alikeRows" INTEGER;
ALTER TABLE "Decision" ADD CONSTRAINT "Decision_alike" CHECK (
  num_nonnulls("alikeMinutes", "alikeRows") IN (0, 2) AND ("alikeMinutes" IS NULL OR ("outcome" = 'approve' AND "alikeMinutes" > 0 AND "alikeRows" > 0)));
