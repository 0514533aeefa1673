-- The installation's next keys: published beside the ones in force, which they take the place of when a rotation is finished.
ALTER TABLE "Installation" ADD COLUMN "nextSigningPublicKey" TEXT;
ALTER TABLE "Installation" ADD COLUMN "nextSigningKeySealed" TEXT;
ALTER TABLE "Installation" ADD COLUMN "nextSigningSince" INTEGER;
ALTER TABLE "Installation" ADD COLUMN "nextCaCertificate" TEXT;
ALTER TABLE "Installation" ADD COLUMN "nextCaKeySealed" TEXT;

-- A gateway's keys are changed by putting another gateway in its place: nothing is kept here.
DROP TABLE "GatewayKey";
