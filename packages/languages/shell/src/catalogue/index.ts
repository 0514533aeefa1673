/** The one list of programs that facts can speak of. A name that is not here makes its statement incomplete. */
import type { Programs } from '../program.ts';
import { changingPrograms } from './changing.ts';
import { containerPrograms } from './containers.ts';
import { databasePrograms } from './databases.ts';
import { gitPrograms } from './git.ts';
import { networkPrograms } from './network.ts';
import { packagePrograms } from './packages.ts';
import { readingPrograms } from './reading.ts';
import { systemPrograms } from './system.ts';
import { textPrograms } from './text-tools.ts';
import { wrapperPrograms } from './wrappers.ts';

export const catalogue: Programs = {
  ...readingPrograms,
  ...textPrograms,
  ...changingPrograms,
  ...systemPrograms,
  ...packagePrograms,
  ...wrapperPrograms,
  ...networkPrograms,
  ...gitPrograms,
  ...containerPrograms,
  ...databasePrograms,
};
