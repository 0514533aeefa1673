-- What a gateway's own floor file says, as the gateway reports it; and credentials that stand where the gateway runs.
ALTER TABLE "Gateway" ADD COLUMN "floor" JSONB;
ALTER TABLE "Connection" ADD COLUMN "credentialReferences" JSONB NOT NULL DEFAULT '{}';
