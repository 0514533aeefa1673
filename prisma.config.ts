import { defineConfig } from 'prisma/config';

/**
 * Commands that need no database (`generate`, `validate`) run without DATABASE_URL, so it is read without insisting.
 */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations', seed: 'node --import tsx prisma/seed.ts' },
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
