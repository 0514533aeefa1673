-- Public halves of the signing keys that were in force before: what they signed, the log of checkpoints above all, is verified by them.
ALTER TABLE "Installation" ADD COLUMN "formerSigningKeys" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];
