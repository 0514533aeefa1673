/** Constant and invalid: it stands in for a refused statement, so that abort and skip-to-Sync are the target's own (docs of the folder). */
export const refusedStatementText = 'sluice_refused_statement';
/** Its name where the refused message had none that can be used: a failed Parse with a name leaves everything else alone. */
export const refusedStatementName = 'sluice_refused';
