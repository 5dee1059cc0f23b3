/** Which budgets a call was charged to; and budget periods by their days, weeks and months, to find those that ended. */
export const budgets = `
alter table usage add column budgets text not null default '';
create index balance_by_period on balance ((entity / 4) % 262144) where entity % 4 = 2;
`
