-- CreateTable
CREATE TABLE "Grant" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "personId" UUID,
    "serviceIdentityId" UUID,
    "connectionId" UUID,
    "selector" JSONB,
    "bounds" JSONB,
    "reason" TEXT NOT NULL,
    "grantedById" UUID,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startsAt" TIMESTAMPTZ(3) NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "revokedAt" TIMESTAMPTZ(3),
    "revokedById" UUID,
    "reviewedAt" TIMESTAMPTZ(3),
    "reviewedById" UUID,
    "reviewComment" TEXT,

    CONSTRAINT "Grant_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Grant_personId_expiresAt_idx" ON "Grant"("personId", "expiresAt");
CREATE INDEX "Grant_serviceIdentityId_expiresAt_idx" ON "Grant"("serviceIdentityId", "expiresAt");
CREATE INDEX "Grant_connectionId_expiresAt_idx" ON "Grant"("connectionId", "expiresAt");
CREATE INDEX "Grant_kind_expiresAt_idx" ON "Grant"("kind", "expiresAt");

-- AddForeignKey
ALTER TABLE "Grant" ADD CONSTRAINT "Grant_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Grant" ADD CONSTRAINT "Grant_serviceIdentityId_fkey" FOREIGN KEY ("serviceIdentityId") REFERENCES "ServiceIdentity"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Grant" ADD CONSTRAINT "Grant_connectionId_fkey" FOREIGN KEY ("connectionId") REFERENCES "Connection"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Grant" ADD CONSTRAINT "Grant_grantedById_fkey" FOREIGN KEY ("grantedById") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Grant" ADD CONSTRAINT "Grant_revokedById_fkey" FOREIGN KEY ("revokedById") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Grant" ADD CONSTRAINT "Grant_reviewedById_fkey" FOREIGN KEY ("reviewedById") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Guards
ALTER TABLE "Grant" ADD CONSTRAINT "Grant_kind" CHECK ("kind" IN ('just-in-time', 'unmask', 'break-glass', 'alike'));
ALTER TABLE "Grant" ADD CONSTRAINT "Grant_one_holder" CHECK (num_nonnulls("personId", "serviceIdentityId") = 1);
ALTER TABLE "Grant" ADD CONSTRAINT "Grant_one_scope" CHECK (num_nonnulls("connectionId", "selector") = 1);
ALTER TABLE "Grant" ADD CONSTRAINT "Grant_ends" CHECK ("expiresAt" > "startsAt");
-- Reading unmasked and acting in an emergency are a person's own, never a service identity's.
ALTER TABLE "Grant" ADD CONSTRAINT "Grant_people_only" CHECK ("kind" NOT IN ('unmask', 'break-glass') OR "personId" IS NOT NULL);
