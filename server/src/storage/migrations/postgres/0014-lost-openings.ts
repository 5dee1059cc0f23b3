import { budgetFunctions } from '../../postgres/budget-functions.ts'

/** A period is granted its amount where a failover has lost that it was opened, and calls have made its row again. */
export const lostOpenings = budgetFunctions
