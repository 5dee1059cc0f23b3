import { budgetFunctions } from '../../postgres/budget-functions.ts'

/** A new amount of a running period counted twice what corrections had given back. */
export const correctedBudgets = budgetFunctions
