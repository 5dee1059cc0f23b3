import { ledgerFunctions } from '../../postgres/ledger-functions.ts'

/** A node that goes on under a new epoch ends all that it had before, in the transaction that gives it the new one. */
export const formerEpochs = ledgerFunctions
