-- When a statement of a connection is recorded well enough to be forwarded, and what keeps a gateway's spool from recording.
ALTER TABLE "Connection" ADD COLUMN "durability" TEXT NOT NULL DEFAULT 'written';
ALTER TABLE "Connection" ADD CONSTRAINT "Connection_durability_check" CHECK ("durability" IN ('written', 'synced'));
ALTER TABLE "Gateway" ADD COLUMN "spoolProblem" TEXT;
