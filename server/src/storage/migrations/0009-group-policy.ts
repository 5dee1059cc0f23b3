/** How channels of equal priority are chosen in a group; empty: as the setting says. The same text for both databases. */
export const groupPolicy = `
alter table channel_group add column policy text not null default '';
`
