-- The links that join the sessions of a gateway, as their chunks bear them: which chunk bears which number. Two rows with one number
-- are a fork, which is kept and told.
CREATE TABLE "ChainLink" (
    "sessionId" UUID NOT NULL,
    "chunkIndex" INTEGER NOT NULL,
    "gatewayId" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    CONSTRAINT "ChainLink_pkey" PRIMARY KEY ("sessionId", "chunkIndex")
);
CREATE INDEX "ChainLink_gatewayId_number_idx" ON "ChainLink"("gatewayId", "number");
ALTER TABLE "ChainLink" ADD CONSTRAINT "ChainLink_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- The control plane's own signed log of the checkpoints that gateways sent, one chain per gateway.
CREATE TABLE "Checkpoint" (
    "gatewayId" UUID NOT NULL,
    "entry" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "headNumber" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL,
    "hash" TEXT NOT NULL,
    "line" TEXT NOT NULL,
    "entryHash" TEXT NOT NULL,
    "entryLine" TEXT NOT NULL,
    CONSTRAINT "Checkpoint_pkey" PRIMARY KEY ("gatewayId", "entry")
);
CREATE UNIQUE INDEX "Checkpoint_gatewayId_hash_key" ON "Checkpoint"("gatewayId", "hash");
CREATE INDEX "Checkpoint_gatewayId_at_idx" ON "Checkpoint"("gatewayId", "at");
ALTER TABLE "Checkpoint" ADD CONSTRAINT "Checkpoint_gatewayId_fkey" FOREIGN KEY ("gatewayId") REFERENCES "Gateway"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE TRIGGER "Checkpoint_append_only" BEFORE UPDATE OR DELETE ON "Checkpoint"
  FOR EACH ROW EXECUTE FUNCTION sluice_append_only();
CREATE TRIGGER "Checkpoint_no_truncate" BEFORE TRUNCATE ON "Checkpoint"
  FOR EACH STATEMENT EXECUTE FUNCTION sluice_append_only();
