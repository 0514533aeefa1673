-- Passkeys of people, and connections whose decisions have to be signed by one.

CREATE TABLE "Passkey" (
    "id" UUID NOT NULL,
    "personId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "credentialId" TEXT NOT NULL,
    "publicKey" TEXT NOT NULL,
    "counter" BIGINT NOT NULL DEFAULT 0,
    "transports" TEXT[],
    "backedUp" BOOLEAN NOT NULL DEFAULT false,
    "vouch" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastUsedAt" TIMESTAMPTZ(3),
    "removedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Passkey_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Passkey_credentialId_key" ON "Passkey"("credentialId");
CREATE INDEX "Passkey_personId_idx" ON "Passkey"("personId");
ALTER TABLE "Passkey" ADD CONSTRAINT "Passkey_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "Passkey" ADD CONSTRAINT "Passkey_counter" CHECK ("counter" >= 0);
CREATE TRIGGER "Passkey_live" AFTER INSERT OR UPDATE OF "name", "removedAt" ON "Passkey"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('identities', 'personId');

ALTER TABLE "Connection" ADD COLUMN "stepUp" TEXT NOT NULL DEFAULT 'none';
ALTER TABLE "Connection" ADD CONSTRAINT "Connection_stepUp" CHECK ("stepUp" IN ('none', 'passkey'));
