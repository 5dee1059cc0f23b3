/** Who needs units does not give back what it has of them: a recall says whose it is. Nodes of the former version don't. */
export const recalledBy = `
alter table recall add column epoch bigint not null default 0;
`
