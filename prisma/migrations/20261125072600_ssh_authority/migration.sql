-- The authority that certifies the keys of SSH clients and of gateways. An installation of before it gets one at its next start, which
-- alone has the master key to seal it.
ALTER TABLE "Installation" ADD COLUMN "sshCaPublicKey" TEXT;
ALTER TABLE "Installation" ADD COLUMN "sshCaKeySealed" TEXT;
ALTER TABLE "Installation" ADD COLUMN "sshCaSince" TIMESTAMPTZ(3);
ALTER TABLE "Installation" ADD COLUMN "nextSshCaPublicKey" TEXT;
ALTER TABLE "Installation" ADD COLUMN "nextSshCaKeySealed" TEXT;
