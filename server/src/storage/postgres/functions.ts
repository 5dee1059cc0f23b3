import { balanceFunctions } from './balance-functions.ts'
import { budgetFunctions } from './budget-functions.ts'
import { ledgerFunctions } from './ledger-functions.ts'
import { rateFunctions } from './rate-functions.ts'
import { settleFunctions } from './settle-functions.ts'

/**
 * The functions that change from version to version. No step of the schema has them: every migration makes all of them anew,
 * behind its steps, so that an old database has the same ones as a new one. So whoever changes one adds a step, which may be empty.
 */
export const functions = [
  ledgerFunctions,
  balanceFunctions,
  budgetFunctions,
  settleFunctions,
  rateFunctions,
].join('\n')
