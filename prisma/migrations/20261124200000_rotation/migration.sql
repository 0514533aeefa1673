-- AlterTable
ALTER TABLE "SealedCredential" ADD COLUMN "pending" JSONB;
