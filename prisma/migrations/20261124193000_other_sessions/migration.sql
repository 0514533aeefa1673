-- AlterTable
ALTER TABLE "TargetSessionCheck" ADD COLUMN "claiming" INTEGER NOT NULL DEFAULT 0;
