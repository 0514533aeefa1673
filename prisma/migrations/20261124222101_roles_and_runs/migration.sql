-- Custom roles, assignments of roles, agents of teams with scopes, and runs.

CREATE TABLE "Role" (
  "id" UUID NOT NULL,
  "name" TEXT NOT NULL,
  "liveName" TEXT,
  "description" TEXT NOT NULL,
  "permissions" TEXT[],
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "deletedAt" TIMESTAMPTZ(3),
  CONSTRAINT "Role_pkey" PRIMARY KEY ("id"),
  -- A role that is called like a built-in one would be told from it by nobody.
  CONSTRAINT "Role_name" CHECK ("name" ~ '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'
    AND "name" NOT IN ('admin', 'security', 'reviewer', 'auditor', 'member', 'agent')),
  CONSTRAINT "Role_liveName" CHECK ("liveName" IS NULL OR "liveName" = "name")
);
CREATE UNIQUE INDEX "Role_liveName_key" ON "Role"("liveName");

CREATE TABLE "RoleAssignment" (
  "id" UUID NOT NULL,
  "role" TEXT NOT NULL,
  "personId" UUID,
  "groupId" UUID,
  "selector" JSONB NOT NULL DEFAULT '{}',
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "createdById" UUID NOT NULL,
  "expiresAt" TIMESTAMPTZ(3),
  "revokedAt" TIMESTAMPTZ(3),
  CONSTRAINT "RoleAssignment_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "RoleAssignment_one_holder" CHECK (num_nonnulls("personId", "groupId") = 1),
  CONSTRAINT "RoleAssignment_role" CHECK ("role" ~ '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$' AND "role" <> 'agent')
);
CREATE INDEX "RoleAssignment_personId_idx" ON "RoleAssignment"("personId");
CREATE INDEX "RoleAssignment_groupId_idx" ON "RoleAssignment"("groupId");
CREATE INDEX "RoleAssignment_role_idx" ON "RoleAssignment"("role");
ALTER TABLE "RoleAssignment" ADD CONSTRAINT "RoleAssignment_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "RoleAssignment" ADD CONSTRAINT "RoleAssignment_groupId_fkey" FOREIGN KEY ("groupId") REFERENCES "Group"("id") ON DELETE SET NULL ON UPDATE CASCADE;

ALTER TABLE "ServiceIdentity" ALTER COLUMN "ownerId" DROP NOT NULL,
  ADD COLUMN "ownerGroupId" UUID,
  ADD COLUMN "scopes" JSONB NOT NULL DEFAULT '{}',
  ADD COLUMN "expiresAt" TIMESTAMPTZ(3);
ALTER TABLE "ServiceIdentity" ADD CONSTRAINT "ServiceIdentity_one_owner" CHECK (num_nonnulls("ownerId", "ownerGroupId") = 1);
CREATE INDEX "ServiceIdentity_ownerGroupId_idx" ON "ServiceIdentity"("ownerGroupId");
ALTER TABLE "ServiceIdentity" ADD CONSTRAINT "ServiceIdentity_ownerGroupId_fkey" FOREIGN KEY ("ownerGroupId") REFERENCES "Group"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "ServiceIdentity" DROP CONSTRAINT "ServiceIdentity_ownerId_fkey";
ALTER TABLE "ServiceIdentity" ADD CONSTRAINT "ServiceIdentity_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;

CREATE TABLE "Run" (
  "id" UUID NOT NULL,
  "personId" UUID,
  "serviceIdentityId" UUID,
  "taskId" TEXT,
  "purpose" TEXT NOT NULL,
  "software" TEXT,
  "startedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "endedAt" TIMESTAMPTZ(3),
  CONSTRAINT "Run_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Run_one_actor" CHECK (num_nonnulls("personId", "serviceIdentityId") = 1)
);
CREATE INDEX "Run_personId_id_idx" ON "Run"("personId", "id");
CREATE INDEX "Run_serviceIdentityId_id_idx" ON "Run"("serviceIdentityId", "id");
ALTER TABLE "Run" ADD CONSTRAINT "Run_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Run" ADD CONSTRAINT "Run_serviceIdentityId_fkey" FOREIGN KEY ("serviceIdentityId") REFERENCES "ServiceIdentity"("id") ON DELETE SET NULL ON UPDATE CASCADE;

ALTER TABLE "Token" ADD COLUMN "parentId" UUID, ADD COLUMN "runId" UUID;
CREATE INDEX "Token_parentId_idx" ON "Token"("parentId");
CREATE INDEX "Token_runId_idx" ON "Token"("runId");
ALTER TABLE "Token" ADD CONSTRAINT "Token_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "Token"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Token" ADD CONSTRAINT "Token_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Read from who acted, so that whatever writes a session or an approval cannot forget its run.
ALTER TABLE "Session" ADD COLUMN "runId" UUID GENERATED ALWAYS AS (("actor" ->> 'runId')::uuid) STORED;
CREATE INDEX "Session_runId_id_idx" ON "Session"("runId", "id");
ALTER TABLE "Approval" ADD COLUMN "runId" UUID GENERATED ALWAYS AS (("actor" ->> 'runId')::uuid) STORED;
CREATE INDEX "Approval_runId_idx" ON "Approval"("runId");

-- Notices for pages.
CREATE TRIGGER "Role_live" AFTER INSERT OR UPDATE ON "Role"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('identities', 'id');
CREATE TRIGGER "RoleAssignment_live" AFTER INSERT OR UPDATE ON "RoleAssignment"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('identities', 'id');
CREATE TRIGGER "Run_live" AFTER INSERT OR UPDATE ON "Run"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('runs', 'id');
