-- Notifications: channels, the outbox, deliveries, what people want to hear, and who they are in Slack.

CREATE TABLE "NotificationChannel" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "settings" JSONB NOT NULL,
    "secretSealed" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSuccessAt" TIMESTAMPTZ(3),
    "lastError" TEXT,
    "lastErrorAt" TIMESTAMPTZ(3),
    CONSTRAINT "NotificationChannel_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "NotificationChannel_name_key" ON "NotificationChannel"("name");
ALTER TABLE "NotificationChannel" ADD CONSTRAINT "NotificationChannel_kind" CHECK ("kind" IN ('email', 'slack', 'webhook'));
-- One mail server and one workspace; any number of webhooks.
CREATE UNIQUE INDEX "NotificationChannel_one_of_kind" ON "NotificationChannel"("kind") WHERE "kind" IN ('email', 'slack');

CREATE TABLE "NotificationEvent" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "kind" TEXT NOT NULL,
    "subjectId" UUID NOT NULL,
    "dedupe" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "dispatchedAt" TIMESTAMPTZ(3),
    CONSTRAINT "NotificationEvent_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "NotificationEvent_dedupe_key" ON "NotificationEvent"("dedupe");
CREATE INDEX "NotificationEvent_dispatchedAt_createdAt_idx" ON "NotificationEvent"("dispatchedAt", "createdAt");

CREATE TABLE "NotificationDelivery" (
    "id" UUID NOT NULL,
    "eventId" UUID NOT NULL,
    "channelId" UUID NOT NULL,
    "personId" UUID,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "nextTryAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "claimedAt" TIMESTAMPTZ(3),
    "deliveredAt" TIMESTAMPTZ(3),
    "lastError" TEXT,
    "receipt" JSONB,
    CONSTRAINT "NotificationDelivery_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "NotificationDelivery_state_nextTryAt_idx" ON "NotificationDelivery"("state", "nextTryAt");
CREATE INDEX "NotificationDelivery_eventId_idx" ON "NotificationDelivery"("eventId");
CREATE INDEX "NotificationDelivery_channelId_idx" ON "NotificationDelivery"("channelId");
CREATE INDEX "NotificationDelivery_personId_idx" ON "NotificationDelivery"("personId");
-- An event reaches a person once by each way, and a webhook once.
CREATE UNIQUE INDEX "NotificationDelivery_once" ON "NotificationDelivery"("eventId", "channelId", coalesce("personId", '00000000-0000-0000-0000-000000000000'));
ALTER TABLE "NotificationDelivery" ADD CONSTRAINT "NotificationDelivery_state" CHECK ("state" IN ('queued', 'sending', 'delivered', 'dead'));
ALTER TABLE "NotificationDelivery" ADD CONSTRAINT "NotificationDelivery_eventId_fkey" FOREIGN KEY ("eventId") REFERENCES "NotificationEvent"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "NotificationDelivery" ADD CONSTRAINT "NotificationDelivery_channelId_fkey" FOREIGN KEY ("channelId") REFERENCES "NotificationChannel"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "NotificationDelivery" ADD CONSTRAINT "NotificationDelivery_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE SET NULL ON UPDATE CASCADE;

CREATE TABLE "NotificationPreference" (
    "personId" UUID NOT NULL,
    "muted" JSONB NOT NULL,
    "pausedUntil" TIMESTAMPTZ(3),
    CONSTRAINT "NotificationPreference_pkey" PRIMARY KEY ("personId")
);
ALTER TABLE "NotificationPreference" ADD CONSTRAINT "NotificationPreference_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE TABLE "SlackLink" (
    "personId" UUID NOT NULL,
    "slackTeamId" TEXT,
    "slackUserId" TEXT,
    "codeHash" TEXT,
    "codeExpiresAt" TIMESTAMPTZ(3),
    "linkedAt" TIMESTAMPTZ(3),
    CONSTRAINT "SlackLink_pkey" PRIMARY KEY ("personId")
);
CREATE UNIQUE INDEX "SlackLink_codeHash_key" ON "SlackLink"("codeHash");
CREATE UNIQUE INDEX "SlackLink_slackTeamId_slackUserId_key" ON "SlackLink"("slackTeamId", "slackUserId");
ALTER TABLE "SlackLink" ADD CONSTRAINT "SlackLink_personId_fkey" FOREIGN KEY ("personId") REFERENCES "Person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- The outbox is filled in the transaction of what happened: a change that commits is told, and one that does not is not.
CREATE FUNCTION sluice_outbox(happened text, subject uuid, once text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "NotificationEvent" ("kind", "subjectId", "dedupe") VALUES (happened, subject, once) ON CONFLICT ("dedupe") DO NOTHING;
  IF FOUND THEN
    PERFORM pg_notify('sluice_notice', '{"type":"outbox"}');
  END IF;
END $$;

CREATE FUNCTION sluice_approval_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW."state" = 'waiting' THEN
      PERFORM sluice_outbox('approval-waiting', NEW."id", 'approval-waiting ' || NEW."id");
    END IF;
  ELSIF NEW."state" IS DISTINCT FROM OLD."state" THEN
    IF OLD."state" = 'waiting' AND NEW."state" IN ('approved', 'denied') THEN
      PERFORM sluice_outbox('approval-decided', NEW."id", 'approval-decided ' || NEW."id");
    ELSIF OLD."state" = 'waiting' THEN
      PERFORM sluice_outbox('approval-over', NEW."id", 'approval-over ' || NEW."id");
    END IF;
  ELSIF NEW."escalatedAt" IS DISTINCT FROM OLD."escalatedAt" THEN
    PERFORM sluice_outbox('approval-escalated', NEW."id", 'approval-escalated ' || NEW."id");
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "Approval_outbox" AFTER INSERT OR UPDATE OF "state", "escalatedAt" ON "Approval"
  FOR EACH ROW EXECUTE FUNCTION sluice_approval_outbox();

CREATE FUNCTION sluice_access_request_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW."state" = 'waiting' THEN
      PERFORM sluice_outbox('access-requested', NEW."id", 'access-requested ' || NEW."id");
    END IF;
  ELSIF OLD."state" = 'waiting' AND NEW."state" <> 'waiting' THEN
    PERFORM sluice_outbox('access-decided', NEW."id", 'access-decided ' || NEW."id");
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "AccessRequest_outbox" AFTER INSERT OR UPDATE OF "state" ON "AccessRequest"
  FOR EACH ROW EXECUTE FUNCTION sluice_access_request_outbox();

CREATE FUNCTION sluice_grant_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM sluice_outbox('break-glass-opened', NEW."id", 'break-glass-opened ' || NEW."id");
  ELSIF NEW."revokedAt" IS NOT NULL AND OLD."revokedAt" IS NULL THEN
    PERFORM sluice_outbox('break-glass-closed', NEW."id", 'break-glass-closed ' || NEW."id");
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "Grant_outbox" AFTER INSERT OR UPDATE OF "revokedAt" ON "Grant"
  FOR EACH ROW WHEN (NEW."kind" = 'break-glass') EXECUTE FUNCTION sluice_grant_outbox();

CREATE FUNCTION sluice_session_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM sluice_outbox('recording-damaged', NEW."id", 'recording-damaged ' || NEW."id");
  RETURN NULL;
END $$;
CREATE TRIGGER "Session_outbox" AFTER UPDATE OF "verifiedOk" ON "Session"
  FOR EACH ROW WHEN (NEW."verifiedOk" IS FALSE AND OLD."verifiedOk" IS DISTINCT FROM FALSE) EXECUTE FUNCTION sluice_session_outbox();

CREATE TRIGGER "NotificationChannel_live" AFTER INSERT OR UPDATE OR DELETE ON "NotificationChannel"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('notifications', 'id');
CREATE TRIGGER "NotificationDelivery_live" AFTER INSERT OR UPDATE OF "state" ON "NotificationDelivery"
  FOR EACH ROW EXECUTE FUNCTION sluice_live('notifications', 'id');
