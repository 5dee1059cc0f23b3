/**
 * Which budgets a call was charged to, and budget periods by their days, weeks and months, to find those that ended. The
 * settling function of the second schema has fewer parameters: where it was made it stays, for nodes of that version
 * that still run.
 */
export const budgets = `
alter table usage add column budgets text collate "C" not null default '';
create index balance_by_period on balance (((entity / 4) % 262144)) where entity % 4 = 2;
`
