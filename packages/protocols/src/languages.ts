/** The one list of languages, for the gateway's parse worker. */
import type { Language } from '@sluice/domain';
import { postgresSql } from '@sluice/language-postgres-sql';
import { shell } from '@sluice/language-shell';
import { forwardLanguage } from '@sluice/wire-ssh/forward-language';
import { sftpLanguage } from '@sluice/wire-ssh/sftp-language';

export const languages: readonly Language[] = [postgresSql, shell, sftpLanguage, forwardLanguage];
