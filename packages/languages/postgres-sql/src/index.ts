export type {
  CatalogueColumn,
  CatalogueFunction,
  CatalogueRelation,
  PostgresCatalogue,
  PostgresSessionState,
} from './context.ts';
export { provideGrammar } from './grammar.ts';
export { maxTextBytes, postgresSql } from './language.ts';
export type { SettingJudgement } from './settings.ts';
export { judgeSetting } from './settings.ts';
