-- Public keys that people and agents sign in with stand among their tokens: their hash is of the key's fingerprint, marked so that no
-- secret has it.
ALTER TABLE "Token" DROP CONSTRAINT "Token_type";
ALTER TABLE "Token" ADD CONSTRAINT "Token_type" CHECK ("type" IN ('api', 'native', 'public-key', 'certificate'));
