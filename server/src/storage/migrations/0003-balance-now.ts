/** Balances for whoever only reads them: nothing is on loan here, and with many nodes much is. */
export const balanceNow = `
create view balance_now as select entity, remain, used, requests from balance;
`
