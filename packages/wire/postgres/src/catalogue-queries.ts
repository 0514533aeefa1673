/**
 * The constant texts by which the control session reads a target's catalogue: part of the closed list of what the gateway itself
 * asks. Never `pg_get_*def`, which waits for locks. Every name is qualified. Needs PostgreSQL 11 or newer (`pg_proc.prokind`). Each LIMIT is one more than the bound in limits.ts.
 */
export const controlSettingTexts = [
  'SET default_transaction_read_only = on',
  "SET search_path = 'pg_catalog'",
] as const;

export const versionText = "SELECT pg_catalog.current_setting('server_version_num')";

/** oid, schema, name, relkind, version of the definition. */
export const relationsText = `SELECT c.oid, n.nspname, c.relname, c.relkind,
  c.xmin || '/' || COALESCE((SELECT pg_catalog.string_agg(w.xmin::text, ',' ORDER BY w.oid) FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class = c.oid), '')
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'S', 'p', 'c') AND n.nspname !~ '^pg_(toast|temp_|toast_temp_)' ORDER BY c.oid LIMIT 20001`;

/** Relation's oid, attribute number, name, type's name, not null, version, attributes that a generated column is made of. */
export const columnsText = `SELECT a.attrelid, a.attnum, a.attname, t.typname, a.attnotnull, a.xmin,
  CASE WHEN a.atthasdef AND pg_catalog.to_jsonb(a) ->> 'attgenerated' <> '' THEN (SELECT pg_catalog.string_agg(DISTINCT m[1], ' ')
    FROM pg_catalog.pg_attrdef AS d, pg_catalog.regexp_matches(d.adbin::text, ':varattno ([0-9]+)', 'g') AS m
    WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) END
FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE NOT a.attisdropped AND a.attnum > 0 AND c.relkind IN ('r', 'v', 'm', 'f', 'S', 'p', 'c')
  AND n.nspname !~ '^pg_(toast|temp_|toast_temp_)' ORDER BY a.attrelid, a.attnum LIMIT 200001`;

/** View's oid, relation it depends on, attribute (0: whole relation). Views of PostgreSQL's own are left out. */
export const dependenciesText = `SELECT DISTINCT w.ev_class, d.refobjid, d.refobjsubid
FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class
WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> w.ev_class AND c.relkind IN ('v', 'm') AND c.oid >= 16384 LIMIT 200001`;

/** View's oid, the stored form of its query: read for the plain columns it passes on, and not kept. */
export const viewTreesText = `SELECT w.ev_class, w.ev_action::text FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class
WHERE c.relkind IN ('v', 'm') AND w.rulename = '_RETURN' AND c.oid >= 16384 AND pg_catalog.length(w.ev_action::text) < 400000 ORDER BY c.oid LIMIT 5000`;

/** oid, schema, name, prokind, language, volatility, returns set, security definer, version, arguments, of these with a default, is variadic. */
export const functionsText = `SELECT p.oid, n.nspname, p.proname, p.prokind, l.lanname, p.provolatile, p.proretset, p.prosecdef, p.oid || '/' || p.xmin,
  p.pronargs, p.pronargdefaults, p.provariadic <> 0
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE n.nspname !~ '^pg_(toast|temp_|toast_temp_)' ORDER BY n.nspname, p.proname, p.oid LIMIT 20001`;

/** FirstNormalObjectId of transam.h: what the server made when it was set up has a lower oid, whatever people make a higher one. */
export const firstUserOid = 16_384;

/** One of the texts above about what the server made itself, or about what people made, by the oid of this row. */
function part(text: string, oid: string, whose: 'server' | 'people'): string {
  const bound = `AND ${oid} ${whose === 'server' ? '<' : '>='} ${firstUserOid}`;
  return text.replace(/ ORDER BY [a-z., ]+ LIMIT \d+$/, (end) => ` ${bound}${end}`);
}

/** The three texts that are mostly about the server's own, in halves: its half is read once and kept while `changeText` says that it stays. */
export const halvesText = {
  server: {
    relations: part(relationsText, 'c.oid', 'server'),
    columns: part(columnsText, 'c.oid', 'server'),
    functions: part(functionsText, 'p.oid', 'server'),
  },
  people: {
    relations: part(relationsText, 'c.oid', 'people'),
    columns: part(columnsText, 'c.oid', 'people'),
    functions: part(functionsText, 'p.oid', 'people'),
  },
} as const;

/**
 * Changes whenever anything above may have: cheap to ask before reading everything again. The second column changes whenever the
 * server's own half may have: a superuser can replace, move or rename even that.
 */
export const changeText = `SELECT pg_catalog.md5(
  (SELECT COALESCE(pg_catalog.max(c.xmin::text::pg_catalog.int8), 0) || ':' || pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(c.oid || '/' || c.xmin, 0)), 0) FROM pg_catalog.pg_class AS c)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(a.attrelid || '/' || a.attnum || '/' || a.xmin, 0)), 0) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid >= 16384)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(p.oid || '/' || p.xmin, 0)), 0) FROM pg_catalog.pg_proc AS p)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(w.oid || '/' || w.xmin, 0)), 0) FROM pg_catalog.pg_rewrite AS w)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(t.oid || '/' || t.xmin, 0)), 0) FROM pg_catalog.pg_trigger AS t)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(n.oid || '/' || n.xmin, 0)), 0) FROM pg_catalog.pg_namespace AS n)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(k.oid || '/' || k.xmin, 0)), 0) FROM pg_catalog.pg_constraint AS k)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(d.oid || '/' || d.xmin, 0)), 0) FROM pg_catalog.pg_attrdef AS d)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(y.oid || '/' || y.xmin, 0)), 0) FROM pg_catalog.pg_policy AS y)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(h.inhrelid || '/' || h.inhparent || '/' || h.xmin, 0)), 0) FROM pg_catalog.pg_inherits AS h)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(e.oid || '/' || e.xmin, 0)), 0) FROM pg_catalog.pg_event_trigger AS e)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(o.oid || '/' || o.xmin, 0)), 0) FROM pg_catalog.pg_operator AS o WHERE o.oid >= 16384)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(s.oid || '/' || s.xmin, 0)), 0) FROM pg_catalog.pg_cast AS s WHERE s.oid >= 16384)),
  pg_catalog.md5(
  (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(c.oid || '/' || c.xmin, 0)), 0) FROM pg_catalog.pg_class AS c WHERE c.oid < 16384)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(a.attrelid || '/' || a.attnum || '/' || a.xmin, 0)), 0) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid < 16384)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(p.oid || '/' || p.xmin, 0)), 0) FROM pg_catalog.pg_proc AS p WHERE p.oid < 16384)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(n.oid || '/' || n.xmin, 0)), 0) FROM pg_catalog.pg_namespace AS n WHERE n.oid < 16384)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(l.oid || '/' || l.xmin, 0)), 0) FROM pg_catalog.pg_language AS l WHERE l.oid < 16384)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(w.oid || '/' || w.xmin, 0)), 0) FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class < 16384)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(y.oid || '/' || y.xmin, 0)), 0) FROM pg_catalog.pg_policy AS y WHERE y.polrelid < 16384)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(t.oid || '/' || t.xmin, 0)), 0) FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid < 16384)
  || '|' || (SELECT pg_catalog.count(*) || ':' || COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(q.oid || '/' || q.xmin, 0)), 0) FROM pg_catalog.pg_type AS q WHERE q.oid < 16384))`;
