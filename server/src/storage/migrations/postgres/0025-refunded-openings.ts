import { budgetFunctions } from '../../postgres/budget-functions.ts'

/** A period of a budget that has nothing but refunds was never opened: a failover has lost that it was. */
export const refundedOpenings = budgetFunctions
