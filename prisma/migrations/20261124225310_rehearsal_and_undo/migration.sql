-- Both are off until somebody asks for them.
ALTER TABLE "Connection" ADD COLUMN "rehearsal" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "Connection" ADD COLUMN "undo" BOOLEAN NOT NULL DEFAULT false;
