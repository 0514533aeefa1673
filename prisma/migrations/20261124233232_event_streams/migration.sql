-- Where audit and statement events are sent, each with cursors of its own, so that any control-plane node can carry on.
CREATE TABLE "EventStream" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "settings" JSONB NOT NULL,
    "secretSealed" TEXT,
    "audit" BOOLEAN NOT NULL DEFAULT true,
    "statements" BOOLEAN NOT NULL DEFAULT true,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "auditCursor" INTEGER NOT NULL,
    "chunkTransaction" BIGINT NOT NULL,
    "chunkArrival" BIGINT NOT NULL,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "nextTryAt" TIMESTAMPTZ(3),
    "lastError" TEXT,
    "lastSentAt" TIMESTAMPTZ(3),
    "sent" BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT "EventStream_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "EventStream_name_key" ON "EventStream"("name");

-- The order in which chunks became visible: by the transaction that stored them, then by their number. What a transaction that still
-- runs has stored comes after everything that a finished one did, whatever its number is.
ALTER TABLE "RecordingChunk" ADD COLUMN "arrival" BIGSERIAL;
ALTER TABLE "RecordingChunk" ADD COLUMN "transaction" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
CREATE INDEX "RecordingChunk_transaction_arrival_idx" ON "RecordingChunk"("transaction", "arrival");
