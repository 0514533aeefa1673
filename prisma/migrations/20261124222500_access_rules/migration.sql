-- CreateTable
CREATE TABLE "AccessRule" (
    "id" UUID NOT NULL,
    "mode" TEXT NOT NULL,
    "subjectKind" TEXT NOT NULL,
    "role" TEXT,
    "groupId" UUID,
    "personId" UUID,
    "serviceIdentityId" UUID,
    "connectionId" UUID,
    "selector" JSONB,
    "windows" JSONB NOT NULL DEFAULT '[]',
    "networks" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "approvers" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "approvalCount" INTEGER NOT NULL DEFAULT 1,
    "maxSeconds" INTEGER,
    "note" TEXT NOT NULL DEFAULT '',
    "expiresAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdById" UUID,

    CONSTRAINT "AccessRule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AccessRequest" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "personId" UUID,
    "serviceIdentityId" UUID,
    "connectionId" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "seconds" INTEGER NOT NULL,
    "approvers" TEXT[],
    "approvalCount" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "settledAt" TIMESTAMPTZ(3),
    "grantId" UUID,

    CONSTRAINT "AccessRequest_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AccessDecision" (
    "id" UUID NOT NULL,
    "requestId" UUID NOT NULL,
    "personId" UUID NOT NULL,
    "outcome" TEXT NOT NULL,
    "comment" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AccessDecision_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "MaintenanceWindow" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "selector" JSONB NOT NULL,
    "schedule" JSONB NOT NULL,
    "note" TEXT NOT NULL DEFAULT '',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdById" UUID,

    CONSTRAINT "MaintenanceWindow_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "AccessRule_connectionId_idx" ON "AccessRule"("connectionId");
CREATE UNIQUE INDEX "AccessRequest_grantId_key" ON "AccessRequest"("grantId");
CREATE INDEX "AccessRequest_state_expiresAt_idx" ON "AccessRequest"("state", "expiresAt");
CREATE INDEX "AccessRequest_personId_idx" ON "AccessRequest"("personId");
CREATE INDEX "AccessRequest_serviceIdentityId_idx" ON "AccessRequest"("serviceIdentityId");
CREATE INDEX "AccessDecision_personId_idx" ON "AccessDecision"("personId");
CREATE UNIQUE INDEX "AccessDecision_requestId_personId_key" ON "AccessDecision"("requestId", "personId");

-- AddForeignKey
ALTER TABLE "AccessRule" ADD CONSTRAINT "AccessRule_groupId_fkey" FOREIGN KEY ("groupId") REFERENCES "Group"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "AccessRule" ADD CONSTRAINT "AccessRule_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "AccessRule" ADD CONSTRAINT "AccessRule_serviceIdentityId_fkey" FOREIGN KEY ("serviceIdentityId") REFERENCES "ServiceIdentity"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "AccessRule" ADD CONSTRAINT "AccessRule_connectionId_fkey" FOREIGN KEY ("connectionId") REFERENCES "Connection"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "AccessRule" ADD CONSTRAINT "AccessRule_createdById_fkey" FOREIGN KEY ("createdById") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "AccessRequest" ADD CONSTRAINT "AccessRequest_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "AccessRequest" ADD CONSTRAINT "AccessRequest_serviceIdentityId_fkey" FOREIGN KEY ("serviceIdentityId") REFERENCES "ServiceIdentity"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "AccessRequest" ADD CONSTRAINT "AccessRequest_connectionId_fkey" FOREIGN KEY ("connectionId") REFERENCES "Connection"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "AccessRequest" ADD CONSTRAINT "AccessRequest_grantId_fkey" FOREIGN KEY ("grantId") REFERENCES "Grant"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "AccessDecision" ADD CONSTRAINT "AccessDecision_requestId_fkey" FOREIGN KEY ("requestId") REFERENCES "AccessRequest"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "AccessDecision" ADD CONSTRAINT "AccessDecision_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "MaintenanceWindow" ADD CONSTRAINT "MaintenanceWindow_createdById_fkey" FOREIGN KEY ("createdById") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Guards
ALTER TABLE "AccessRule" ADD CONSTRAINT "AccessRule_mode" CHECK ("mode" IN ('connect', 'request', 'break-glass'));
ALTER TABLE "AccessRule" ADD CONSTRAINT "AccessRule_subject" CHECK (
  CASE "subjectKind"
    WHEN 'everyone' THEN num_nonnulls("role", "groupId", "personId", "serviceIdentityId") = 0
    WHEN 'role' THEN "role" IS NOT NULL AND num_nonnulls("groupId", "personId", "serviceIdentityId") = 0
    WHEN 'group' THEN "groupId" IS NOT NULL AND num_nonnulls("role", "personId", "serviceIdentityId") = 0
    WHEN 'person' THEN "personId" IS NOT NULL AND num_nonnulls("role", "groupId", "serviceIdentityId") = 0
    WHEN 'service' THEN "serviceIdentityId" IS NOT NULL AND num_nonnulls("role", "groupId", "personId") = 0
    ELSE FALSE
  END);
ALTER TABLE "AccessRule" ADD CONSTRAINT "AccessRule_one_scope" CHECK (num_nonnulls("connectionId", "selector") = 1);
ALTER TABLE "AccessRule" ADD CONSTRAINT "AccessRule_approvalCount" CHECK ("approvalCount" BETWEEN 1 AND 10);
-- An emergency is a named person's or group's: nobody is pre-authorised in passing.
ALTER TABLE "AccessRule" ADD CONSTRAINT "AccessRule_glass" CHECK ("mode" <> 'break-glass' OR "subjectKind" IN ('role', 'group', 'person'));
ALTER TABLE "AccessRequest" ADD CONSTRAINT "AccessRequest_kind" CHECK ("kind" IN ('just-in-time', 'unmask'));
ALTER TABLE "AccessRequest" ADD CONSTRAINT "AccessRequest_state" CHECK ("state" IN ('waiting', 'granted', 'denied', 'cancelled'));
ALTER TABLE "AccessRequest" ADD CONSTRAINT "AccessRequest_one_requester" CHECK (num_nonnulls("personId", "serviceIdentityId") = 1);
ALTER TABLE "AccessRequest" ADD CONSTRAINT "AccessRequest_people_unmask" CHECK ("kind" <> 'unmask' OR "personId" IS NOT NULL);
ALTER TABLE "AccessRequest" ADD CONSTRAINT "AccessRequest_granted" CHECK (("state" = 'granted') = ("grantId" IS NOT NULL));
ALTER TABLE "AccessDecision" ADD CONSTRAINT "AccessDecision_outcome" CHECK ("outcome" IN ('approve', 'deny'));

-- Pages hear of all four by one topic.
CREATE TRIGGER "AccessRule_live" AFTER INSERT OR UPDATE OR DELETE ON "AccessRule"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('access', 'id');
CREATE TRIGGER "AccessRequest_live" AFTER INSERT OR UPDATE ON "AccessRequest"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('access', 'id');
CREATE TRIGGER "AccessDecision_live" AFTER INSERT ON "AccessDecision"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('access', 'requestId');
CREATE TRIGGER "Grant_live" AFTER INSERT OR UPDATE ON "Grant"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('access', 'id');
CREATE TRIGGER "MaintenanceWindow_live" AFTER INSERT OR UPDATE OR DELETE ON "MaintenanceWindow"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('access', 'id');

-- Until now whoever could sign in could connect to everything. That goes on as a rule that people can see, narrow and remove.
INSERT INTO "AccessRule" ("id", "mode", "subjectKind", "selector", "note")
  VALUES ('019ab7b0-0000-7000-8000-000000000001', 'connect', 'everyone', '{}',
    'Everybody may connect to every connection, and policy judges each statement. Remove this rule once narrower ones are in place.');
