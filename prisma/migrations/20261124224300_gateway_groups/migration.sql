-- A connection names a group of gateways. Every gateway of before is alone in a group of its own, which has its id.
CREATE TABLE "GatewayGroup" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "GatewayGroup_pkey" PRIMARY KEY ("id")
);
INSERT INTO "GatewayGroup" ("id", "name", "createdAt") SELECT "id", "name", "enrolledAt" FROM "Gateway";

ALTER TABLE "Gateway" ADD COLUMN "groupId" UUID;
UPDATE "Gateway" SET "groupId" = "id";
ALTER TABLE "Gateway" ALTER COLUMN "groupId" SET NOT NULL;
ALTER TABLE "Gateway" ADD COLUMN "confirmedAt" TIMESTAMPTZ(3);
UPDATE "Gateway" SET "confirmedAt" = "enrolledAt";
ALTER TABLE "Gateway" ADD COLUMN "confirmation" TEXT;
ALTER TABLE "Gateway" DROP COLUMN "groupName";
CREATE INDEX "Gateway_groupId_idx" ON "Gateway"("groupId");
ALTER TABLE "Gateway" ADD CONSTRAINT "Gateway_groupId_fkey" FOREIGN KEY ("groupId") REFERENCES "GatewayGroup"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "EnrolmentToken" ADD COLUMN "groupId" UUID;

ALTER TABLE "Connection" DROP CONSTRAINT "Connection_gatewayId_fkey";
ALTER TABLE "Connection" RENAME COLUMN "gatewayId" TO "groupId";
ALTER TABLE "Connection" RENAME COLUMN "formerGatewayIds" TO "formerGroupIds";
ALTER INDEX "Connection_gatewayId_listenerPort_key" RENAME TO "Connection_groupId_listenerPort_key";
ALTER TABLE "Connection" ADD CONSTRAINT "Connection_groupId_fkey" FOREIGN KEY ("groupId") REFERENCES "GatewayGroup"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Keys that a gateway had before: what it signed with them still verifies.
CREATE TABLE "GatewayKey" (
    "gatewayId" UUID NOT NULL,
    "signingKey" TEXT NOT NULL,
    "sealingKey" TEXT NOT NULL,
    "retiredAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "GatewayKey_pkey" PRIMARY KEY ("gatewayId", "signingKey"),
    CONSTRAINT "GatewayKey_gatewayId_fkey" FOREIGN KEY ("gatewayId") REFERENCES "Gateway"("id") ON DELETE CASCADE ON UPDATE CASCADE
);
