-- How many terminals a session opened: its replay shows a screen when there is one.
ALTER TABLE "Session" ADD COLUMN "terminalCount" INTEGER NOT NULL DEFAULT 0;
