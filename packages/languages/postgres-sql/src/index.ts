export type {
  CatalogueBody,
  CatalogueColumn,
  CatalogueFunction,
  CatalogueParameter,
  CatalogueReference,
  CatalogueRelation,
  CatalogueRule,
  CatalogueTrigger,
  OwnCatalogue,
  PostgresCatalogue,
  PostgresSessionState,
  StoredQueries,
} from './context.ts';
export { provideGrammar } from './grammar.ts';
export { maxTextBytes, postgresSql } from './language.ts';
export type { SettingJudgement } from './settings.ts';
export { judgeSetting } from './settings.ts';
