-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "Installation" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "bundleVersion" INTEGER NOT NULL DEFAULT 1,
    "revocationEpoch" INTEGER NOT NULL DEFAULT 0,
    "activePolicyVersion" INTEGER,
    "signingKeyId" TEXT NOT NULL,
    "signingPublicKey" TEXT NOT NULL,
    "signingKeySealed" TEXT NOT NULL,
    "caCertificate" TEXT NOT NULL,
    "caKeySealed" TEXT NOT NULL,

    CONSTRAINT "Installation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Person" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "passwordHash" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "disabledAt" TIMESTAMPTZ(3),
    "lastSignInAt" TIMESTAMPTZ(3),

    CONSTRAINT "Person_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Group" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Group_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Membership" (
    "groupId" UUID NOT NULL,
    "personId" UUID NOT NULL,

    CONSTRAINT "Membership_pkey" PRIMARY KEY ("groupId","personId")
);

-- CreateTable
CREATE TABLE "ServiceIdentity" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL DEFAULT 'agent',
    "ownerId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "disabledAt" TIMESTAMPTZ(3),

    CONSTRAINT "ServiceIdentity_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Token" (
    "id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "personId" UUID,
    "serviceIdentityId" UUID,
    "label" TEXT NOT NULL,
    "display" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3),
    "lastUsedAt" TIMESTAMPTZ(3),
    "revokedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "TokenConnection" (
    "tokenId" UUID NOT NULL,
    "connectionId" UUID NOT NULL,

    CONSTRAINT "TokenConnection_pkey" PRIMARY KEY ("tokenId","connectionId")
);

-- CreateTable
CREATE TABLE "WebSession" (
    "id" UUID NOT NULL,
    "personId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "revokedAt" TIMESTAMPTZ(3),
    "provider" TEXT NOT NULL,
    "address" TEXT,

    CONSTRAINT "WebSession_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "FailedAttempt" (
    "id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "FailedAttempt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "RequestNonce" (
    "keyId" TEXT NOT NULL,
    "nonce" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "RequestNonce_pkey" PRIMARY KEY ("keyId","nonce")
);

-- CreateTable
CREATE TABLE "Gateway" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "liveName" TEXT,
    "groupName" TEXT,
    "signingKey" TEXT NOT NULL,
    "sealingKey" TEXT NOT NULL,
    "enrolledAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revokedAt" TIMESTAMPTZ(3),
    "version" TEXT NOT NULL,
    "hostname" TEXT NOT NULL,
    "capabilities" TEXT[],
    "startId" UUID,
    "lastSeenAt" TIMESTAMPTZ(3),
    "openSessions" INTEGER NOT NULL DEFAULT 0,
    "spoolChunks" INTEGER NOT NULL DEFAULT 0,
    "spoolBytes" BIGINT NOT NULL DEFAULT 0,
    "cpuPercent" DOUBLE PRECISION,
    "memoryBytes" BIGINT,
    "policyVersion" INTEGER,
    "bundleVersion" INTEGER,
    "clockSkewMs" INTEGER,
    "listeners" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "Gateway_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "GatewayTunnel" (
    "id" UUID NOT NULL,
    "gatewayId" UUID NOT NULL,
    "nodeId" UUID NOT NULL,
    "startId" UUID,
    "connectedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "GatewayTunnel_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "EnrolmentToken" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "createdById" UUID,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "usedAt" TIMESTAMPTZ(3),
    "gatewayId" UUID,

    CONSTRAINT "EnrolmentToken_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Connection" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "liveName" TEXT,
    "protocol" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "port" INTEGER NOT NULL,
    "tlsMode" TEXT NOT NULL,
    "tlsCa" TEXT,
    "options" JSONB NOT NULL DEFAULT '{}',
    "labels" JSONB NOT NULL DEFAULT '{}',
    "gatewayId" UUID,
    "formerGatewayIds" UUID[] DEFAULT ARRAY[]::UUID[],
    "listenerHost" TEXT,
    "listenerPort" INTEGER,
    "relayPort" INTEGER,
    "offlineLeaseSeconds" INTEGER NOT NULL DEFAULT 60,
    "defaultAction" TEXT NOT NULL DEFAULT 'deny',
    "holdBehaviour" TEXT NOT NULL DEFAULT 'wait',
    "revision" INTEGER NOT NULL DEFAULT 1,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deletedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Connection_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SealedCredential" (
    "id" UUID NOT NULL,
    "connectionId" UUID NOT NULL,
    "gatewayId" UUID NOT NULL,
    "purpose" TEXT NOT NULL DEFAULT 'main',
    "envelope" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SealedCredential_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ConnectionTest" (
    "id" UUID NOT NULL,
    "connectionId" UUID NOT NULL,
    "requestedById" UUID NOT NULL,
    "requestedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(3),
    "result" JSONB,

    CONSTRAINT "ConnectionTest_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PolicyVersion" (
    "id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "source" TEXT NOT NULL,
    "note" TEXT NOT NULL,
    "authorId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "basedOn" INTEGER,
    "rollbackOf" INTEGER,

    CONSTRAINT "PolicyVersion_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Approval" (
    "id" UUID NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "connectionId" UUID NOT NULL,
    "connectionRevision" INTEGER NOT NULL,
    "gatewayId" UUID NOT NULL,
    "gatewayStartId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "statementId" UUID NOT NULL,
    "actorId" UUID NOT NULL,
    "ownerId" UUID,
    "actor" JSONB NOT NULL,
    "statementText" TEXT NOT NULL,
    "canonicalText" TEXT NOT NULL,
    "binds" JSONB NOT NULL,
    "command" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "objects" TEXT[],
    "filter" TEXT NOT NULL,
    "rule" TEXT,
    "reason" TEXT NOT NULL,
    "effectDigest" TEXT NOT NULL,
    "shape" TEXT NOT NULL,
    "approvers" TEXT[],
    "count" INTEGER NOT NULL,
    "ownerCounts" BOOLEAN NOT NULL,
    "behaviour" TEXT NOT NULL,
    "policyVersion" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "settledAt" TIMESTAMPTZ(3),
    "comment" TEXT,
    "consumedAt" TIMESTAMPTZ(3),
    "consumedByStartId" UUID,
    "outcomeAt" TIMESTAMPTZ(3),
    "outcomeRows" BIGINT,
    "outcomeMs" DOUBLE PRECISION,
    "outcomeError" TEXT,

    CONSTRAINT "Approval_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Decision" (
    "id" UUID NOT NULL,
    "approvalId" UUID NOT NULL,
    "personId" UUID NOT NULL,
    "outcome" TEXT NOT NULL,
    "comment" TEXT,
    "assertion" JSONB,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Decision_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Session" (
    "id" UUID NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'live',
    "connectionId" UUID NOT NULL,
    "gatewayId" UUID NOT NULL,
    "gatewayStartId" UUID,
    "actorId" UUID NOT NULL,
    "ownerId" UUID,
    "actor" JSONB NOT NULL,
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3),
    "endReason" TEXT,
    "clientAddress" TEXT NOT NULL,
    "clientSoftware" TEXT,
    "path" TEXT NOT NULL,
    "policyVersion" INTEGER NOT NULL,
    "startup" JSONB NOT NULL DEFAULT '{}',
    "statementCount" INTEGER NOT NULL DEFAULT 0,
    "heldCount" INTEGER NOT NULL DEFAULT 0,
    "deniedCount" INTEGER NOT NULL DEFAULT 0,
    "lastChunkAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "chunkCount" INTEGER NOT NULL DEFAULT 0,
    "lastChunkHash" TEXT,
    "nextSeq" INTEGER NOT NULL DEFAULT 0,
    "sealed" BOOLEAN NOT NULL DEFAULT false,
    "verifiedAt" TIMESTAMPTZ(3),
    "verifiedOk" BOOLEAN,
    "problems" TEXT[] DEFAULT ARRAY[]::TEXT[],

    CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "RecordingChunk" (
    "sessionId" UUID NOT NULL,
    "index" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    "previousHash" TEXT NOT NULL,
    "bytes" BYTEA,
    "objectKey" TEXT,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "RecordingChunk_pkey" PRIMARY KEY ("sessionId","index")
);

-- CreateTable
CREATE TABLE "Statement" (
    "id" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "connectionId" UUID NOT NULL,
    "actorId" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "origin" TEXT NOT NULL,
    "phase" TEXT NOT NULL,
    "shown" BOOLEAN NOT NULL,
    "text" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "command" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "objects" TEXT[],
    "verdict" TEXT NOT NULL,
    "rule" TEXT,
    "approvalId" UUID,
    "rows" BIGINT,
    "durationMs" DOUBLE PRECISION,
    "errorCode" TEXT,
    "fromChunk" INTEGER NOT NULL,
    "toChunk" INTEGER NOT NULL,

    CONSTRAINT "Statement_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AuditEvent" (
    "index" INTEGER NOT NULL,
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actorId" UUID,
    "actorName" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "sentence" TEXT NOT NULL,
    "subjectId" TEXT,
    "body" TEXT NOT NULL,
    "previousHash" TEXT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "AuditEvent_pkey" PRIMARY KEY ("index")
);

-- CreateIndex
CREATE UNIQUE INDEX "Person_name_key" ON "Person"("name");

-- CreateIndex
CREATE UNIQUE INDEX "Person_email_key" ON "Person"("email");

-- CreateIndex
CREATE UNIQUE INDEX "Group_name_key" ON "Group"("name");

-- CreateIndex
CREATE INDEX "Membership_personId_idx" ON "Membership"("personId");

-- CreateIndex
CREATE UNIQUE INDEX "ServiceIdentity_name_key" ON "ServiceIdentity"("name");

-- CreateIndex
CREATE INDEX "ServiceIdentity_ownerId_idx" ON "ServiceIdentity"("ownerId");

-- CreateIndex
CREATE UNIQUE INDEX "Token_hash_key" ON "Token"("hash");

-- CreateIndex
CREATE INDEX "Token_personId_idx" ON "Token"("personId");

-- CreateIndex
CREATE INDEX "Token_serviceIdentityId_idx" ON "Token"("serviceIdentityId");

-- CreateIndex
CREATE INDEX "TokenConnection_connectionId_idx" ON "TokenConnection"("connectionId");

-- CreateIndex
CREATE INDEX "WebSession_personId_idx" ON "WebSession"("personId");

-- CreateIndex
CREATE INDEX "WebSession_expiresAt_idx" ON "WebSession"("expiresAt");

-- CreateIndex
CREATE INDEX "FailedAttempt_scope_key_at_idx" ON "FailedAttempt"("scope", "key", "at");

-- CreateIndex
CREATE INDEX "FailedAttempt_at_idx" ON "FailedAttempt"("at");

-- CreateIndex
CREATE INDEX "RequestNonce_expiresAt_idx" ON "RequestNonce"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "Gateway_liveName_key" ON "Gateway"("liveName");

-- CreateIndex
CREATE INDEX "GatewayTunnel_gatewayId_seenAt_idx" ON "GatewayTunnel"("gatewayId", "seenAt");

-- CreateIndex
CREATE UNIQUE INDEX "EnrolmentToken_hash_key" ON "EnrolmentToken"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "Connection_liveName_key" ON "Connection"("liveName");

-- CreateIndex
CREATE UNIQUE INDEX "Connection_relayPort_key" ON "Connection"("relayPort");

-- CreateIndex
CREATE UNIQUE INDEX "Connection_gatewayId_listenerPort_key" ON "Connection"("gatewayId", "listenerPort");

-- CreateIndex
CREATE INDEX "SealedCredential_gatewayId_idx" ON "SealedCredential"("gatewayId");

-- CreateIndex
CREATE UNIQUE INDEX "SealedCredential_connectionId_gatewayId_purpose_key" ON "SealedCredential"("connectionId", "gatewayId", "purpose");

-- CreateIndex
CREATE INDEX "ConnectionTest_connectionId_finishedAt_idx" ON "ConnectionTest"("connectionId", "finishedAt");

-- CreateIndex
CREATE UNIQUE INDEX "PolicyVersion_version_key" ON "PolicyVersion"("version");

-- CreateIndex
CREATE INDEX "Approval_state_expiresAt_idx" ON "Approval"("state", "expiresAt");

-- CreateIndex
CREATE INDEX "Approval_gatewayId_state_idx" ON "Approval"("gatewayId", "state");

-- CreateIndex
CREATE INDEX "Approval_actorId_idx" ON "Approval"("actorId");

-- CreateIndex
CREATE INDEX "Approval_ownerId_idx" ON "Approval"("ownerId");

-- CreateIndex
CREATE INDEX "Approval_connectionId_shape_createdAt_idx" ON "Approval"("connectionId", "shape", "createdAt");

-- CreateIndex
CREATE INDEX "Approval_gatewayId_effectDigest_idx" ON "Approval"("gatewayId", "effectDigest");

-- CreateIndex
CREATE INDEX "Decision_personId_idx" ON "Decision"("personId");

-- CreateIndex
CREATE UNIQUE INDEX "Decision_approvalId_personId_key" ON "Decision"("approvalId", "personId");

-- CreateIndex
CREATE INDEX "Session_actorId_id_idx" ON "Session"("actorId", "id");

-- CreateIndex
CREATE INDEX "Session_ownerId_id_idx" ON "Session"("ownerId", "id");

-- CreateIndex
CREATE INDEX "Session_connectionId_id_idx" ON "Session"("connectionId", "id");

-- CreateIndex
CREATE INDEX "Session_state_id_idx" ON "Session"("state", "id");

-- CreateIndex
CREATE INDEX "Session_gatewayId_state_idx" ON "Session"("gatewayId", "state");

-- CreateIndex
CREATE INDEX "Session_verifiedAt_idx" ON "Session"("verifiedAt");

-- CreateIndex
CREATE INDEX "Statement_at_idx" ON "Statement"("at");

-- CreateIndex
CREATE INDEX "Statement_connectionId_at_idx" ON "Statement"("connectionId", "at");

-- CreateIndex
CREATE INDEX "Statement_verdict_at_idx" ON "Statement"("verdict", "at");

-- CreateIndex
CREATE UNIQUE INDEX "Statement_sessionId_ordinal_key" ON "Statement"("sessionId", "ordinal");

-- CreateIndex
CREATE UNIQUE INDEX "AuditEvent_id_key" ON "AuditEvent"("id");

-- CreateIndex
CREATE INDEX "AuditEvent_actorId_index_idx" ON "AuditEvent"("actorId", "index");

-- CreateIndex
CREATE INDEX "AuditEvent_subjectId_index_idx" ON "AuditEvent"("subjectId", "index");

-- AddForeignKey
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_groupId_fkey" FOREIGN KEY ("groupId") REFERENCES "Group"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ServiceIdentity" ADD CONSTRAINT "ServiceIdentity_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "Person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Token" ADD CONSTRAINT "Token_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Token" ADD CONSTRAINT "Token_serviceIdentityId_fkey" FOREIGN KEY ("serviceIdentityId") REFERENCES "ServiceIdentity"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TokenConnection" ADD CONSTRAINT "TokenConnection_tokenId_fkey" FOREIGN KEY ("tokenId") REFERENCES "Token"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TokenConnection" ADD CONSTRAINT "TokenConnection_connectionId_fkey" FOREIGN KEY ("connectionId") REFERENCES "Connection"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WebSession" ADD CONSTRAINT "WebSession_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "GatewayTunnel" ADD CONSTRAINT "GatewayTunnel_gatewayId_fkey" FOREIGN KEY ("gatewayId") REFERENCES "Gateway"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Connection" ADD CONSTRAINT "Connection_gatewayId_fkey" FOREIGN KEY ("gatewayId") REFERENCES "Gateway"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SealedCredential" ADD CONSTRAINT "SealedCredential_connectionId_fkey" FOREIGN KEY ("connectionId") REFERENCES "Connection"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SealedCredential" ADD CONSTRAINT "SealedCredential_gatewayId_fkey" FOREIGN KEY ("gatewayId") REFERENCES "Gateway"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ConnectionTest" ADD CONSTRAINT "ConnectionTest_connectionId_fkey" FOREIGN KEY ("connectionId") REFERENCES "Connection"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PolicyVersion" ADD CONSTRAINT "PolicyVersion_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "Person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Approval" ADD CONSTRAINT "Approval_connectionId_fkey" FOREIGN KEY ("connectionId") REFERENCES "Connection"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Approval" ADD CONSTRAINT "Approval_gatewayId_fkey" FOREIGN KEY ("gatewayId") REFERENCES "Gateway"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Decision" ADD CONSTRAINT "Decision_approvalId_fkey" FOREIGN KEY ("approvalId") REFERENCES "Approval"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Decision" ADD CONSTRAINT "Decision_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_connectionId_fkey" FOREIGN KEY ("connectionId") REFERENCES "Connection"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_gatewayId_fkey" FOREIGN KEY ("gatewayId") REFERENCES "Gateway"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RecordingChunk" ADD CONSTRAINT "RecordingChunk_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Statement" ADD CONSTRAINT "Statement_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Statement" ADD CONSTRAINT "Statement_connectionId_fkey" FOREIGN KEY ("connectionId") REFERENCES "Connection"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


