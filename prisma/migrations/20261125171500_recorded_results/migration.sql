-- What recordings keep of one result, or of one stream of a statement: rows, and bytes as JSON.
ALTER TABLE "Connection" ADD COLUMN "recordedRows" INTEGER NOT NULL DEFAULT 1000;
ALTER TABLE "Connection" ADD COLUMN "recordedBytes" INTEGER NOT NULL DEFAULT 262144;
ALTER TABLE "Connection" ADD CONSTRAINT "Connection_recordedRows_check" CHECK ("recordedRows" BETWEEN 0 AND 10000);
ALTER TABLE "Connection" ADD CONSTRAINT "Connection_recordedBytes_check" CHECK ("recordedBytes" BETWEEN 0 AND 786432);
