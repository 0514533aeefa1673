-- The role `engineer` is called `member`, `security` and `auditor` are there, and roles may have other names than the built-in ones.

ALTER TABLE "Person" DROP CONSTRAINT "Person_role";
UPDATE "Person" SET "role" = 'member' WHERE "role" = 'engineer';
-- What a role may do is looked up by its name, and a name that is not known may do nothing. `agent` is no person's.
ALTER TABLE "Person" ADD CONSTRAINT "Person_role"
  CHECK ("role" ~ '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$' AND "role" <> 'agent');

-- Who may answer what waits now.
UPDATE "Approval" SET "approvers" = array_replace("approvers", 'engineer', 'member')
  WHERE 'engineer' = ANY ("approvers") AND "state" IN ('waiting', 'approved');

-- A policy that tests the old name would match nobody: what it held or denied would be left to each connection's default. The active
-- policy is therefore published again with the new name, as a version of its own that anybody can compare and roll back.
DO $$
DECLARE
  active "PolicyVersion"%ROWTYPE;
  renamed text;
  next integer;
BEGIN
  SELECT p.* INTO active FROM "PolicyVersion" p JOIN "Installation" i ON i."activePolicyVersion" = p."version";
  IF NOT FOUND THEN
    RETURN;
  END IF;
  -- A quoted word is the role unless it is compared with a name; an unquoted one is the role in tests and in lists of approvers.
  renamed := regexp_replace(active."source", '(?<!name:? (== |!= )?)''engineer''', '''member''', 'g');
  renamed := regexp_replace(renamed, '(?<!name:? (== |!= )?)(\\?")engineer\1', '\1member\1', 'g');
  renamed := regexp_replace(renamed, '(\mrole:\s*)engineer\M', '\1member', 'g');
  renamed := regexp_replace(renamed, '(\mapprovers:[^\n]*[\[, ])engineer(?=\s*[,\]])', '\1member', 'g');
  renamed := regexp_replace(renamed, '(\n\s*-\s+)engineer(?=\s*\n)', '\1member', 'g');
  IF renamed = active."source" THEN
    RETURN;
  END IF;
  SELECT max("version") + 1 INTO next FROM "PolicyVersion";
  INSERT INTO "PolicyVersion" ("id", "version", "source", "note", "authorId", "basedOn", "rollbackOf")
  VALUES (
    -- A UUIDv7: the time in milliseconds, then random bits.
    (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
      || substr(replace(gen_random_uuid()::text, '-', ''), 14, 3)
      || substr(replace(gen_random_uuid()::text, '-', ''), 17, 16))::uuid,
    next, renamed, 'upgrade: the role engineer is called member', active."authorId", active."version", NULL);
  UPDATE "Installation" SET "activePolicyVersion" = next, "bundleVersion" = "bundleVersion" + 1,
    "revocationEpoch" = "revocationEpoch" + 1;
END $$;
