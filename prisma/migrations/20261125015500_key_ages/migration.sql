-- Since when each of the installation's keys is in use. For an installation of before it is the last rotation that the audit chain
-- knows of, else its first start: no key is made to look younger than it is.
CREATE TABLE "KeyInUse" (
    "kind" TEXT NOT NULL,
    "mark" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "KeyInUse_pkey" PRIMARY KEY ("kind"),
    CONSTRAINT "KeyInUse_kind_check" CHECK ("kind" IN ('master', 'cookie'))
);

ALTER TABLE "Installation" ADD COLUMN "signingKeySince" TIMESTAMPTZ(3);
UPDATE "Installation" SET "signingKeySince" = COALESCE(
    (SELECT max("at") FROM "AuditEvent" WHERE "action" = 'keys.finishRotation' AND "sentence" LIKE '%bundle-signing key%'),
    "createdAt");
ALTER TABLE "Installation" ALTER COLUMN "signingKeySince" SET NOT NULL;
ALTER TABLE "Installation" ALTER COLUMN "signingKeySince" SET DEFAULT CURRENT_TIMESTAMP;
